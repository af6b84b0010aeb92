/** Frames: what a server may send, what is refused, and what a till writes. */
import { deflateRawSync } from "node:zlib";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  decodeFromServer,
  encodeFromTill,
  FRAME_BYTES_MAX,
  Malformed,
  rowsOf,
  toBase64,
  UNPACKED_BYTES_MAX,
  type Delta,
} from "../src/index";

const HASH = toBase64(new Uint8Array(32).fill(1));
const credits = { entries: 64, bytes: 1000 };
const acked = { seq: 3, hash: HASH };
const line = {
  ...{ number: 1, product: "p", quantity: 1000, unit_price: 5, discount: 0, tax_code: "KW-O", rate_ppm: 0 },
  ...{ tax: 0, total: 5, returned: 0 },
};
const found = {
  ...{
    branch: 1,
    device: 2,
    seq: 3,
    number: "KW01-T02-3",
    kind: "sale",
    at: "2026-01-01T00:00:00Z",
    currency: "KWD",
    total: 5,
    tax: 0,
  },
  ...{ rounding: 0, lines: [line], customer: null },
};

/** One frame of each kind, as a server writes it. */
const FRAMES: Record<string, object> = {
  challenge: { nonce: toBase64(new Uint8Array(32)), server_time_ms: 5 },
  welcome: { acked, credits, heartbeat_s: 20, server_time_ms: 5 },
  shard_key: { key: toBase64(new Uint8Array(91)) },
  ack: { acked, first: 2, outcomes: ["posted", "quarantined"], credits: { ...credits, push_entries: 8 } },
  nack: { reason: "gap", detail: "x", expected: 4 },
  delta: { feed: "reference", cursor: "1.2", rows: [{ kind: "tax", key: "k", value: null }], more: false },
  drain: { spread_ms: 5 },
  signed_in: { id: 1, cashier: "c", share: HASH },
  receipt: { id: 1, receipt: found },
  rescued: { id: 1, acked, outcomes: [] },
  refused: { id: 1, reason: "locked_out", detail: "", retry_after_ms: 5 },
  ping: {},
  pong: {},
};

function decode(t: string, changes: object = {}): unknown {
  return decodeFromServer(JSON.stringify({ t, ...FRAMES[t], ...changes, newer: true }));
}

describe("a server's frame", () => {
  it.each(Object.keys(FRAMES))("%s is read, and its unknown members are ignored", (t) => {
    expect(decode(t)).toMatchObject({ t });
    expect(decode(t)).not.toHaveProperty("newer");
  });

  it("has bytes for base64 and null for what is left out", () => {
    expect(decode("welcome")).toEqual({
      t: "welcome",
      acked: { seq: 3, hash: new Uint8Array(32).fill(1) },
      credits: { entries: 64, bytes: 1000, push_entries: 64 },
      heartbeat_s: 20,
      server_time_ms: 5,
      shard_key: null,
    });
    expect(decode("nack")).toMatchObject({ expected: 4, retry_after_ms: null, key_ids: null });
    expect(decode("delta", { rows: undefined })).toMatchObject({ rows: [], packed: null, left: null });
    expect(decode("receipt", { receipt: null })).toEqual({ t: "receipt", id: 1, receipt: null });
    expect(decode("receipt")).toEqual({ t: "receipt", id: 1, receipt: found });
  });

  it.each<[string, object]>([
    ["challenge", { nonce: "=" }],
    ["challenge", { server_time_ms: "5" }],
    ["welcome", { acked: { seq: -1, hash: HASH } }],
    ["welcome", { acked: { seq: 1, hash: "AAAA" } }],
    ["welcome", { credits: { entries: 1.5, bytes: 1 } }],
    ["welcome", { shard_key: HASH }],
    ["ack", { outcomes: ["lost"] }],
    ["ack", { outcomes: {} }],
    ["nack", { reason: "mood" }],
    ["nack", { key_ids: [5] }],
    ["delta", { rows: [{ kind: "tax", key: "k" }] }],
    ["delta", { packed: "AAAA" }],
    ["delta", { more: 1 }],
    ["signed_in", { share: "AAAA" }],
    ["receipt", { receipt: { ...found, lines: [{ ...line, quantity: 0 }] } }],
    ["receipt", { receipt: { ...found, seq: 2 ** 60 } }],
    ["refused", { id: null }],
    ["toString", {}],
    ["hello", {}],
  ])("%s with %j is refused", (t, changes) => {
    expect(() => decode(t, changes)).toThrow(Malformed);
  });

  it("that is no object, no JSON or too large is refused, and nothing else is ever thrown", () => {
    for (const text of ["", "[]", "null", "5", "{", '{"t":5}', `"${"x".repeat(FRAME_BYTES_MAX)}"`]) {
      expect(() => decodeFromServer(text)).toThrow(Malformed);
    }
    const value = fc.jsonValue();
    const tag = fc.constantFrom(...Object.keys(FRAMES));
    fc.assert(
      fc.property(
        tag,
        fc.dictionary(fc.constantFrom("acked", "credits", "rows", "id", "receipt", "reason"), value),
        (t, changes) => {
          try {
            decode(t, changes);
          } catch (error) {
            expect(error).toBeInstanceOf(Malformed);
          }
        },
      ),
    );
  });
});

describe("rows", () => {
  const delta = (packed: Uint8Array): Delta =>
    decode("delta", { rows: null, packed: toBase64(packed), left: 7 }) as Delta;

  it("are the same packed and not", async () => {
    const rows = Array.from({ length: 5000 }, (_, at) => ({
      kind: "product",
      key: String(at),
      value: { name_ar: "حليب" },
    }));
    const packed = delta(deflateRawSync(JSON.stringify(rows)));
    expect(packed.left).toBe(7);
    expect(await rowsOf(packed)).toEqual(rows);
    expect(await rowsOf(decode("delta") as Delta)).toEqual([{ kind: "tax", key: "k", value: null }]);
  });

  it("that do not unpack, are no rows, too many or too much are refused", async () => {
    const long = JSON.stringify([{ kind: "k", key: "k", value: "x".repeat(UNPACKED_BYTES_MAX) }]);
    const many = JSON.stringify(Array.from({ length: 5001 }, () => ({ kind: "k", key: "k", value: 1 })));
    const half = deflateRawSync('[{"kind":"k","key":"k","value":1}]').subarray(0, 9);
    for (const bad of [
      Uint8Array.of(7, 7, 7),
      half,
      ...["{}", "[5]", long, many].map((text) => deflateRawSync(text)),
    ]) {
      await expect(rowsOf(delta(bad))).rejects.toThrow(Malformed);
    }
  });
});

describe("a till's frame", () => {
  it("has base64 for bytes and leaves out what is null", () => {
    const signature = new Uint8Array(64);
    const head = { seq: 0, hash: new Uint8Array(32) };
    const hello = {
      device: 7,
      branch: 3,
      schema: 1,
      head,
      acked: null,
      cursors: { reference: "" },
      app: "x",
    } as const;
    const text = encodeFromTill({ t: "hello", ...hello, clock_ms: 5, accepts: ["deflate"], signature });
    const zeros = toBase64(new Uint8Array(32));
    expect(JSON.parse(text)).toEqual({
      t: "hello",
      ...{
        device: 7,
        branch: 3,
        schema: 1,
        head: { seq: 0, hash: zeros },
        cursors: { reference: "" },
        app: "x",
      },
      ...{ clock_ms: 5, accepts: ["deflate"], signature: toBase64(signature) },
    });
    const entry = { k: "k", h: new Uint8Array(32), c: Uint8Array.of(1) };
    const push = { first: 1, prev: new Uint8Array(32), entries: [entry], keys: [], signature };
    expect(JSON.parse(encodeFromTill({ t: "rescue", id: 1, device: 9, push }))).toMatchObject({
      push: { entries: [{ k: "k", h: zeros, c: "AQ==" }] },
    });
  });
});

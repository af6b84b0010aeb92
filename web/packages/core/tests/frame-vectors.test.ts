/** Frames: `spec/vectors/frame.json`, as Python writes and reads them. */
import { describe, expect, it } from "vitest";

import { decodeFromServer, encodeFromTill, fromBase64, rowsOf, type FromTill } from "../src/index";
import { vectors } from "./vectors";

type Frame = { t: string } & Record<string, unknown>;
const given = vectors("frame") as { from_server: Frame[]; from_till: Frame[] };
const BYTES = new Set(["hash", "prev", "signature", "h", "c", "wrapped"]);

/** Base64 as bytes wherever the wire has bytes, so that the frame is a message as the till has it. */
function withBytes(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      BYTES.has(name) && typeof each === "string" ? fromBase64(each) : (each as unknown),
    ]),
  );
}

function withoutNull(frame: Frame): unknown {
  return JSON.parse(JSON.stringify(frame, (_, value: unknown) => (value === null ? undefined : value)));
}

describe("a server's frame", () => {
  it.each(given.from_server)("$t is read", async (frame) => {
    const message = decodeFromServer(JSON.stringify(frame));
    expect(message.t).toBe(frame.t);
    if (message.t !== "delta") return;
    const rows = await rowsOf(message);
    if (message.packed !== null)
      expect(rows).toEqual([{ kind: "tax", key: "KW:standard", value: { rate_ppm: 0, name_ar: "ض" } }]);
    else expect(rows).toEqual(frame["rows"] ?? []);
  });
});

describe("a till's frame", () => {
  it.each(given.from_till)("$t is written", (frame) => {
    const message = JSON.parse(JSON.stringify(frame), withBytes) as FromTill;
    expect(JSON.parse(encodeFromTill(message))).toEqual(withoutNull(frame));
  });
});

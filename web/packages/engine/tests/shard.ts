/**
 * A shard and its gateway in memory. It checks what the real one checks: signatures, places, hashes of what it
 * decrypts, figures; and it keeps the plain entries, so that a test can read what was booked.
 */
import {
  ciphertextsDigest,
  concat,
  decodeEntry,
  findInvalid,
  genesis,
  importSealingKey,
  importVerifyingKey,
  link,
  newEphemeralPair,
  openEntry,
  pushMessage,
  sameBytes,
  toBase64,
  unwrapForShard,
  verify,
  type Bytes,
  type DeltaRow,
  type Entry,
} from "@octonext/core";

import type { Environment, Line, LineEvents } from "../src/environment";
import { Conversation } from "./conversation";
import { bytes, type Frame, type PushFrame } from "./wire";

export interface Device {
  id: number;
  key: CryptoKey;
  share: Bytes;
  head: { seq: number; hash: Bytes };
  hashes: Bytes[];
  keys: Map<string, CryptoKey>;
  entries: Entry[];
  revoked: "revoked" | "stolen" | null;
  live: Conversation | null;
}

export interface Staff {
  id: string;
  code: string;
  pin: string;
}

export class Shard {
  readonly devices = new Map<number, Device>();
  readonly codes = new Map<string, { branchId: number }>();
  readonly staff: Staff[] = [];
  rows: DeltaRow[] = [];
  customerRows: DeltaRow[] = [];
  reachable = true;
  packed = true;
  /** Rows in one delta. */
  page = 500;
  /** Takes pushes, and answers nothing. */
  silent = false;
  /** What receipts are said to have been paid in. */
  foreign: string | null = null;
  /** Has not heard of new devices yet. */
  behind = false;
  pushes = 0;
  private readonly pair = newEphemeralPair();

  enrolCode(code: string, branchId = 3): void {
    this.codes.set(code, { branchId });
  }

  device(id = 7): Device {
    const device = this.devices.get(id);
    if (device === undefined) throw new Error(`no device ${id}`);
    return device;
  }

  entries(id = 7): Entry[] {
    return this.device(id).entries;
  }

  kinds(id = 7): string[] {
    return this.entries(id).map((entry) => entry.kind);
  }

  /** Rows that come into being while tills are connected. */
  publish(...rows: DeltaRow[]): void {
    this.rows.push(...rows);
    for (const device of this.devices.values()) device.live?.deltas();
  }

  revoke(id: number, reason: "revoked" | "stolen"): void {
    this.device(id).revoked = reason;
    this.device(id).live?.say({ t: "nack", reason: "revoked", detail: reason });
  }

  /** Pulls the cable of everybody. */
  cut(): void {
    this.reachable = false;
    for (const device of this.devices.values()) device.live?.hangUp();
  }

  async fetch(path: string, init: { body: string }): Promise<Response> {
    if (!this.reachable) throw new TypeError("the network is gone");
    const request = JSON.parse(init.body) as { code: string; public_key: string };
    const place = this.codes.get(request.code);
    if (path !== "/api/v1/enrolments" || place === undefined) {
      return Response.json({ code: "enrolment_refused", title: "This code opens nothing." }, { status: 401 });
    }
    this.codes.delete(request.code);
    const id = 7 + this.devices.size;
    const share = crypto.getRandomValues(new Uint8Array(32));
    const key = await importVerifyingKey(bytes(request.public_key));
    const head = { seq: 0, hash: genesis() };
    const device = {
      id,
      key,
      share,
      head,
      hashes: [],
      keys: new Map(),
      entries: [],
      revoked: null,
      live: null,
    };
    this.devices.set(id, device);
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", (await this.pair).publicKey));
    const answer = {
      device_id: id,
      region_id: 1,
      receipt_prefix: `KW01-T0${id - 6}`,
      device_code: `T0${id - 6}`,
      branch: { branch_id: place.branchId, code: "KW01", name_en: "Salmiya", name_ar: "السالمية" },
      shard_id: "kw-1",
      shard_public_key: toBase64(spki),
      device_share: toBase64(share),
      jurisdiction: "KW",
      currency: "KWD",
      time_zone: "Asia/Kuwait",
      server_time: new Date().toISOString(),
    };
    return Response.json(answer, { status: 201 });
  }

  openLine(events: LineEvents): Line {
    return new Conversation(this, events);
  }

  private async keyOf(device: Device, id: string, wrapped: Bytes): Promise<CryptoKey> {
    const raw = await unwrapForShard(wrapped, (await this.pair).privateKey, { device: device.id, keyId: id });
    return importSealingKey(raw);
  }

  /** Books a push, or says why not. */
  async ingest(device: Device, push: PushFrame): Promise<Frame> {
    const ciphertexts = push.entries.map((entry) => bytes(entry.c));
    const last = bytes(push.entries.at(-1)?.h);
    const signed = pushMessage(device.id, push.first, last, await ciphertextsDigest(ciphertexts));
    const nack = (reason: string, more: object = {}): Frame => ({
      t: "nack",
      reason,
      detail: reason,
      ...more,
    });
    if (!(await verify(device.key, bytes(push.signature), signed))) return nack("bad_signature");
    if (push.first > device.head.seq + 1) return nack("gap", { expected: device.head.seq + 1 });
    const before = push.first === 1 ? genesis() : (device.hashes[push.first - 2] ?? genesis());
    if (!sameBytes(before, bytes(push.prev))) return nack("fork");
    for (const key of push.keys)
      device.keys.set(key.id, await this.keyOf(device, key.id, bytes(key.wrapped)));
    let hash = before;
    for (const [place, entry] of push.entries.entries()) {
      const seq = push.first + place;
      const key = device.keys.get(entry.k);
      if (key === undefined) return nack("unknown_key", { key_ids: [entry.k] });
      const known = device.hashes[seq - 1];
      if (known !== undefined && !sameBytes(known, bytes(entry.h))) return nack("fork");
      const plain = await openEntry(key, { device: device.id, keyId: entry.k, seq }, bytes(entry.c));
      hash = await link(hash, plain);
      if (!sameBytes(hash, bytes(entry.h))) return nack("bad_chain");
      if (known !== undefined) continue;
      const read = decodeEntry(plain);
      if (read.seq !== seq || findInvalid(read) !== null) return nack("bad_frame");
      device.hashes.push(hash);
      device.entries.push(read);
      device.head = { seq, hash };
    }
    this.pushes += 1;
    return {
      t: "ack",
      acked: { seq: device.head.seq, hash: toBase64(device.head.hash) },
      first: push.first,
      outcomes: push.entries.map(() => "posted"),
      credits: { entries: push.entries.length, bytes: concat(...ciphertexts).length, push_entries: 64 },
    };
  }
}

/** The network and the clocks of one machine, on this shard. */
export function environmentOf(shard: Shard, clock: { now: number }): Environment {
  return {
    now: () => clock.now,
    monotonic: () => performance.now(),
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    fraction: () => 0.01,
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => {
        clearTimeout(timer);
      };
    },
    fetch: (path, init) => shard.fetch(path, init),
    openLine: (_path, _protocol, events) => shard.openLine(events),
    footprint: { user_agent: "test" },
  };
}

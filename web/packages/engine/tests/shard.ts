/**
 * A shard and its gateway in memory. It checks what the real one checks: signatures, places, hashes of what it
 * decrypts, figures; and it keeps the plain entries, so that a test can read what was booked.
 */
import { deflateRawSync } from "node:zlib";

import {
  ciphertextsDigest,
  concat,
  decodeEntry,
  findInvalid,
  fromBase64,
  genesis,
  helloMessage,
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

type Frame = Record<string, unknown> & { t: string };

interface Device {
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

interface PushFrame {
  first: number;
  prev: string;
  entries: { k: string; h: string; c: string }[];
  keys: { id: string; wrapped: string }[];
  signature: string;
}

export interface Staff {
  id: string;
  code: string;
  pin: string;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const bytes = (value: unknown): Bytes => fromBase64(text(value)) ?? new Uint8Array();

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

class Conversation implements Line {
  private readonly nonce = crypto.getRandomValues(new Uint8Array(16));
  private device: Device | null = null;
  private cursors: Record<string, string> = {};
  private readonly waiting = new Set<string>();
  private turn: Promise<void> = Promise.resolve();
  private ended = false;

  constructor(
    private readonly shard: Shard,
    private readonly events: LineEvents,
  ) {
    setTimeout(() => {
      if (!shard.reachable) {
        this.hangUp();
        return;
      }
      events.opened();
      this.say({ t: "challenge", nonce: toBase64(this.nonce), server_time_ms: Date.now() });
    }, 0);
  }

  send(frame: string): void {
    const message = JSON.parse(frame) as Frame;
    this.turn = this.turn.then(() => this.heard(message));
  }

  close(): void {
    this.ended = true;
    if (this.device?.live === this) this.device.live = null;
  }

  say(frame: Frame): void {
    setTimeout(() => {
      if (!this.ended) this.events.frame(JSON.stringify(frame));
    }, 0);
  }

  hangUp(): void {
    if (this.ended) return;
    this.close();
    setTimeout(() => {
      this.events.closed();
    }, 0);
  }

  /** The next rows of every feed that nothing is on the way of. */
  deltas(): void {
    for (const feed of Object.keys(this.cursors)) this.delta(feed);
  }

  private async heard(message: Frame): Promise<void> {
    if (this.ended) return;
    if (message.t === "hello") await this.hello(message);
    else if (this.device === null) this.say({ t: "nack", reason: "bad_frame", detail: "hello first" });
    else if (message.t === "ping") this.say({ t: "pong" });
    else if (message.t === "delta_ack") this.stored(text(message["feed"]), text(message["cursor"]));
    else if (message.t === "sign_in") this.signIn(this.device, message);
    else if (message.t === "find_receipt") this.findReceipt(message);
    else if (message.t === "rescue") await this.rescue(message);
    else if (message.t === "push" && !this.shard.silent) {
      if (this.device.live !== this) this.say({ t: "nack", reason: "fenced", detail: "another connection" });
      else this.say(await this.shard.ingest(this.device, message as unknown as PushFrame));
    }
  }

  private async hello(message: Frame): Promise<void> {
    const device = this.shard.devices.get(Number(message["device"]));
    if (device === undefined || this.shard.behind) {
      this.say({ t: "nack", reason: "unknown_device", detail: "not here", retry_after_ms: 10 });
      return;
    }
    const head = message["head"] as { seq: number; hash: string };
    const signed = helloMessage(this.nonce, device.id, head.seq, bytes(head.hash));
    if (!(await verify(device.key, bytes(message["signature"]), signed))) {
      this.say({ t: "nack", reason: "bad_signature", detail: "hello" });
      return;
    }
    if (device.revoked !== null) {
      this.say({ t: "nack", reason: "revoked", detail: device.revoked });
      return;
    }
    device.live = this;
    this.device = device;
    this.cursors = message["cursors"] as Record<string, string>;
    this.say({
      t: "welcome",
      acked: { seq: device.head.seq, hash: toBase64(device.head.hash) },
      credits: { entries: 256, bytes: 4_000_000, push_entries: 64 },
      heartbeat_s: 20,
      server_time_ms: Date.now(),
    });
    this.deltas();
  }

  private delta(feed: string): void {
    const rows = feed === "reference" ? this.shard.rows : this.shard.customerRows;
    const from = Number(this.cursors[feed] ?? "0");
    if (this.waiting.has(feed) || from >= rows.length) return;
    const part = rows.slice(from, from + this.shard.page);
    const cursor = String(from + part.length);
    const left = rows.length - from - part.length;
    this.waiting.add(feed);
    const body = this.shard.packed
      ? { packed: toBase64(new Uint8Array(deflateRawSync(JSON.stringify(part)))) }
      : { rows: part };
    this.say({ t: "delta", feed, cursor, ...body, left, more: left > 0 });
  }

  private stored(feed: string, cursor: string): void {
    this.waiting.delete(feed);
    this.cursors[feed] = cursor;
    this.delta(feed);
  }

  private signIn(device: Device, message: Frame): void {
    const person = this.shard.staff.find((each) => each.code === message["cashier"]);
    const id = message["id"];
    if (person?.pin !== message["pin"] || person === undefined) {
      this.say({ t: "refused", id, reason: "wrong_pin", detail: "no" });
      return;
    }
    this.say({ t: "signed_in", id, cashier: person.id, share: toBase64(device.share) });
  }

  private findReceipt(message: Frame): void {
    const { id, branch, device: number, seq } = message;
    const device = this.shard.devices.get(Number(number));
    const entry = device?.entries.find((each) => each.seq === seq);
    if (entry?.kind !== "sale") {
      this.say({ t: "receipt", id, receipt: null });
      return;
    }
    const back = [...this.shard.devices.values()]
      .flatMap((each) => each.entries)
      .flatMap((each) => {
        const isOf = each.kind === "return" && each.original?.device === number && each.original?.seq === seq;
        return isOf ? each.lines : [];
      });
    const lines = entry.lines.map((line, place) => ({
      ...line,
      discount: line.discount ?? 0,
      number: place + 1,
      returned: back
        .filter((each) => each.original_line === place + 1)
        .reduce((sum, each) => sum + each.quantity, 0),
    }));
    const { currency, total, tax, rounding } = entry;
    const receipt = {
      branch,
      device: number,
      seq,
      kind: "sale",
      at: entry.at,
      currency,
      total,
      tax,
      rounding,
      lines,
    };
    this.say({ t: "receipt", id, receipt: { ...receipt, customer: entry.customer ?? null } });
  }

  private async rescue(message: Frame): Promise<void> {
    const { id } = message;
    const device = this.shard.devices.get(Number(message["device"]));
    if (device === undefined) {
      this.say({ t: "refused", id, reason: "unknown_device", detail: "" });
      return;
    }
    const answer = await this.shard.ingest(device, message["push"] as PushFrame);
    if (answer.t === "nack") this.say({ ...answer, t: "refused", id });
    else this.say({ t: "rescued", id, acked: answer["acked"], outcomes: answer["outcomes"] });
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

/** A till's machine, its journal, a shard and the wire between them; time is a number. Twin of the Python one. */
import { createHash } from "node:crypto";

import { expect } from "vitest";

import {
  Connection,
  genesis,
  toHex,
  type Alarm,
  type Bytes,
  type Command,
  type Credits,
  type FromServer,
  type Head,
  type Nack,
  type NackReason,
  type OutboxRead,
  type SendPush,
  type Welcome,
} from "../src/index";

export function entryHash(seq: number, salt = ""): Bytes {
  if (seq === 0) return genesis();
  return Uint8Array.from(createHash("sha256").update(`${salt}${seq}`).digest());
}

/** A shift has ten entries. */
export function keyOf(seq: number): string {
  return `shift-${Math.floor((seq - 1) / 10)}`;
}

export class World {
  now = 0;
  head = 0;
  /** First entry that the journal still holds. */
  keptFrom = 1;
  shard: Bytes[] = [];
  shardKeys = new Set<string>();
  toTill: FromServer[] = [];
  toShard: SendPush[] = [];
  log: Command[] = [];
  fraction = 0.5;
  /** `fenced` that the till heard since the last ack that it heard. */
  fences = 0;
  readonly till: Connection;

  constructor(public pushEntries = 4) {
    this.till = new Connection({ headSeq: 0, ackedSeq: 0, random: () => this.fraction, now: 0 });
  }

  // --- what happens ------------------------------------------------------------------------------

  append(count = 1): void {
    this.head += count;
    this.act(this.till.handle({ type: "appended", now: this.now, headSeq: this.head }));
  }

  wait(ms: number): void {
    this.now += ms;
    this.act(this.till.handle({ type: "ticked", now: this.now }));
  }

  say(message: FromServer): void {
    if (message.t === "ack") this.fences = 0;
    this.act(this.till.handle({ type: "received", now: this.now, message }));
  }

  nack(reason: NackReason, members: Partial<Nack> = {}): void {
    this.toShard = [];
    this.say(nackOf(reason, members));
  }

  connected(): void {
    this.act(this.till.handle({ type: "connected", now: this.now }));
  }

  loseLine(): void {
    this.toTill = [];
    this.toShard = [];
    this.act(this.till.handle({ type: "disconnected", now: this.now }));
  }

  /** Wait until the till wants to connect, and let it greet. */
  greet(): void {
    expect(this.till.state).toBe("waiting");
    this.wait(Math.max(0, (this.till.deadline ?? 0) - this.now));
    this.connected();
    this.say({ t: "challenge", nonce: new Uint8Array(32), server_time_ms: 0 });
  }

  connect(): void {
    this.greet();
    this.say(this.welcome());
  }

  /** Connects, and fails where that does not end online. */
  online(): void {
    this.connect();
    expect(this.till.state).toBe("online");
  }

  welcome(heartbeatS = 20): Welcome {
    const credits = { entries: 64, bytes: 1 << 20, push_entries: this.pushEntries };
    return {
      t: "welcome",
      acked: this.shardHead(),
      credits,
      heartbeat_s: heartbeatS,
      server_time_ms: 0,
      shard_key: null,
    };
  }

  shardHead(): Head {
    return { seq: this.shard.length, hash: this.shard.at(-1) ?? genesis() };
  }

  /** The shard takes the oldest push that has arrived and answers it. */
  shardHandles(): void {
    const push = this.toShard.shift();
    if (push === undefined) return;
    if (push.first > this.shard.length + 1) {
      this.toTill.push(nackOf("gap", { expected: this.shard.length + 1 }));
      return;
    }
    expect(toHex(push.prev), "a push follows what the shard has").toBe(toHex(entryHash(push.first - 1)));
    for (const key of push.keyIds) this.shardKeys.add(key);
    const missing = new Set<string>();
    for (let seq = push.first; seq <= push.last; seq++)
      if (!this.shardKeys.has(keyOf(seq))) missing.add(keyOf(seq));
    if (missing.size > 0) {
      this.toTill.push(nackOf("unknown_key", { key_ids: [...missing] }));
      return;
    }
    for (let seq = this.shard.length + 1; seq <= push.last; seq++) this.shard.push(entryHash(seq));
    const count = push.last - push.first + 1;
    const credits: Credits = { entries: count, bytes: 100 * count, push_entries: this.pushEntries };
    const outcomes = Array.from({ length: count }, () => "posted" as const);
    this.toTill.push({ t: "ack", acked: this.shardHead(), first: push.first, outcomes, credits });
  }

  /** Let both sides talk until the wire is empty. */
  exchange(): void {
    while (this.toShard.length > 0 || this.toTill.length > 0) {
      this.shardHandles();
      const message = this.toTill.shift();
      if (message !== undefined) this.say(message);
    }
  }

  // --- what the machine wants --------------------------------------------------------------------

  act(commands: readonly Command[]): void {
    for (const command of commands) {
      this.log.push(command);
      if (command.type === "send_push") {
        expect(this.toShard, "one push is on the way at a time").toHaveLength(0);
        expect(this.till.state).toBe("online");
        expect(command.first).toBeGreaterThanOrEqual(1);
        expect(command.first).toBeLessThanOrEqual(command.last);
        expect(command.last).toBeLessThanOrEqual(this.head);
        this.toShard.push(command);
      } else if (command.type === "mark_acked") {
        expect(command.seq, "only what is held").toBeLessThanOrEqual(this.shard.length);
        expect(toHex(command.hash)).toBe(toHex(entryHash(command.seq)));
      } else if (command.type === "read_outbox") {
        this.act(this.till.handle({ now: this.now, ...this.read(command.after, command.limit) }));
      } else if (command.type === "close") {
        this.toTill = [];
        this.toShard = [];
      }
    }
  }

  read(after: number, limit: number): OutboxRead {
    const entries = [];
    for (let seq = after + 1; seq <= Math.min(this.head, after + limit); seq++) {
      entries.push({ seq, hash: entryHash(seq), keyId: keyOf(seq), size: 100 });
    }
    const here = after === 0 || (this.keptFrom <= after && after <= this.head);
    const keyId = here && after > 0 ? keyOf(after) : null;
    return { type: "outbox_read", after, hash: here ? entryHash(after) : null, keyId, entries };
  }

  pushes(): SendPush[] {
    return this.log.filter((command) => command.type === "send_push");
  }

  alarms(): Alarm[] {
    return this.log.filter((command) => command.type === "alarm");
  }

  last(): Command | undefined {
    return this.log.at(-1);
  }
}

export function nackOf(reason: NackReason, members: Partial<Nack> = {}): Nack {
  return {
    t: "nack",
    reason,
    detail: "because",
    expected: null,
    retry_after_ms: null,
    key_ids: null,
    ...members,
  };
}

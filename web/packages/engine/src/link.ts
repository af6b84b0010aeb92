/**
 * Drives the core's connection machine over a WebSocket: carries its commands out one after the other, and
 * tells it what happened. What is decided is decided there; what the till does with news is up to `LinkHost`.
 */
import {
  ciphertextsDigest,
  Connection,
  decodeFromServer,
  encodeFromTill,
  helloMessage,
  Malformed,
  PROTOCOL,
  pushMessage,
  type Alarm,
  type Answer,
  type Bytes,
  type Command,
  type Delta,
  type Event,
  type FromServer,
  type FromTill,
  type MarkAcked,
  type Request,
  type SendPush,
} from "@octonext/core";
import type { TillStorage } from "@octonext/storage";

import { TillRefusal } from "./api";
import type { Environment, Line } from "./environment";

export const SYNC_PATH = "/sync/v1";
/** The server takes at most 64 characters of what a till says it is. */
const APP_LENGTH_MAX = 64;

type Untimed<T> = T extends unknown ? Omit<T, "now"> : never;
type Happened = Untimed<Event>;
type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;
export type Question = Unnumbered<Request>;

export interface LinkHost {
  readonly device: number;
  readonly branch: number;
  readonly app: string;
  /** Feeds that are asked for; "" begins one. */
  cursors(): Promise<Record<string, string>>;
  /** Rows and cursor into storage, in one transaction. False: not now (the till is locked). */
  storeDelta(delta: Delta): Promise<boolean>;
  storeShardKey(key: Bytes): Promise<void>;
  acked(mark: MarkAcked): Promise<void>;
  alarm(alarm: Alarm): void;
  /** Something about the connection changed; look at `state`. */
  changed(): void;
  serverTime(serverTimeMs: number): void;
}

interface Waiting {
  resolve: (answer: Answer) => void;
  reject: (refusal: TillRefusal) => void;
}

export class Link {
  readonly machine: Connection;
  private readonly queue: { attempt: number | null; event: Happened }[] = [];
  private readonly waiting = new Map<number, Waiting>();
  /** Deltas that came while the till was locked, the newest of each feed. */
  private readonly held = new Map<string, Delta>();
  private attempt = 0;
  private line: Line | null = null;
  private working = false;
  private ended = false;
  private nextId = 1;
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly environment: Environment,
    private readonly storage: TillStorage,
    private readonly host: LinkHost,
  ) {
    const { head, acked } = storage.journal;
    const random = () => environment.fraction();
    this.machine = new Connection({
      headSeq: head.seq,
      ackedSeq: acked.seq,
      random,
      now: environment.monotonic(),
    });
  }

  get online(): boolean {
    return this.machine.state === "online";
  }

  begin(): void {
    this.tell({ type: "ticked" });
  }

  /** The journal grew. */
  appended(): void {
    this.tell({ type: "appended", headSeq: this.storage.journal.head.seq });
  }

  /** The network may be back, or a person wants it now. */
  tryNow(): void {
    this.tell({ type: "network_returned" });
    this.tell({ type: "ticked" });
  }

  /** The till was unlocked: what came meanwhile can be stored. */
  unlocked(): void {
    const deltas = [...this.held.values()];
    this.held.clear();
    for (const delta of deltas) void this.store(delta);
  }

  /** Rejects with `offline` when no answer can come. */
  ask(question: Question): Promise<Answer> {
    if (this.ended) return Promise.reject(new TillRefusal("offline"));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.tell({ type: "asked", request: { ...question, id } });
    });
  }

  /** For good: the worker goes away, or the till does. */
  end(): void {
    this.ended = true;
    this.cancelTimer();
    this.hangUp();
    for (const id of this.waiting.keys()) this.unanswered(id);
  }

  // --- events --------------------------------------------------------------------------------------

  private tell(event: Happened, attempt: number | null = null): void {
    if (this.ended) return;
    this.queue.push({ attempt, event });
    if (!this.working) void this.work();
  }

  private async work(): Promise<void> {
    this.working = true;
    try {
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
        // What an earlier connection still had to say means nothing to this one.
        if (next.attempt !== null && next.attempt !== this.attempt) continue;
        await this.carryOut(this.handle(next.event));
        this.host.changed();
      }
    } finally {
      // Whatever happened: the next event is worked on, and time goes on.
      this.working = false;
      this.setTimer();
    }
  }

  /** A fault in the machine costs the connection, not the sync: the next one begins from what is stored. */
  private handle(event: Happened): Command[] {
    try {
      return this.machine.handle({ ...event, now: this.environment.monotonic() });
    } catch (error) {
      const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      this.host.alarm({ type: "alarm", reason: "bad_frame", detail, stopped: false });
      this.hangUp();
      return event.type === "disconnected" ? [] : this.handle({ type: "disconnected" });
    }
  }

  private setTimer(): void {
    this.cancelTimer();
    const { deadline } = this.machine;
    if (deadline === null || this.ended) return;
    const wait = Math.max(0, Math.ceil(deadline - this.environment.monotonic()));
    this.cancelTimer = this.environment.after(wait, () => {
      this.tell({ type: "ticked" });
    });
  }

  private connect(): void {
    const attempt = ++this.attempt;
    // Should the machine have missed one.
    this.appended();
    try {
      this.line = this.environment.openLine(SYNC_PATH, PROTOCOL, {
        opened: () => {
          this.tell({ type: "connected" }, attempt);
        },
        frame: (text) => {
          if (attempt === this.attempt) this.heard(parse(text), attempt);
        },
        closed: () => {
          this.tell({ type: "disconnected" }, attempt);
        },
      });
    } catch {
      this.tell({ type: "disconnected" }, attempt);
    }
  }

  private heard(event: Happened, attempt: number): void {
    const message = event.type === "received" ? event.message : null;
    if (message?.t === "challenge" || message?.t === "welcome") this.host.serverTime(message.server_time_ms);
    this.tell(event, attempt);
  }

  /** Without waiting for it: a dead line would not answer. */
  private hangUp(): void {
    this.attempt += 1;
    this.line?.close();
    this.line = null;
  }

  // --- commands ------------------------------------------------------------------------------------

  private async carryOut(commands: Command[]): Promise<void> {
    const pending = [...commands];
    for (let command = pending.shift(); command !== undefined; command = pending.shift()) {
      try {
        pending.push(...(await this.do(command)));
      } catch (error) {
        // Storage failed under it: nothing was marked, so a new connection does it again.
        const detail = error instanceof Error ? error.message : String(error);
        this.host.alarm({ type: "alarm", reason: "bad_reference", detail, stopped: false });
        this.hangUp();
        pending.push(...this.handle({ type: "disconnected" }));
      }
    }
  }

  private async do(command: Command): Promise<Command[]> {
    switch (command.type) {
      case "connect":
        this.connect();
        return [];
      case "close":
        this.hangUp();
        return [];
      case "send_hello":
        this.send(await this.hello(command.nonce));
        return [];
      case "send_push":
        this.send(await this.push(command));
        return [];
      case "send":
        this.send(command.message);
        return [];
      case "read_outbox":
        return this.readOutbox(command.after, command.limit);
      case "mark_acked":
        await this.host.acked(command);
        return [];
      case "store_delta":
        // Not awaited: a delta takes its time, and acknowledgements must not wait behind it.
        void this.store(command.delta);
        return [];
      case "store_shard_key":
        await this.host.storeShardKey(command.key);
        return [];
      case "deliver":
        this.waiting.get(command.answer.id)?.resolve(command.answer);
        this.waiting.delete(command.answer.id);
        return [];
      case "unanswered":
        this.unanswered(command.id);
        return [];
      case "alarm":
        this.host.alarm(command);
        return [];
    }
  }

  private async store(delta: Delta): Promise<void> {
    const attempt = this.attempt;
    if (this.ended) return;
    try {
      if (await this.host.storeDelta(delta)) {
        this.tell({ type: "delta_stored", feed: delta.feed, cursor: delta.cursor }, attempt);
      } else {
        this.held.set(delta.feed, delta);
      }
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      if (error instanceof Malformed) {
        this.tell({ type: "garbled", detail }, attempt);
      } else {
        this.host.alarm({ type: "alarm", reason: "bad_reference", detail, stopped: false });
      }
    }
  }

  private async readOutbox(after: number, limit: number): Promise<Command[]> {
    const { journal } = this.storage;
    const found = await journal.outgoing(after, limit);
    const [before] = after === 0 ? [] : await journal.entries(after, after);
    return this.handle({
      type: "outbox_read",
      after,
      hash: found === null ? null : own(found.prev),
      keyId: before?.keyId ?? null,
      entries: (found?.entries ?? []).map(({ seq, hash, keyId, ciphertext }) => ({
        seq,
        hash: own(hash),
        keyId,
        size: ciphertext.length,
      })),
    });
  }

  private async hello(nonce: Bytes): Promise<FromTill> {
    const { head, acked } = this.storage.journal;
    const { device, branch, app } = this.host;
    const signed = helloMessage(nonce, device, head.seq, head.hash);
    return {
      t: "hello",
      device,
      branch,
      schema: 1,
      head: { seq: head.seq, hash: own(head.hash) },
      acked: acked.seq === 0 ? null : { seq: acked.seq, hash: own(acked.hash) },
      cursors: await this.host.cursors(),
      app: app.slice(0, APP_LENGTH_MAX),
      clock_ms: Math.trunc(this.environment.now()),
      accepts: ["deflate"],
      signature: own(await this.storage.vault.sign(signed)),
    };
  }

  private async push({ first, last, prev, keyIds }: SendPush): Promise<FromTill> {
    const { journal, vault } = this.storage;
    const entries = await journal.entries(first, last);
    const keys = await Promise.all(keyIds.map((id) => journal.key(id)));
    const lastHash = entries.at(-1)?.hash ?? prev;
    const digest = await ciphertextsDigest(entries.map((entry) => entry.ciphertext));
    return {
      t: "push",
      first,
      prev,
      entries: entries.map((entry) => ({ k: entry.keyId, h: own(entry.hash), c: own(entry.ciphertext) })),
      keys: keys.flatMap((key) => (key === null ? [] : [{ id: key.id, wrapped: own(key.forShard) }])),
      signature: own(await vault.sign(pushMessage(this.host.device, first, lastHash, digest))),
    };
  }

  private send(message: FromTill): void {
    this.line?.send(encodeFromTill(message));
  }

  private unanswered(id: number): void {
    this.waiting.get(id)?.reject(new TillRefusal("offline"));
    this.waiting.delete(id);
  }
}

function parse(text: string): Happened {
  try {
    const message: FromServer = decodeFromServer(text);
    return { type: "received", message };
  } catch (error) {
    return { type: "garbled", detail: error instanceof Error ? error.message : "no frame" };
  }
}

/** What came out of storage, as the kind of bytes that the core takes. */
function own(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : new Uint8Array(bytes);
}

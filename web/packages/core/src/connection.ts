/**
 * The till's side of `octonext.sync.v1` as a machine: events in, commands out, nothing else. It holds no
 * entry, no key and no clock: it decides *what* to do next, and its driver does it. Twin of
 * `till/domain/connection.py`.
 *
 *     waiting --deadline--> connecting --connected--> greeting --challenge--> proving --welcome--> online
 *        ^                      |                        |                       |                   |
 *        +------------------ disconnected ---------------+-----------------------+-------------------+
 *     any --fork, revoked, fenced thrice, ...--> stopped (a person decides)
 *
 * One push is on the way at a time: a push is one transaction at the shard, so a second one could only wait
 * behind it, and a refusal never leaves later pushes in the air.
 */
import { Attempt, Backoff, Grudge, HANDSHAKE_MS, OVERLOADED_MS, PROGRESS_MS, REFUSALS_MAX } from "./attempt";
import { sameHash } from "./chain";
import type { Ack, Answer, Delta, FromServer, Nack, Request, Welcome } from "./messages";
import { WINDOW_ENTRIES } from "./outbox";
import {
  forkedAt,
  outOfReach,
  warning,
  wentBack,
  type Alarm,
  type AlarmReason,
  type Command,
  type Event,
  type OutboxRead,
} from "./steps";

export type ConnectionState = "waiting" | "connecting" | "greeting" | "proving" | "online" | "stopped";

/**
 * One till's connection, over all its attempts. Give every event to `handle` and carry out what it returns;
 * call it with `ticked` when `deadline` has come.
 */
export class Connection {
  state: ConnectionState = "waiting";
  stopped: Alarm | null = null;
  headSeq: number;
  ackedSeq: number;
  /** Feeds of which the server has said that it has no more rows for now. */
  readonly currentFeeds = new Set<string>();
  private readonly backoff: Backoff;
  private readonly grudge = new Grudge();
  private retryAt: number;
  /** A server asked not to be tried before this. */
  private notBefore: number;
  private refusals = 0;
  private at: Attempt;

  /** `headSeq` and `ackedSeq` are what the journal says at the start; `random` gives numbers in [0, 1). */
  constructor(start: { headSeq: number; ackedSeq: number; random: () => number; now: number }) {
    this.headSeq = start.headSeq;
    this.ackedSeq = start.ackedSeq;
    this.backoff = new Backoff(start.random);
    this.retryAt = this.notBefore = start.now;
    this.at = new Attempt(start.now);
  }

  /** Entries in the journal that the shard has not acknowledged. */
  get backlog(): number {
    return this.headSeq - this.ackedSeq;
  }

  /** Online, compared with the shard, and the shard holds the whole journal. */
  get drained(): boolean {
    return this.state === "online" && this.backlog === 0 && this.at.reading === null;
  }

  /** When to call `handle` with `ticked` at the latest; null when the machine has stopped. */
  get deadline(): number | null {
    if (this.state === "stopped") return null;
    if (this.state === "waiting") return this.retryAt;
    return this.state === "online" ? this.at.deadlineOnline(this.backlog) : this.at.begunAt + HANDSHAKE_MS;
  }

  /** What to do now. An event that makes no sense in this state is answered with nothing. */
  handle(event: Event): Command[] {
    const { now } = event;
    if (event.type === "appended") return this.appended(now, event.headSeq);
    if (event.type === "asked") return this.asked(now, event.request);
    if (this.state === "stopped") return [];
    switch (event.type) {
      case "connected":
        return this.connected(now);
      case "received":
        return this.received(now, event.message);
      case "garbled":
        return this.garbled(now, event.detail);
      case "disconnected":
        return this.disconnected(now);
      case "ticked":
        return this.ticked(now);
      case "network_returned":
        if (this.state === "waiting") {
          this.retryAt = Math.min(this.retryAt, Math.max(this.notBefore, now + this.backoff.hintMs()));
        }
        return [];
      case "outbox_read":
        return this.outboxRead(now, event);
      case "delta_stored":
        return this.deltaStored(event.feed, event.cursor);
    }
  }

  // --- time and the line -------------------------------------------------------------------------

  private connected(now: number): Command[] {
    if (this.state !== "connecting") return [{ type: "close" }];
    this.state = "greeting";
    this.at.begunAt = this.at.heardAt = now;
    return [];
  }

  private disconnected(now: number): Command[] {
    if (this.state === "waiting") return [];
    if (this.at.drainAt === null) return this.backOff(now);
    return this.waitUntil(now, now + this.backoff.spreadMs(this.at.drainSpreadMs));
  }

  private ticked(now: number): Command[] {
    if (this.state === "waiting") {
      if (now < this.retryAt) return [];
      this.state = "connecting";
      this.at = new Attempt(now);
      return [{ type: "connect" }];
    }
    if (this.state === "online") return this.tickedOnline(now);
    return now >= this.at.begunAt + HANDSHAKE_MS ? this.reconnect(now) : [];
  }

  private tickedOnline(now: number): Command[] {
    const at = this.at;
    if (at.drainAt !== null && now >= at.drainAt) return this.finishDrain(now);
    if (this.backlog > 0 && now >= at.progressAt + PROGRESS_MS) {
      const waited = `${this.backlog} entries wait and none was acknowledged for ${PROGRESS_MS / 1000} s`;
      return [warning("no_progress", waited), ...this.reconnect(now)];
    }
    if (now >= at.heardAt + 2 * at.heartbeatMs) return this.reconnect(now);
    const commands: Command[] = at.requests.giveUp(now);
    if (now >= at.heardAt + at.heartbeatMs && !at.pinged) {
      at.pinged = true;
      commands.push({ type: "send", message: { t: "ping" } });
    }
    return [...commands, ...this.sendNext(now)];
  }

  private appended(now: number, headSeq: number): Command[] {
    if (this.backlog === 0) this.at.progressAt = now;
    this.headSeq = Math.max(this.headSeq, headSeq);
    return this.state === "online" ? this.sendNext(now) : [];
  }

  private asked(now: number, request: Request): Command[] {
    const possible =
      this.state === "online" && this.at.drainAt === null && this.at.requests.ask(now, request);
    return possible ? [{ type: "send", message: request }] : [{ type: "unanswered", id: request.id }];
  }

  // --- what the server says ----------------------------------------------------------------------

  private received(now: number, message: FromServer): Command[] {
    if (this.state === "waiting" || this.state === "connecting") return [];
    const at = this.at;
    at.heardAt = now;
    at.pinged = false;
    switch (message.t) {
      case "ping":
        return [{ type: "send", message: { t: "pong" } }];
      case "pong":
        return [];
      case "shard_key":
        return [{ type: "store_shard_key", key: message.key }];
      case "nack":
        return this.nacked(now, message);
      case "drain":
        at.drain(now, message.spread_ms);
        return at.onTheWay === null ? this.finishDrain(now) : [];
      case "challenge":
        if (this.state !== "greeting") break;
        this.state = "proving";
        at.begunAt = now;
        return [{ type: "send_hello", nonce: message.nonce }];
      case "welcome":
        if (this.state !== "proving") break;
        return this.welcomed(now, message);
      case "ack":
        if (this.state !== "online" || message.acked.seq < this.ackedSeq) break;
        return this.acked(now, message);
      case "delta":
        if (this.state !== "online") break;
        return this.deltaCame(message);
      default:
        if (this.state !== "online") break;
        return this.answered(now, message);
    }
    return this.garbled(now, `${message.t} out of turn`);
  }

  private welcomed(now: number, welcome: Welcome): Command[] {
    this.state = "online";
    this.grudge.welcomed();
    this.at.welcomed(now, welcome);
    const news: Command[] =
      welcome.shard_key === null ? [] : [{ type: "store_shard_key", key: welcome.shard_key }];
    return [...news, ...this.readOutbox(welcome.acked.seq)];
  }

  private acked(now: number, ack: Ack): Command[] {
    const at = this.at;
    const { seq, hash } = ack.acked;
    at.outbox.grant(ack.credits);
    at.onTheWay = null;
    this.refusals = this.grudge.fenced = 0;
    const own = at.outbox.ownHash(seq);
    if (own === null) {
      // Beyond what is in view: compare with the journal itself.
      at.shardHead = ack.acked;
      return this.readOutbox(seq);
    }
    if (!sameHash(own, hash)) return this.stop("forked", forkedAt(seq));
    at.outbox.advance(seq);
    if (seq > this.ackedSeq) {
      this.ackedSeq = seq;
      at.progressAt = now;
    }
    const marked: Command = {
      type: "mark_acked",
      seq,
      hash: own,
      first: ack.first,
      outcomes: ack.outcomes,
    };
    return [marked, ...this.sendNext(now)];
  }

  private nacked(now: number, nack: Nack): Command[] {
    const { outbox } = this.at;
    this.at.takeBack();
    switch (nack.reason) {
      case "fenced":
        return this.grudge.isFencedOff() ? this.stop("fenced", nack.detail) : this.reconnect(now);
      case "fork":
        return this.stop("forked", nack.detail);
      case "revoked":
      case "bad_chain":
        return this.stop(nack.reason, nack.detail);
      case "unknown_device":
        this.notBefore = now + Math.max(0, nack.retry_after_ms ?? 0);
        return [...this.grudge.unknown(now, nack.detail), ...this.reconnect(now)];
      case "bad_frame":
        return this.garbled(now, nack.detail);
      case "overloaded":
        return this.overloaded(now, nack.retry_after_ms);
      case "bad_signature":
        return this.again(now, outbox.seq, "bad_signature", nack.detail);
      case "unknown_key":
        outbox.requireKeys(nack.key_ids);
        return this.again(now, outbox.seq, "unknown_key", nack.detail);
      case "gap": {
        const { expected } = nack;
        // Restored under our feet: a new hello says so and opens a case.
        if (expected !== null && expected <= this.ackedSeq) return this.reconnect(now);
        const after = expected === null ? this.ackedSeq : Math.max(0, expected - 1);
        return this.again(now, after, null, nack.detail);
      }
    }
  }

  private overloaded(now: number, retryAfterMs: number | null): Command[] {
    const until = now + (retryAfterMs === null ? OVERLOADED_MS : Math.max(0, retryAfterMs));
    if (this.state !== "online") {
      this.notBefore = until;
      return this.reconnect(now);
    }
    this.at.pushNotBefore = until;
    return this.at.drainAt === null ? [] : this.finishDrain(now);
  }

  /** Read and push again from `after`; the third time in a row stop (or reconnect, for null). */
  private again(now: number, after: number, giveUp: AlarmReason | null, detail: string): Command[] {
    this.refusals += 1;
    if (this.refusals >= REFUSALS_MAX && giveUp !== null) return this.stop(giveUp, detail);
    if (this.refusals >= REFUSALS_MAX || this.state !== "online") return this.reconnect(now);
    return this.at.drainAt === null ? this.readOutbox(after) : this.finishDrain(now);
  }

  private deltaCame(delta: Delta): Command[] {
    if (delta.more) this.currentFeeds.delete(delta.feed);
    else this.currentFeeds.add(delta.feed);
    this.at.unstored.set(delta.feed, delta.cursor);
    return [{ type: "store_delta", delta }];
  }

  /** Only what this connection brought is acknowledged on it: another gateway would not know the cursor. */
  private deltaStored(feed: string, cursor: string): Command[] {
    if (this.state !== "online" || this.at.unstored.get(feed) !== cursor) return [];
    this.at.unstored.delete(feed);
    return [{ type: "send", message: { t: "delta_ack", feed, cursor } }];
  }

  private answered(now: number, answer: Answer): Command[] {
    const fits = this.at.requests.answered(answer);
    if (fits === "wrong") return this.garbled(now, `${answer.t} is no answer to what was asked`);
    return fits === "late" ? [] : [{ type: "deliver", answer }];
  }

  private garbled(now: number, detail: string): Command[] {
    return [warning("bad_frame", detail), ...this.reconnect(now)];
  }

  // --- sending -----------------------------------------------------------------------------------

  private readOutbox(after: number): Command[] {
    this.at.reading = after;
    return [{ type: "read_outbox", after, limit: WINDOW_ENTRIES }];
  }

  private outboxRead(now: number, read: OutboxRead): Command[] {
    const at = this.at;
    const { after, hash } = read;
    if (this.state !== "online" || at.reading !== after) return [];
    at.reading = null;
    if (hash === null) return this.stop(...outOfReach(after, this.headSeq));
    const commands: Command[] = [];
    if (at.shardHead?.seq === after) {
      if (!sameHash(hash, at.shardHead.hash)) return this.stop("forked", forkedAt(after));
      at.shardHead = null;
      if (after !== this.ackedSeq) {
        // Higher: an ack was lost on the way. Lower: the shard was restored and needs it again.
        if (after < this.ackedSeq) commands.push(wentBack(after, this.ackedSeq));
        this.ackedSeq = after;
        at.progressAt = now;
        commands.push({ type: "mark_acked", seq: after, hash, first: after + 1, outcomes: [] });
      }
    }
    at.outbox.load(after, hash, read.keyId, read.entries);
    return [...commands, ...this.sendNext(now)];
  }

  private sendNext(now: number): Command[] {
    const at = this.at;
    if (at.onTheWay !== null || at.reading !== null) return [];
    if (at.drainAt !== null) return this.finishDrain(now);
    if (at.pushNotBefore !== null) {
      if (now < at.pushNotBefore) return [];
      at.pushNotBefore = null;
    }
    if (at.outbox.seq >= this.headSeq) return [];
    if (at.outbox.empty) return this.readOutbox(at.outbox.seq);
    const push = at.outbox.nextPush();
    // The credits are used up; an ack or a new connection brings more.
    if (push === null) return [];
    if ("tooLarge" in push) {
      const { seq, size } = push.tooLarge;
      return this.stop("entry_too_large", `entry ${seq} has ${size} bytes and fits no frame`);
    }
    at.onTheWay = push;
    const { first, last, prev, keyIds } = push;
    return [{ type: "send_push", first, last, prev, keyIds }];
  }

  // --- leaving -----------------------------------------------------------------------------------

  private finishDrain(now: number): Command[] {
    return [...this.waitUntil(now, now + this.backoff.spreadMs(this.at.drainSpreadMs)), { type: "close" }];
  }

  private reconnect(now: number): Command[] {
    return [...this.backOff(now), { type: "close" }];
  }

  private backOff(now: number): Command[] {
    const { onlineAt } = this.at;
    return this.waitUntil(now, now + this.backoff.pauseMs(onlineAt === null ? 0 : now - onlineAt));
  }

  private waitUntil(now: number, retryAt: number): Command[] {
    if (this.at.onlineAt !== null) this.refusals = 0;
    const unanswered = this.at.requests.giveUp(Infinity);
    this.state = "waiting";
    this.currentFeeds.clear();
    this.at = new Attempt(now);
    this.retryAt = Math.max(retryAt, this.notBefore);
    return unanswered;
  }

  private stop(reason: AlarmReason, detail: string): Command[] {
    this.state = "stopped";
    this.stopped = { type: "alarm", reason, detail, stopped: true };
    this.currentFeeds.clear();
    return [this.stopped, ...this.at.requests.giveUp(Infinity), { type: "close" }];
  }
}

/**
 * What one connection knows, how patient it is, and when the next one may be tried. Twin of
 * `till/domain/attempt.py`; times are milliseconds.
 */
import type { Bytes } from "./bytes";
import type { Answer, Request, Welcome } from "./messages";
import { Outbox, type Push } from "./outbox";
import { HELLO_TIMEOUT_S } from "./protocol";
import { warning, type Alarm, type Command } from "./steps";

/** Backoff is random(0, min(maximum, first × 2^n)). */
export const BACKOFF_FIRST_MS = 1_000;
export const BACKOFF_MAX_MS = 60_000;
/** A connection that held this long counts as good: n starts again. */
export const STABLE_MS = 60_000;
/** Connected with entries to send and no progress for this long: reconnect and say so. */
export const PROGRESS_MS = 30_000;
/** Patience with each step of connecting; twice the server's own. */
export const HANDSHAKE_MS = 2_000 * HELLO_TIMEOUT_S;
/** How long a drain waits for the push on the way. */
export const DRAIN_PATIENCE_MS = 5_000;
/** The same refusal this often in a row is no accident. */
export const REFUSALS_MAX = 3;
/** When an overloaded shard names no time. */
export const OVERLOADED_MS = 1_000;
/** A new till reaches its shard within a second or so; unknown for this long, somebody should look. */
export const UNKNOWN_MS = 60_000;
/** Somebody stands at the till and waits for this answer. */
export const REQUEST_MS = 20_000;
/** Requests waiting at once: one person asks, and rescues go one after the other. */
export const REQUESTS_MAX = 16;

/** What one connection knows; nothing of it outlives the connection. */
export class Attempt {
  begunAt: number;
  heardAt: number;
  /** Last sign that the outbox gets shorter, or when it began to fill. */
  progressAt: number;
  onlineAt: number | null = null;
  heartbeatMs = HANDSHAKE_MS;
  pinged = false;
  readonly outbox = new Outbox();
  onTheWay: Push | null = null;
  /** The `after` of the `read_outbox` that is not answered yet. */
  reading: number | null = null;
  /** What the shard said it holds, until it is compared with the journal. */
  shardHead: { seq: number; hash: Bytes } | null = null;
  pushNotBefore: number | null = null;
  drainAt: number | null = null;
  drainSpreadMs = 0;
  /** Feed -> cursor of the delta that is not on disk yet. */
  readonly unstored = new Map<string, string>();
  readonly requests = new Requests();

  constructor(now: number) {
    this.begunAt = this.heardAt = this.progressAt = now;
  }

  /** The shard knows the till: take what it grants, and what it holds of the journal. */
  welcomed(now: number, welcome: Welcome): void {
    this.onlineAt = this.progressAt = now;
    this.heartbeatMs = 1_000 * Math.max(1, welcome.heartbeat_s);
    this.outbox.grant(welcome.credits);
    this.shardHead = welcome.acked;
  }

  /** The push on the way was refused. */
  takeBack(): void {
    if (this.onTheWay !== null) this.outbox.takeBack(this.onTheWay);
    this.onTheWay = null;
  }

  /** The gateway goes away; all tills come back spread over so long. */
  drain(now: number, spreadMs: number): void {
    this.drainSpreadMs = Math.max(0, spreadMs);
    this.drainAt = now + DRAIN_PATIENCE_MS;
  }

  /** When an online machine must be ticked, given how many entries wait. */
  deadlineOnline(backlog: number): number {
    const times = [
      this.heardAt + (this.pinged ? 2 : 1) * this.heartbeatMs,
      backlog > 0 ? this.progressAt + PROGRESS_MS : null,
      this.pushNotBefore,
      this.drainAt,
      this.requests.deadline,
    ];
    return Math.min(...times.filter((time) => time !== null));
  }
}

const ANSWERS: Readonly<Record<Request["t"], Answer["t"]>> = {
  sign_in: "signed_in",
  find_receipt: "receipt",
  rescue: "rescued",
};

/** What was asked on this connection and is not answered yet. */
export class Requests {
  private readonly waiting = new Map<number, { t: Request["t"]; until: number }>();

  /** False when it cannot be asked: too many wait, or the id is in use. */
  ask(now: number, request: Request): boolean {
    if (this.waiting.size >= REQUESTS_MAX || this.waiting.has(request.id)) return false;
    this.waiting.set(request.id, { t: request.t, until: now + REQUEST_MS });
    return true;
  }

  /** `late` for an answer that nobody waits for (any more), `wrong` for one of another kind than was asked. */
  answered(answer: Answer): "right" | "late" | "wrong" {
    const asked = this.waiting.get(answer.id);
    if (asked === undefined) return "late";
    if (answer.t !== "refused" && answer.t !== ANSWERS[asked.t]) return "wrong";
    this.waiting.delete(answer.id);
    return "right";
  }

  /** When the first of them has waited long enough; null while none waits. */
  get deadline(): number | null {
    return this.waiting.size === 0 ? null : Math.min(...[...this.waiting.values()].map(({ until }) => until));
  }

  /** Those that have waited long enough by `now` are told so, and forgotten. */
  giveUp(now: number): Command[] {
    const ids = [...this.waiting].filter(([, { until }]) => until <= now).map(([id]) => id);
    for (const id of ids) this.waiting.delete(id);
    return ids.map((id) => ({ type: "unanswered", id }));
  }
}

/** What refusals over several connections add up to. */
export class Grudge {
  /** `fenced` in a row, with no push accepted in between. */
  fenced = 0;
  /** Since when shards have answered `unknown_device` to every hello, and whether a person was told. */
  private unknownSince: number | null = null;
  private unknownTold = false;

  /**
   * One more `fenced`; whether it is no accident any more. A late hello of the till's own dead connection can
   * fence it once, not again and again.
   */
  isFencedOff(): boolean {
    this.fenced += 1;
    return this.fenced >= REFUSALS_MAX;
  }

  /** One more `unknown_device`; what to tell a person, once, when it has lasted too long. */
  unknown(now: number, detail: string): Alarm[] {
    this.unknownSince ??= now;
    if (this.unknownTold || now - this.unknownSince <= UNKNOWN_MS) return [];
    this.unknownTold = true;
    return [warning("unknown_device", `no shard has known this till for ${UNKNOWN_MS / 1000} s: ${detail}`)];
  }

  /** The shard knows this till. */
  welcomed(): void {
    this.unknownSince = null;
    this.unknownTold = false;
  }
}

/** How long to wait before the next connection; `random` gives numbers in [0, 1). */
export class Backoff {
  private failures = 0;

  constructor(private readonly random: () => number) {}

  /** After a connection that was online for `heldMs` (0 for one that never was). */
  pauseMs(heldMs: number): number {
    if (heldMs >= STABLE_MS) this.failures = 0;
    // 2^16 s is far above the maximum; without a bound the power would grow for ever.
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.failures, 16));
    this.failures += 1;
    return this.random() * ceiling;
  }

  /** When the network has just come back: soon, but not all tills at once. */
  hintMs(): number {
    this.failures = 0;
    return this.random() * BACKOFF_FIRST_MS;
  }

  /** A random part of what a gateway asks for when it goes away. */
  spreadMs(spreadMs: number): number {
    return this.random() * spreadMs;
  }
}

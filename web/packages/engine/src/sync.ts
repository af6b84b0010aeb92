/** The till's part of syncing: what the connection's news changes, and the truth that the badge tells. */
import {
  importShardKey,
  sameBytes,
  type Alarm,
  type AlarmReason,
  type Answer,
  type Bytes,
  type MarkAcked,
} from "@octonext/core";

import { TillRefusal, type SyncErrorCode, type SyncStatus } from "./api";
import type { Feeds } from "./feeds";
import { Link, type LinkHost, type Question } from "./link";
import type { Till } from "./till";

/** Alarms that a cashier can do something about, or must know of; the others are for head office alone. */
const SHOWN: Readonly<Partial<Record<AlarmReason, SyncErrorCode>>> = {
  forked: "forked",
  shard_behind: "forked",
  fenced: "fenced",
  revoked: "revoked",
  bad_signature: "bad_signature",
  bad_chain: "bad_chain",
  unknown_key: "unknown_key",
  bad_frame: "bad_frame",
  entry_too_large: "too_large",
  no_progress: "no_progress",
  unknown_device: "unknown_device",
  bad_reference: "storage",
};

/** How often somebody who waits for the line looks at it. */
const LOOK_MS = 100;
/** So many connections that could not even be made mean that there is no network. */
const UNREACHED_MAX = 2;
/** While it goes well, what a reload must not forget is written down so often: each time is a write to the disk. */
const REMEMBER_MS = 30_000;

export class Sync {
  /** Connections that could not be made, and where the machine stood before. */
  private unreached = 0;
  private before = "waiting";
  private link: Link;
  private failed = false;
  /** Whether it has been online since this worker began. */
  private contacted = false;
  private ended = false;

  constructor(
    private readonly till: Till,
    private readonly feeds: () => Feeds,
    private readonly revoked: (reason: "revoked" | "stolen") => Promise<void>,
  ) {
    this.link = this.newLink();
  }

  get online(): boolean {
    return this.link.online;
  }

  async begin(): Promise<void> {
    await this.showBacklog();
    this.link.begin();
  }

  appended(): void {
    this.link.appended();
    void this.showBacklog();
  }

  unlocked(): void {
    this.link.unlocked();
  }

  /** Asks the shard. Rejects with `offline`. */
  ask(question: Question): Promise<Answer> {
    return this.link.ask(question);
  }

  /**
   * Tries to be online, for at most so long; whether it is. A shard that has not heard of a new till yet, or a
   * connection that just broke, is worth waiting for; a network that is not there is not.
   */
  async untilOnline(ms: number): Promise<boolean> {
    const { environment } = this.till;
    const end = environment.monotonic() + ms;
    const { unreached } = this;
    // Asked once: how soon the next try is, and the one after it, is for the line's own backoff to say.
    this.link.tryNow();
    while (!this.online && this.link.machine.state !== "stopped") {
      if (environment.monotonic() >= end || this.unreached - unreached >= UNREACHED_MAX) return false;
      await new Promise<void>((resolve) => {
        environment.after(LOOK_MS, resolve);
      });
    }
    return this.online;
  }

  /** A person wants it now: also what stopped for a person to decide begins again. */
  tryNow(): void {
    const { stopped } = this.link.machine;
    if (stopped !== null && stopped.reason !== "revoked") {
      this.link.end();
      this.till.board.changeSync({ lastError: null });
      this.link = this.newLink();
    }
    this.link.tryNow();
  }

  /** Time has passed, or the network is back. What stopped waits for a person, and goes on saying why. */
  lookAgain(): void {
    if (this.link.machine.stopped === null) this.link.tryNow();
  }

  /** A new connection, with the cursors as they are after `between`. */
  async tryAgain(between: () => Promise<void>): Promise<void> {
    this.link.end();
    await between();
    if (this.ended) return;
    this.link = this.newLink();
    this.link.begin();
  }

  end(): void {
    this.ended = true;
    this.link.end();
  }

  private newLink(): Link {
    return new Link(this.till.environment, this.till.storage, this.host());
  }

  private host(): LinkHost {
    const { till } = this;
    return {
      device: till.identity.deviceId,
      branch: till.identity.branchId,
      app: `octonext-pos ${till.board.state.appVersion}`,
      cursors: () => this.feeds().cursors(),
      storeDelta: (delta) => this.feeds().store(delta),
      storeShardKey: (key) => this.storeShardKey(key),
      acked: (mark) => this.acked(mark),
      alarm: (alarm) => {
        this.alarm(alarm);
      },
      changed: () => {
        this.showState();
      },
      serverTime: (serverTimeMs) => {
        till.board.changeSync({ clockOffsetMs: Math.round(serverTimeMs - till.environment.now()) });
      },
    };
  }

  private async acked(mark: MarkAcked): Promise<void> {
    const { till } = this;
    await till.storage.markAcked({ seq: mark.seq, hash: mark.hash });
    const lastAckedAt = till.environment.now();
    till.board.changeSync({ lastAckedAt, lastError: null });
    const remembered = till.remembered.lastAckedAt;
    if (remembered === null || Math.abs(lastAckedAt - remembered) >= REMEMBER_MS) this.remember();
    await this.showBacklog();
  }

  private async storeShardKey(key: Bytes): Promise<void> {
    if (sameBytes(key, this.till.identity.shardPublicKey)) return;
    try {
      await importShardKey(key);
    } catch {
      // The key that it has still works: the shard keeps every generation.
      return;
    }
    await this.till.changeIdentity({ shardPublicKey: key });
  }

  private alarm({ reason, detail }: Alarm): void {
    const code = SHOWN[reason];
    if (code !== undefined) this.showError(code, detail);
    if (reason !== "revoked" || this.ended) return;
    this.ended = true;
    // Not awaited: what is being done may wait for this very line, and is told first that no answer comes.
    void this.revoked(/stolen/i.test(detail) ? "stolen" : "revoked");
  }

  private showError(code: SyncErrorCode, detail: string): void {
    this.till.board.changeSync({ lastError: { code, detail, at: this.till.environment.now() } });
  }

  private showState(): void {
    const { board, environment } = this.till;
    const was = board.state.sync;
    const { state: now } = this.link.machine;
    if (this.before === "connecting" && now === "waiting") this.unreached += 1;
    this.before = now;
    const state = this.state();
    if (state === "offline" && was.lastError === null) this.showError("unreachable", "");
    if (state === "online" && was.lastError?.code === "unreachable") board.changeSync({ lastError: null });
    if (state === was.state && was.since !== 0) return;
    // A reload is not the beginning of what went on before it.
    const { offlineSince } = this.till.remembered;
    const began = state === "offline" && !this.contacted ? offlineSince : null;
    this.contacted ||= state === "online";
    board.changeSync({ state, since: began ?? environment.now() });
    if (state !== "connecting") this.remember();
  }

  /** What the badge must still know after a reload. */
  private remember(): void {
    // A till that was ended writes nothing any more.
    if (this.ended) return;
    const { state, since, lastAckedAt } = this.till.board.state.sync;
    const offlineSince = state === "offline" ? since : null;
    const { remembered } = this.till;
    if (remembered.lastAckedAt === lastAckedAt && remembered.offlineSince === offlineSince) return;
    void this.till.remember({ lastAckedAt, offlineSince });
  }

  private state(): SyncStatus["state"] {
    const { state } = this.link.machine;
    if (state === "online" || state === "stopped") {
      this.failed = false;
      return state;
    }
    // Trying again is not being connected: until it succeeds the till is offline.
    if (state === "waiting") this.failed = true;
    return this.failed ? "offline" : "connecting";
  }

  /** How much is unsynced is said at once; since when is looked up. */
  private async showBacklog(): Promise<void> {
    const { board, storage } = this.till;
    const { journal } = storage;
    const { unsynced } = journal;
    board.changeSync({ unsynced, ...(unsynced === 0 ? { oldestUnsyncedAt: null } : {}) });
    if (unsynced === 0) return;
    const first = journal.acked.seq + 1;
    const oldestUnsyncedAt = await journal.writtenAt(first);
    if (first === journal.acked.seq + 1) board.changeSync({ oldestUnsyncedAt });
  }
}

/** The answer of the kind that was asked for; a refusal of the shard as one of the till. */
export function expectAnswer<T extends Answer["t"]>(answer: Answer, kind: T): Extract<Answer, { t: T }> {
  if (answer.t === kind) return answer as Extract<Answer, { t: T }>;
  const detail = answer.t === "refused" ? `${answer.reason}: ${answer.detail}` : `${answer.t} is no answer`;
  throw new TillRefusal("internal", { detail });
}

/** What happens without anybody asking: the idle lock, a look at the disk, images written together, waking up. */
import type { Environment } from "./environment";
import type { Exclusive } from "./exclusive";
import type { Parts } from "./wiring";

/** How often the engine looks around. */
const ROUND_MS = 2_000;
/** Rounds between two looks at the disk. */
const DISK_ROUNDS = 5;
/** Rounds between two times that what is old is deleted. */
const PRUNE_ROUNDS = 150;
/** Rounds between two times that what came back long ago may be forgotten. */
const FORGET_ROUNDS = 30;
/** A round that comes this late means that the machine slept or the page was frozen. */
const SLEPT_MS = 20_000;

export interface HousekeepingHost {
  lock(): void;
  exclusive: Exclusive;
}

export class Housekeeping {
  private cancel: () => void = () => undefined;
  private round = 0;
  private touchedAt: Moment;
  private roundAt: Moment;
  private ended = false;

  constructor(
    private readonly environment: Environment,
    private readonly parts: () => Parts | null,
    private readonly host: HousekeepingHost,
  ) {
    this.touchedAt = this.roundAt = this.moment();
  }

  begin(): void {
    this.next();
  }

  end(): void {
    this.ended = true;
    this.cancel();
  }

  /** Somebody is using the till. */
  touched(): void {
    this.touchedAt = this.moment();
  }

  /** Time may have passed unseen: the lock and the line are looked at now. */
  lookAgain(): void {
    this.lockIfIdle();
    this.parts()?.sync.lookAgain();
  }

  private next(): void {
    if (this.ended) return;
    this.cancel = this.environment.after(ROUND_MS, () => {
      void this.goRound().finally(() => {
        this.next();
      });
    });
  }

  private async goRound(): Promise<void> {
    const parts = this.parts();
    const slept = this.since(this.roundAt) > SLEPT_MS;
    this.roundAt = this.moment();
    this.round += 1;
    if (parts === null) return;
    if (slept) this.lookAgain();
    else this.lockIfIdle();
    // Housekeeping that fails is done again in a later round.
    if (this.round % DISK_ROUNDS === 0) await this.lookAtDisk(parts).catch(() => undefined);
    if (!this.host.exclusive.busy && parts.till.storage.vault.unlocked)
      await this.tidy(parts).catch(() => undefined);
  }

  private async lookAtDisk(parts: Parts): Promise<void> {
    await parts.watch.look();
    if (this.round % PRUNE_ROUNDS === 0 || parts.till.board.state.storage.level === "critical") {
      await parts.watch.prune();
    }
  }

  private async tidy(parts: Parts): Promise<void> {
    await parts.feeds.tidy();
    await parts.catalogue.tidy();
    if (this.round % FORGET_ROUNDS === 0) await parts.oldReturns.forget(this.host.exclusive);
  }

  private lockIfIdle(): void {
    const parts = this.parts();
    if (parts === null || parts.till.session === null || this.host.exclusive.busy) return;
    if (this.since(this.touchedAt) >= parts.till.settings.idleLockSeconds * 1000) this.host.lock();
  }

  /** By both clocks: the one may stand still while the machine sleeps, the other may be set back. */
  private since(before: Moment): number {
    const now = this.moment();
    return Math.max(now.wall - before.wall, now.steady - before.steady);
  }

  private moment(): Moment {
    return { wall: this.environment.now(), steady: this.environment.monotonic() };
  }
}

interface Moment {
  wall: number;
  steady: number;
}

/** Which tab is the till: the one that holds the Web Lock. The others wait in line and may ask for it. */

const LOCK = "octonext-till";
/** A leader that has not given way after this long is frozen or hung: its lock is taken. */
const GIVE_WAY_MS_MAX = 8_000;

/** The part of `LockManager` that is used. */
export interface Locks {
  request(
    name: string,
    options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    callback: (lock: unknown) => Promise<void> | void,
  ): Promise<unknown>;
}

export interface Roles {
  lead(): void;
  follow(): void;
  /** Resolves when nothing is being written any more. */
  release(): Promise<void>;
  /** The lock was taken away: end at once. */
  lost(): void;
}

export class Leadership {
  /** Names this tab among the others. */
  readonly id = crypto.randomUUID();
  private letGo: (() => void) | null = null;
  private waiting: AbortController | null = null;
  private ledOnce: (() => void)[] = [];

  constructor(
    private readonly locks: Locks,
    private readonly roles: Roles,
  ) {}

  /** Lead if nobody does, else follow and wait in line. */
  begin(): void {
    void this.locks
      .request(LOCK, { ifAvailable: true }, (lock) => {
        if (lock !== null) return this.hold();
        this.roles.follow();
        this.queue();
        return undefined;
      })
      .catch(() => {
        this.wasStolen();
      });
  }

  /** Resolves when this tab leads. The leader was asked to give way; one that does not is overruled. */
  takeOver(): Promise<void> {
    if (this.letGo !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting?.abort();
        this.waiting = null;
        this.take({ steal: true });
      }, GIVE_WAY_MS_MAX);
      this.ledOnce.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Another tab wants to be the till: give way, or let it pass in the line. */
  yieldTo(): void {
    if (this.letGo !== null) {
      void this.giveUp().then(() => {
        this.roles.follow();
        this.queue();
      });
      return;
    }
    this.waiting?.abort();
    this.queue();
  }

  private async giveUp(): Promise<void> {
    await this.roles.release();
    this.letGo?.();
    this.letGo = null;
  }

  private queue(): void {
    const waiting = new AbortController();
    this.waiting = waiting;
    this.take({ signal: waiting.signal });
  }

  private take(options: { steal?: boolean; signal?: AbortSignal }): void {
    void this.locks
      .request(LOCK, options, () => this.hold())
      .catch(() => {
        // Aborted while waiting: whoever aborted knows. While leading: the lock was stolen.
        this.wasStolen();
      });
  }

  private hold(): Promise<void> {
    this.waiting = null;
    return new Promise((resolve) => {
      this.letGo = resolve;
      this.roles.lead();
      for (const each of this.ledOnce.splice(0)) each();
    });
  }

  private wasStolen(): void {
    if (this.letGo === null) return;
    this.letGo = null;
    this.roles.lost();
    this.roles.follow();
    this.queue();
  }
}

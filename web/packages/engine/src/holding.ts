/** What this browser holds of a till, and looking again when that is in doubt. */
import type { Left, Opened, TillStorage } from "@octonext/storage";

/** `left`: what the till before could not leave on the disk. */
export type OpenStorage = (left: Left) => Promise<Opened>;

export class Holding {
  opened: Opened | null = null;
  private left: Left = null;
  private isAstray = false;

  constructor(private readonly openStorage: OpenStorage) {}

  /** The storage was left, and nobody has found out yet what there is. */
  get astray(): boolean {
    return this.isAstray;
  }

  /** Whatever raises leaves everything to the next try. */
  async look(): Promise<Opened> {
    const opened = await this.openStorage(this.left);
    this.opened = opened;
    this.left = null;
    this.isAstray = false;
    return opened;
  }

  /** A till that was ended and has nothing to hand over any more makes room for a new one. */
  async makeWay(): Promise<Opened | null> {
    const { opened } = this;
    if (opened?.kind !== "revoked" || opened.unsynced > 0) return opened;
    await opened.startOver();
    return this.look();
  }

  /** Head office ended the till. */
  async wipe(storage: TillStorage, reason: "revoked" | "stolen"): Promise<void> {
    try {
      await storage.wipe(reason);
    } finally {
      await this.leave(storage);
      await this.look();
    }
  }

  async leave(storage: TillStorage): Promise<void> {
    this.isAstray = true;
    this.left = await storage.abandon();
  }
}

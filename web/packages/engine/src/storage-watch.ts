/** Keeps an eye on the disk: how full it is, whether the copy works, and what may be deleted. */
import type { Till } from "./till";

export class StorageWatch {
  constructor(private readonly till: Till) {}

  async look(): Promise<void> {
    const { board, storage } = this.till;
    const figures = await storage.figures();
    board.changeStorage(figures);
  }

  /** Deletes what is acknowledged and old; under pressure, all but the last. */
  async prune(): Promise<void> {
    const { board, book, storage } = this.till;
    // A locked till does not know which shift is open: its front does.
    const openKeyId = book.shift?.id ?? board.state.shift?.id ?? null;
    await storage.prune({ openKeyId, pressed: board.state.storage.level !== "ok" });
  }

  async requestPersistence(): Promise<boolean> {
    const persisted = await this.till.storage.requestPersistence();
    await this.look();
    return persisted;
  }
}

/**
 * Forgets what came back of receipts long ago. While the journal keeps the entry that brought something back, the
 * till refuses to bring it back again; once that entry is gone, so is the receipt, if it was this till's own, and
 * only the shard can say what is left of it: it has the entry, for nothing else is ever pruned.
 */
import type { Exclusive } from "./exclusive";
import { RETURNED } from "./collections";
import type { CartStore } from "./cart-store";
import { lastBack, returnedKey } from "./returned";
import type { Till } from "./till";

/** Entries that the journal gives up between two looks: each look opens every record. */
const LOOK_ENTRIES = 500;
/** Records that are forgotten at a time; nobody can pay meanwhile. */
const BATCH = 64;

export class OldReturns {
  /** What the journal began after when it was looked last. */
  private lookedAt = 0;

  constructor(
    private readonly till: Till,
    private readonly store: CartStore,
  ) {}

  /** How many records were forgotten. The till is unlocked. */
  async forget(exclusive: Exclusive): Promise<number> {
    const { storage } = this.till;
    const { base } = storage.journal;
    // At the first look a till does not know what it has looked at before.
    if (base.seq === 0 || (this.lookedAt > 0 && base.seq < this.lookedAt + LOOK_ENTRIES)) return 0;
    const records = await storage.all(RETURNED);
    const old = records.filter(({ value }) => lastBack(value) <= base.seq).map(({ key }) => key);
    let forgotten = 0;
    for (let first = 0; first < old.length; first += BATCH) {
      const keys = old.slice(first, first + BATCH);
      forgotten += await exclusive.run(() => this.remove(keys, base.seq));
    }
    this.lookedAt = base.seq;
    return forgotten;
  }

  /** More may have come back since they were read, and a cart that was put aside may bring back more. */
  private async remove(keys: readonly string[], through: number): Promise<number> {
    const { storage } = this.till;
    if (!storage.vault.unlocked) return 0;
    const wanted = new Set((await this.store.originals()).map(returnedKey));
    const removes: { collection: typeof RETURNED; key: string }[] = [];
    for (const key of keys) {
      if (wanted.has(key) || lastBack(await storage.get(RETURNED, key)) > through) continue;
      removes.push({ collection: RETURNED, key });
    }
    if (removes.length > 0) await storage.commit({ removes });
    return removes.length;
  }
}

/**
 * The durable, encrypted journal of a till: what is in it is what the till stands for. It holds ciphertexts,
 * hashes and wrapped keys. A commit counts only when its transaction is on the disk and what is there was
 * read back; what is not given back is taken out of the copy again.
 */
import { genesis, sameBytes, type Bytes } from "@octonext/core";

import type { Journal, Json, Place, SealedEntry, WrappedKey } from "./api";
import {
  readPlace,
  type Database,
  type EntryRow,
  type KeyRow,
  type ReceiptRow,
  type RecordRow,
} from "./database";
import { asStorageError, StorageError } from "./errors";
import type { TillVault } from "./vault";
import { settled } from "./transaction";

/** A commit with everything sealed. */
export interface Prepared {
  entries: EntryRow[];
  key: KeyRow | null;
  records: RecordRow[];
  removed: { collection: string; id: string }[];
  receipts: ReceiptRow[];
}

/** The ends of a journal, as far as they hang together. */
export interface Ends {
  head: Place;
  acked: Place;
  base: Place;
}

/**
 * A till keeps acknowledged entries for longer than the oldest copy that a shard would be restored from, and
 * for as long as somebody may come back with a receipt.
 */
export const KEEP_DAYS = 40;
/** A clock that is years off must not delete everything; so many stay in any case, and when room is scarce. */
export const KEEP_ENTRIES = 2_000;
const DAY_MS = 86_400_000;
const WRITTEN = ["entries", "keys", "records", "receipts", "places"] as const;

export class TillJournal implements Journal {
  constructor(
    private readonly database: Database,
    private readonly vault: TillVault,
    private ends: Ends,
  ) {}

  private isDoubtful = false;
  /** Where a write that is not known to have failed would have led. */
  private attempted: Place | null = null;

  /** What the database holds is not known any more, until it is opened anew. */
  get doubtful(): boolean {
    return this.isDoubtful;
  }

  doubt(): void {
    this.isDoubtful = true;
  }

  get head(): Place {
    return this.ends.head;
  }

  get acked(): Place {
    return this.ends.acked;
  }

  get base(): Place {
    return this.ends.base;
  }

  get unsynced(): number {
    return this.ends.head.seq - this.ends.acked.seq;
  }

  /**
   * One strict transaction, read back; `durable` runs between the two, and what it gives takes it back. Raises
   * `storage_full`, `storage_failed`: then nothing of it counts.
   */
  async write(prepared: Prepared, durable: () => () => void): Promise<void> {
    if (this.isDoubtful) throw new StorageError("storage_failed", { detail: "the database is in doubt" });
    const head = headOf(prepared);
    this.attempted = head;
    const writing = this.database.transaction(WRITTEN, "readwrite", { durability: "strict" });
    const requests: Promise<unknown>[] = [];
    for (const row of prepared.entries) requests.push(writing.objectStore("entries").add(row));
    if (prepared.key !== null) requests.push(writing.objectStore("keys").put(prepared.key));
    for (const row of prepared.records) requests.push(writing.objectStore("records").put(row));
    for (const { collection, id } of prepared.removed) {
      requests.push(writing.objectStore("records").delete([collection, id]));
    }
    for (const row of prepared.receipts) requests.push(writing.objectStore("receipts").put(row));
    if (head !== null) requests.push(writing.objectStore("places").put(head, "head"));
    // Asked for already: the database answers when the writing has ended, which saves a way there and back.
    const reading = this.found(prepared);
    // If the writing fails, nobody wants to know.
    reading.catch(() => undefined);
    await settled([...requests, writing.done]);
    const takeBack = durable();
    // While it is read back nothing is in doubt yet: who asks meanwhile has another write in mind.
    const found = await this.sureOf(reading);
    if (!found) {
      this.isDoubtful = true;
      takeBack();
      const detail = "the database does not give back what was written";
      throw new StorageError("storage_failed", { detail });
    }
    this.settle(head);
  }

  /** Whether a write that was said to have failed is in the database after all: then it counts. */
  async holds(prepared: Prepared): Promise<boolean> {
    const found = await this.sureOf(this.found(prepared));
    this.settle(found ? headOf(prepared) : null);
    return found;
  }

  /** Whether this database ends where the journal does, or where a write that is in doubt would end. */
  async endsIn(database: Database): Promise<boolean> {
    const found = await readPlace(database, "head");
    if (found === undefined) return false;
    const { head } = this.ends;
    return samePlace(found, head) || (this.attempted !== null && samePlace(found, this.attempted));
  }

  async entries(first: number, last: number): Promise<SealedEntry[]> {
    if (first > last) return [];
    return (await this.database.getAll("entries", IDBKeyRange.bound(first, last))).map(sealedEntry);
  }

  async outgoing(after: number, limit: number): Promise<{ prev: Bytes; entries: SealedEntry[] } | null> {
    const prev = await this.hashAt(after);
    if (prev === null) return null;
    const last = Math.min(after + limit, this.head.seq);
    return { prev, entries: await this.entries(after + 1, last) };
  }

  async entriesOf(keyId: string): Promise<SealedEntry[]> {
    return (await this.database.getAllFromIndex("entries", "key", keyId)).map(sealedEntry);
  }

  async key(id: string): Promise<WrappedKey | null> {
    return (await this.database.get("keys", id)) ?? null;
  }

  async writtenAt(seq: number): Promise<number | null> {
    const row = await this.database.get("entries", seq);
    if (row === undefined) return null;
    return (await this.vault.lockedSealer.openJson(`written|${seq}`, row.t)) as number;
  }

  async receipt(seq: number): Promise<Json | null> {
    const row = await this.database.get("receipts", seq);
    return row === undefined ? null : this.openReceipt(row);
  }

  async receipts(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<{ seq: number; value: Json }[]> {
    const rows: ReceiptRow[] = [];
    const reading = this.database.transaction("receipts");
    let cursor = await reading.store.openCursor(IDBKeyRange.upperBound(before, true), "prev");
    while (cursor !== null && rows.length < limit) {
      rows.push(cursor.value);
      cursor = await cursor.continue();
    }
    return Promise.all(rows.map(async (row) => ({ seq: row.seq, value: await this.openReceipt(row) })));
  }

  /** Raises `not_ours` {seq} when the journal has another hash there, or nothing. */
  async markAcked(acked: Place): Promise<void> {
    const own = await this.hashAt(acked.seq);
    if (own === null || !sameBytes(own, acked.hash)) throw new StorageError("not_ours", { seq: acked.seq });
    // Not strict: after a power cut the shard says it again.
    const writing = this.database.transaction("places", "readwrite", { durability: "relaxed" });
    await settled([writing.store.put({ seq: acked.seq, hash: acked.hash }, "acked"), writing.done]);
    this.ends = { ...this.ends, acked };
  }

  async prune(options: { openKeyId: string | null; pressed?: boolean }, now: number): Promise<number> {
    let last = Math.min(this.acked.seq - 1, this.head.seq - KEEP_ENTRIES);
    if (options.openKeyId !== null) {
      // After a restart the open shift's entries say what must be in the drawer.
      const first = await this.database.getKeyFromIndex("entries", "key", options.openKeyId);
      if (first !== undefined) last = Math.min(last, first - 1);
    }
    if (options.pressed !== true) last = await this.lastWrittenBefore(now - KEEP_DAYS * DAY_MS, last);
    if (last <= this.base.seq) return 0;
    const hash = await this.hashAt(last);
    if (hash === null) return 0;
    return this.cut({ seq: last, hash });
  }

  private async cut(base: Place): Promise<number> {
    const gone = IDBKeyRange.upperBound(base.seq);
    const writing = this.database.transaction(WRITTEN, "readwrite", { durability: "strict" });
    const entries = writing.objectStore("entries");
    const keys = writing.objectStore("keys");
    await Promise.all([
      entries.delete(gone),
      writing.objectStore("receipts").delete(gone),
      writing.objectStore("places").put(base, "base"),
    ]);
    const [newest] = await Promise.all([entries.get(this.head.seq)]);
    for (const id of await keys.getAllKeys()) {
      const used = id === newest?.k || (await entries.index("key").count(id)) > 0;
      if (!used) await keys.delete(id);
    }
    await settled([writing.done]);
    const count = base.seq - this.base.seq;
    this.ends = { ...this.ends, base };
    return count;
  }

  /** The last seq up to `last` that was written before `time`; places are in order, clocks nearly so. */
  private async lastWrittenBefore(time: number, last: number): Promise<number> {
    let low = this.base.seq;
    let high = last;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const at = await this.writtenAt(middle);
      if (at !== null && at < time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private async hashAt(seq: number): Promise<Bytes | null> {
    if (seq === 0) return genesis();
    if (seq === this.base.seq) return this.base.hash;
    return (await this.database.get("entries", seq))?.h ?? null;
  }

  private async openReceipt(row: ReceiptRow): Promise<Json> {
    return this.vault.open.sealer.openJson(`receipt|${row.seq}`, row.sealed);
  }

  private settle(head: Place | null): void {
    this.attempted = null;
    if (head !== null) this.ends = { ...this.ends, head };
  }

  private async sureOf(reading: Promise<boolean>): Promise<boolean> {
    try {
      return await reading;
    } catch (error) {
      this.isDoubtful = true;
      throw asStorageError(error, "reading back");
    }
  }

  private async found(prepared: Prepared): Promise<boolean> {
    const head = headOf(prepared);
    const reading = this.database.transaction(WRITTEN);
    const pairs: Promise<boolean>[] = [];
    const same = async (written: object, found: Promise<object | undefined>): Promise<boolean> =>
      sameRow(written, await found);
    for (const row of prepared.entries) pairs.push(same(row, reading.objectStore("entries").get(row.seq)));
    if (prepared.key !== null)
      pairs.push(same(prepared.key, reading.objectStore("keys").get(prepared.key.id)));
    for (const row of prepared.records) {
      pairs.push(same(row, reading.objectStore("records").get([row.collection, row.id])));
    }
    for (const { collection, id } of prepared.removed) {
      pairs.push(
        reading
          .objectStore("records")
          .count([collection, id])
          .then((count) => count === 0),
      );
    }
    for (const row of prepared.receipts) pairs.push(same(row, reading.objectStore("receipts").get(row.seq)));
    if (head !== null) pairs.push(same(head, reading.objectStore("places").get("head")));
    return (await Promise.all(pairs)).every(Boolean);
  }
}

function headOf({ entries }: Prepared): Place | null {
  const last = entries.at(-1);
  return last === undefined ? null : { seq: last.seq, hash: last.h };
}

/**
 * The ends of the journal in this database. Raises `storage_failed` when something between them is missing:
 * it holds less than it said was durable.
 */
export async function readEnds(database: Database): Promise<Ends> {
  const [head, acked, base] = await Promise.all([
    readPlace(database, "head"),
    readPlace(database, "acked"),
    readPlace(database, "base"),
  ]);
  if (head === undefined || acked === undefined || base === undefined) throw lost("its places");
  const [count, last] = await Promise.all([database.count("entries"), database.get("entries", head.seq)]);
  if (count !== head.seq - base.seq) throw lost(`${head.seq - base.seq - count} entries`);
  if (acked.seq < base.seq || acked.seq > head.seq) throw lost("what was acknowledged");
  const ending = last?.h ?? (base.seq === head.seq ? base.hash : null);
  if (ending === null || !sameBytes(ending, head.hash)) throw lost("its last entry");
  return { head, acked, base };
}

function samePlace(one: Place, other: Place): boolean {
  return one.seq === other.seq && sameBytes(one.hash, other.hash);
}

export function sealedEntry(row: EntryRow): SealedEntry {
  return { seq: row.seq, keyId: row.k, hash: row.h, ciphertext: row.c };
}

function lost(what: string): StorageError {
  return new StorageError("storage_failed", { detail: `the database has lost ${what}` });
}

function sameRow(written: object, found: object | undefined): boolean {
  if (found === undefined) return false;
  const values = new Map(Object.entries(found) as [string, unknown][]);
  return Object.entries(written).every(([name, value]: [string, unknown]) => {
    const other = values.get(name);
    return value instanceof Uint8Array && other instanceof Uint8Array
      ? sameBytes(value, other)
      : value === other;
  });
}

/** One till's storage while the app runs: database, vault, copy and quota as one thing. */
import { ciphertextsDigest, pushMessage, sameBytes, type Bytes } from "@octonext/core";

import type {
  Collection,
  Commit,
  Json,
  Place,
  Rescue,
  StorageFigures,
  StoredIdentity,
  TillStorage,
} from "./api";
import { Connection } from "./connection";
import type { Copy } from "./copy";
import { readPlace, reopenDatabase, type Database, type EntryRow, type TillRow } from "./database";
import type { Environment } from "./environment";
import { asStorageError, mayNeedRoom, StorageError } from "./errors";
import { SealedImages } from "./images";
import { readEnds, TillJournal, type Prepared } from "./journal";
import type { LockedKeys } from "./keys";
import { reconcile } from "./mirror";
import { People } from "./people";
import type { Quota } from "./quota";
import { pushesOf } from "./rescue-pushes";
import { Turns } from "./turns";
import { TillVault } from "./vault";
import { wipeDatabase } from "./wipe";
import { settled } from "./transaction";

/** A copy that fails is tried again at every so many commits. */
const MEND_EVERY = 16;

export class BrowserTill implements TillStorage {
  private readonly turns = new Turns();
  private sinceMending = 0;
  /** A write that failed, as long as nobody could ask the disk whether it did. */
  private unsure: { prepared: Prepared; error: unknown } | null = null;

  private constructor(
    private readonly environment: Environment,
    private readonly connection: Connection,
    private till: TillRow,
    private readonly staff: People,
    private readonly copy: Copy,
    private readonly quota: Quota,
    readonly vault: TillVault,
    readonly journal: TillJournal,
    readonly images: SealedImages,
  ) {}

  /** Of a database that is whole; makes the copy hold what it should. */
  static async start(
    environment: Environment,
    opened: Database,
    copy: Copy,
    quota: Quota,
  ): Promise<BrowserTill> {
    const { indexedDB, superseded } = environment;
    const [till, keys, ends] = await Promise.all([
      readPlace(opened, "till"),
      readKeys(opened),
      readEnds(opened),
    ]);
    if (till === undefined || keys === null) {
      throw new StorageError("storage_failed", { detail: "the database has lost its keys" });
    }
    const reopen = () => reopenDatabase(indexedDB, superseded);
    const connection: Connection = new Connection(opened, reopen, {
      check: (next) => isOfTill(next, till, journal),
      lost: () => {
        journal.doubt();
        void storage.keepCopy();
      },
      makeRoom: () => {
        quota.makeRoom();
      },
      makeRoomToOpen: () => {
        quota.makeRoomToOpen();
      },
    });
    const { database } = connection;
    const staff = new People(environment, database, keys, till, copy);
    const vault = new TillVault(environment, keys, till, staff);
    const journal = new TillJournal(database, vault, ends);
    // Trying the disk fills it for a moment: no receipt is written then.
    const needRoom = (bytes: number): Promise<void> =>
      storage.turns.take(() => {
        quota.needRoom(bytes);
        return Promise.resolve();
      });
    const images = new SealedImages(connection.unguarded, vault, needRoom);
    const storage: BrowserTill = new BrowserTill(
      environment,
      connection,
      till,
      staff,
      copy,
      quota,
      vault,
      journal,
      images,
    );
    await storage.mend();
    return storage;
  }

  async identity(): Promise<StoredIdentity> {
    return (await this.vault.lockedSealer.openJson("identity", this.till.identity)) as StoredIdentity;
  }

  saveIdentity(identity: StoredIdentity): Promise<void> {
    return this.turns.take(async () => {
      const sealed = await this.vault.lockedSealer.sealJson("identity", identity);
      // While locked the copy keeps the older one; what changes in it, the shard says again.
      const copied = this.vault.unlocked ? await this.vault.open.sealer.sealJson("identity", identity) : null;
      const till = { ...this.till, identity: sealed, copyIdentity: copied ?? this.till.copyIdentity };
      const writing = this.database.transaction("places", "readwrite", { durability: "strict" });
      await settled([writing.store.put(till, "till"), writing.done]);
      this.till = till;
      if (copied !== null) this.copy.putTill(till);
    });
  }

  commit(commit: Commit): Promise<void> {
    return this.turns.take(async () => {
      const prepared = await this.prepare(commit);
      const prev = this.journal.head.hash;
      let takeBack: (() => void) | null = null;
      const copy = (): (() => void) =>
        (takeBack ??= this.copy.append({
          prev,
          entries: prepared.entries,
          keys: prepared.key === null ? [] : [prepared.key],
          records: prepared.records.filter((row) => row.copied === 1),
          removed: prepared.removed,
        }));
      // The copy is flushed while the database is asked for what it holds: a receipt waits for both.
      await this.write(prepared, copy);
      // A write that was said to have failed, and is there.
      copy();
      // What is durable is not refused for the copy's sake.
      await this.mendNowAndThen().catch(() => undefined);
    });
  }

  get doubtful(): boolean {
    return this.journal.doubtful;
  }

  async get(collection: Collection, key: string): Promise<Json | null> {
    const { sealer, id } = await this.vault.forCollection(collection, key);
    const row = await this.database.get("records", [collection.name, id]);
    if (row === undefined) return null;
    return named(await sealer.openJson(`record|${collection.name}|${id}`, row.sealed)).value;
  }

  async all(collection: Collection): Promise<{ key: string; value: Json }[]> {
    const { sealer } = await this.vault.forCollection(collection, "");
    const { name } = collection;
    const rows = await this.database.getAll("records", IDBKeyRange.bound([name], [name, []]));
    return Promise.all(
      rows.map(async ({ id, sealed }) => named(await sealer.openJson(`record|${name}|${id}`, sealed))),
    );
  }

  markAcked(acked: Place): Promise<void> {
    return this.turns.take(async () => {
      await this.journal.markAcked(acked);
      this.copy.acknowledge(acked);
    });
  }

  prune(options: { openKeyId: string | null; pressed?: boolean }): Promise<number> {
    return this.turns.take(() => this.journal.prune(options, this.environment.now()));
  }

  async figures(): Promise<StorageFigures> {
    if (this.unsure !== null) await this.turns.take(() => this.lookBack()).catch(() => undefined);
    await this.reconnect().catch(() => undefined);
    await this.keepCopy();
    const figures = await this.quota.figures();
    await this.turns.take(() => {
      this.quota.takeAgain();
      return Promise.resolve();
    });
    return { ...figures, copy: this.copy.status };
  }

  requestPersistence(): Promise<boolean> {
    return this.quota.requestPersistence();
  }

  async rescue(): Promise<Rescue> {
    const { acked, head } = this.journal;
    const rows = await this.database.getAll("entries", IDBKeyRange.bound(acked.seq, head.seq));
    const keys = await this.database.getAll("keys");
    const { device, branch } = this.till;
    return {
      device,
      branch,
      pushes: await pushesOf(acked, rows, keys, { device, sign: (m) => this.vault.sign(m) }),
    };
  }

  wipe(reason: "revoked" | "stolen"): Promise<void> {
    return this.turns.take(async () => {
      this.vault.lock();
      // Nothing is sold on it any more.
      this.quota.release();
      try {
        await wipeDatabase(this.connection.unguarded, reason);
      } finally {
        // A start that finds it here wipes the database.
        this.copy.revoke(reason);
      }
    });
  }

  async reconnect(): Promise<void> {
    if (!this.connection.dead || this.doubtful) return;
    await this.turns
      .take(() => this.connection.reopen())
      .catch((error: unknown) => {
        if (!this.doubtful) throw asStorageError(error, "opening the database again");
      });
  }

  abandon(): Promise<Copy | null> {
    return this.turns.take(async () => {
      this.vault.lock();
      this.connection.close();
      await this.quota.end();
      return (await this.copy.end()) ? null : this.copy;
    });
  }

  close(): void {
    this.vault.lock();
    this.connection.close();
    this.copy.close();
    this.quota.close();
  }

  private get database(): Database {
    return this.connection.database;
  }

  /** Gives up the reserve for what there is no room for. Whatever a failed write says, the disk knows. */
  private async write(prepared: Prepared, durable: () => () => void): Promise<void> {
    // Not even asked of the database, so that nothing is open to doubt.
    this.quota.makeRoom();
    await this.lookBack();
    for (;;) {
      try {
        await this.journal.write(prepared, durable);
        return;
      } catch (raised) {
        const error = asStorageError(raised, "writing");
        // It was written, and cannot be read: only a new start finds out more.
        if (this.journal.doubtful) throw error;
        const hasRoom = error.code === "storage_full" && this.quota.release();
        this.unsure = { prepared, error };
        if (await this.becomeSure()) return;
        if (!hasRoom) throw error;
      }
    }
  }

  /** The room that was missing may be there again. What was said to have failed and is there is a doubt. */
  private async lookBack(): Promise<void> {
    if (await this.becomeSure()) this.journal.doubt();
  }

  /** Asks the disk for what a failed write left open; whether it is there. Raises what the write raised. */
  private async becomeSure(): Promise<boolean> {
    if (this.unsure === null) return false;
    const { prepared, error } = this.unsure;
    const found = await this.isWritten(prepared).catch(() => {
      // What only lacked room is asked for again with the next write; otherwise a new start must find out.
      if (!mayNeedRoom(error)) this.journal.doubt();
      throw error;
    });
    this.unsure = null;
    return found;
  }

  /** A browser that could not write has closed the connection, so the answer needs another one. */
  private async isWritten(prepared: Prepared): Promise<boolean> {
    await this.connection.reopen();
    return this.journal.holds(prepared);
  }

  private async prepare(commit: Commit): Promise<Prepared> {
    const entries = commit.entries ?? [];
    entries.forEach((entry, index) => {
      const next = this.journal.head.seq + 1 + index;
      if (entry.seq !== next) throw new RangeError(`the journal goes on at ${next}, not at ${entry.seq}`);
    });
    const [rows, records, removed, receipts] = await Promise.all([
      Promise.all(
        entries.map(async (entry): Promise<EntryRow> => ({
          seq: entry.seq,
          k: entry.keyId,
          h: entry.hash,
          c: entry.ciphertext,
          s: await this.signed(entry.seq, entry.hash, entry.ciphertext),
          t: await this.vault.lockedSealer.sealJson(`written|${entry.seq}`, entry.at),
        })),
      ),
      Promise.all((commit.puts ?? []).map((put) => this.sealed(put.collection, put.key, put.value))),
      Promise.all(
        (commit.removes ?? []).map(async ({ collection, key }) => {
          const { id } = await this.vault.forCollection(collection, key);
          return { collection: collection.name, id };
        }),
      ),
      Promise.all(
        (commit.receipts ?? []).map(async ({ seq, value }) => ({
          seq,
          sealed: await this.vault.open.sealer.sealJson(`receipt|${seq}`, value),
        })),
      ),
    ]);
    return { entries: rows, key: commit.key ?? null, records, removed, receipts };
  }

  private async sealed(
    collection: Collection,
    key: string,
    value: Json,
  ): Promise<Prepared["records"][number]> {
    const { sealer, id } = await this.vault.forCollection(collection, key);
    const sealed = await sealer.sealJson(`record|${collection.name}|${id}`, { key, value });
    const row = { collection: collection.name, id, sealed };
    return collection.copied === true && collection.readable === "open" ? { ...row, copied: 1 } : row;
  }

  /** A push of exactly this entry, so that it can be handed over when no key is left. */
  private async signed(seq: number, hash: Bytes, ciphertext: Bytes): Promise<Bytes> {
    return this.vault.sign(pushMessage(this.till.device, seq, hash, await ciphertextsDigest([ciphertext])));
  }

  private async mendNowAndThen(): Promise<void> {
    if (!this.copy.suspect) return;
    this.sinceMending = (this.sinceMending + 1) % MEND_EVERY;
    if (this.sinceMending === 0) await this.mend();
  }

  /** A browser that clears everything deletes the copy's files too, and tells nobody. */
  private keepCopy(): Promise<void> {
    return this.turns.take(() => this.copy.surface()).catch(() => undefined);
  }

  private async mend(): Promise<void> {
    await reconcile(this.database, this.copy, this.till, this.staff);
  }
}

/** Raises `storage_failed` for a database that is empty, another till's, or of another time. */
async function isOfTill(database: Database, till: TillRow, journal: TillJournal): Promise<void> {
  const found = await readPlace(database, "till");
  const isSame =
    found?.device === till.device && sameBytes(found.salt, till.salt) && (await journal.endsIn(database));
  if (!isSame) throw new StorageError("storage_failed", { detail: "the database is not the one before" });
}

export async function readKeys(database: Database): Promise<LockedKeys | null> {
  const [locked, ids, device] = await Promise.all([
    database.get("keyring", "locked"),
    database.get("keyring", "ids"),
    database.get("keyring", "device"),
  ]);
  return locked === undefined || ids === undefined || device === undefined ? null : { locked, ids, device };
}

function named(value: Json): { key: string; value: Json } {
  return value as { key: string; value: Json };
}

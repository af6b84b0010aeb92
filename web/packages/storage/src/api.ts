/**
 * What the engine asks of a till's storage. Whoever holds these interfaces never sees a raw key, and what
 * goes through them onto the disk is ciphertext, opaque ids, sequence numbers and hashes.
 */
import type { Bytes } from "@octonext/core";

import type { Copy } from "./copy";

export type Json = string | number | boolean | null | Json[] | { [member: string]: Json | undefined };

/** A place in the journal: the last seq (0 for none) and the hash there (32 zero bytes for none). */
export interface Place {
  seq: number;
  hash: Bytes;
}

/** An entry as the journal keeps it and a push carries it. */
export interface SealedEntry {
  seq: number;
  keyId: string;
  hash: Bytes;
  ciphertext: Bytes;
}

/** An entry on its way into the journal, with the till's wall clock in ms (kept sealed; evidence only). */
export interface NewEntry extends SealedEntry {
  at: number;
}

export interface WrappedKey {
  id: string;
  forShard: Bytes;
  /** Empty on a till that was revoked. */
  forTill: Bytes;
}

/** What every till must know of itself; the rest is the engine's. Readable while the till is locked. */
export interface StoredIdentity {
  deviceId: number;
  branchId: number;
  [member: string]: Json;
}

/** Somebody who has signed in at this till; the rest is the engine's. Readable while the till is locked. */
export interface StoredPerson {
  id: string;
  code: string;
  [member: string]: Json;
}

/**
 * Where sealed records live, and who can read them: `locked*` also while nobody is signed in, all others
 * only while the till is open. Records of `copied` survive the loss of the database (they are in the copy).
 */
export interface Collection {
  name: string;
  readable: "always" | "open";
  /** Small ones only: shift totals, what is open, the last hybrid time. Needs `readable: "open"`. */
  copied?: boolean;
}

export interface RecordPut {
  collection: Collection;
  /** Plain; what lies on the disk is its HMAC. */
  key: string;
  value: Json;
}

export interface RecordName {
  collection: Collection;
  key: string;
}

export interface Commit {
  /** They follow the journal's end; none to write records alone. */
  entries?: NewEntry[];
  /** The shift key that these entries are the first to use. */
  key?: WrappedKey;
  puts?: RecordPut[];
  removes?: RecordName[];
  /** What a list of receipts shows, by the seq of its entry; any JSON. */
  receipts?: { seq: number; value: Json }[];
}

export type Outcome = "posted" | "posted_with_case" | "quarantined";

export interface Journal {
  readonly head: Place;
  readonly acked: Place;
  /** The place before the first entry that is still here. */
  readonly base: Place;
  readonly unsynced: number;
  entries(first: number, last: number): Promise<SealedEntry[]>;
  /** The hash before and the entries after `after`; null when the journal does not hold that place. */
  outgoing(after: number, limit: number): Promise<{ prev: Bytes; entries: SealedEntry[] } | null>;
  entriesOf(keyId: string): Promise<SealedEntry[]>;
  key(id: string): Promise<WrappedKey | null>;
  /** When an entry was written (ms); null when it is not here. */
  writtenAt(seq: number): Promise<number | null>;
  receipt(seq: number): Promise<Json | null>;
  /** Newest first, below `before` when given. */
  receipts(limit: number, before?: number): Promise<{ seq: number; value: Json }[]>;
}

export interface Vault {
  readonly unlocked: boolean;
  /** SubjectPublicKeyInfo of the device key. */
  readonly publicKey: Bytes;
  /** By the device key (raw 64 bytes); also while locked. */
  sign(message: Bytes): Promise<Bytes>;
  people(): Promise<StoredPerson[]>;
  /** Somebody will type a PIN soon: what can be made ready for it is. */
  expectPin(): void;
  /**
   * Opens the till with somebody's PIN, offline. Raises `StorageError` `wrong_pin` {left}, `locked_out`
   * {retryAfterMs}, `online_sign_in_needed` (unknown here, or ten wrong PINs).
   */
  unlock(request: { code: string; pin: string }): Promise<StoredPerson>;
  /**
   * Somebody signed in at the server, which gave the device's share: opens the till, and this person can
   * unlock it from now on. Raises `wrong_share` when it is not the share that this till was enrolled with.
   */
  admit(request: { person: StoredPerson; pin: string; share: Bytes }): Promise<void>;
  /** Nobody can unlock with this person's PIN any more (dismissed, or the PIN was changed). */
  forget(personId: string): Promise<void>;
  /**
   * Whether a PIN fits what head office says of it (Argon2id PHC string), with the same count of wrong
   * ones as `unlock`. Raises as `unlock` does.
   */
  checkPin(request: { personId: string; pin: string; phc: string }): Promise<void>;
  /** Drops every key that opens something; `sign` and the collections readable "always" stay. */
  lock(): void;
  /** A new shift key: `seal` for its entries, `wrapped` for `commit`. Needs the till open. */
  newShiftKey(request: {
    id: string;
    shardPublicKey: Bytes;
  }): Promise<{ seal: CryptoKey; wrapped: WrappedKey }>;
  openShiftKey(wrapped: WrappedKey): Promise<CryptoKey>;
}

/** Rows of a feed, or an image of them, as bytes: the catalogue, customers. Readable while open. */
export interface Images {
  /** Where a feed stands; readable while locked. */
  cursor(feed: string): Promise<string | null>;
  /** Segments for one or more images and the feed's cursor, in one transaction. The last segment of each image. */
  storeDelta(request: {
    feed: string;
    cursor: string;
    segments: { image: string; bytes: Bytes }[];
  }): Promise<ReadonlyMap<string, number>>;
  /** Fetches an image and its segments as they are, sealed; also while locked. The next `read` opens those. */
  prefetch(image: string): void;
  /** The image as it was given, in parts (null for none yet), and the segments after it in order. `through` names the last of them. */
  read(image: string): Promise<{ image: Bytes[] | null; segments: Bytes[]; through: number }>;
  /** Replaces the image, and drops the segments that it contains. A crash leaves the old or the new one. */
  replace(request: { image: string; parts: Bytes[]; through: number }): Promise<void>;
  /** Everything of a feed anew: drops images and cursor. */
  clear(request: { feed: string; images: string[] }): Promise<void>;
}

export interface StorageFigures {
  persisted: boolean | null;
  usedBytes: number;
  quotaBytes: number;
  level: "ok" | "low" | "critical";
  copy: "ok" | "unavailable" | "failing";
}

/** A push of another device's entries, signed by that device: what `rescue` carries. */
export interface RescuePush {
  first: number;
  prev: Bytes;
  entries: { keyId: string; hash: Bytes; ciphertext: Bytes }[];
  keys: { id: string; forShard: Bytes }[];
  signature: Bytes;
}

export interface Rescue {
  device: number;
  branch: number;
  pushes: RescuePush[];
}

export interface TillStorage {
  readonly vault: Vault;
  readonly journal: Journal;
  readonly images: Images;
  identity(): Promise<StoredIdentity>;
  saveIdentity(identity: StoredIdentity): Promise<void>;
  /**
   * One strict transaction of all of it, read back and compared byte by byte; then the copy, flushed. When
   * it resolves, the entries are durable. Raises `storage_full`, `storage_failed` {detail}: nothing of it
   * counts then. The copy failing raises nothing: see `figures`.
   */
  commit(commit: Commit): Promise<void>;
  /**
   * Something was written and could not be read back, or the database is not the one it was: nothing more is
   * written; `close`, and `openTill` again tells what there is.
   */
  readonly doubtful: boolean;
  get(collection: Collection, key: string): Promise<Json | null>;
  all(collection: Collection): Promise<{ key: string; value: Json }[]>;
  /** The shard holds everything up to `seq`, and its hash is the till's own: raises `not_ours` otherwise. */
  markAcked(acked: Place): Promise<void>;
  /**
   * Deletes what is acknowledged and older than anybody needs. `pressed`: only the last ones stay. Entries of
   * the shift `openKeyId` always stay. How many went.
   */
  prune(options: { openKeyId: string | null; pressed?: boolean }): Promise<number>;
  figures(): Promise<StorageFigures>;
  requestPersistence(): Promise<boolean>;
  /** What is not on the shard yet, for another till to hand over. */
  rescue(): Promise<Rescue>;
  /** Revocation: all keys, people, records, images go; sealed entries and the shard's wraps of keys stay. */
  wipe(reason: "revoked" | "stolen"): Promise<void>;
  /**
   * A browser closes the database when it could not write; this opens it again. Raises `storage_full`,
   * `storage_failed`.
   */
  reconnect(): Promise<void>;
  /** Of files that nobody can have deleted: an end of which nothing is waited for. */
  close(): void;
  /**
   * `close` whatever happened to the files. Gives the copy when the browser has deleted its files and makes no new
   * ones: what is in it is nowhere else, and `openTill` must have it.
   */
  abandon(): Promise<Left>;
}

/** The copy of a till that was abandoned, when it could not be left on the disk. */
export type Left = Copy | null;

export interface Enrolment {
  /** SubjectPublicKeyInfo, for the enrolment request. */
  publicKey: Bytes;
  /** The answer came: the till exists. It is open until `lock` or a reload, with nobody signed in. */
  complete(request: { identity: StoredIdentity; share: Bytes }): Promise<TillStorage>;
}

export type Opened =
  /** No till here. */
  | { kind: "unenrolled"; beginEnrolment(): Promise<Enrolment> }
  /** `healed`: entries that the database lacked and the copy had. */
  | { kind: "ready"; storage: TillStorage; healed: number }
  | {
      kind: "revoked";
      reason: "revoked" | "stolen";
      unsynced: number;
      rescue(): Promise<Rescue>;
      startOver(): Promise<void>;
    }
  | {
      kind: "lost";
      why: "missing" | "damaged" | "behind";
      device: number | null;
      /** In the copy. */
      entries: number;
      /** The copy is in memory alone: no file can be made for it yet, for lack of room as a rule. */
      isAdrift: boolean;
      unsynced: number;
      /** Raises as `unlock`; `storage_failed` when the copy does not fit together. */
      restore(request: {
        code: string;
        pin: string;
      }): Promise<{ storage: TillStorage; person: StoredPerson | null; entries: number; unsynced: number }>;
      /** Without any PIN: the entries in the copy are signed pushes. */
      rescue(): Promise<Rescue>;
      /** Deletes what is left; `loseUnsynced` must be the number that is lost by it. */
      startOver(request: { loseUnsynced: number }): Promise<void>;
    }
  /** A newer version of the app wrote this: nothing is touched. */
  | { kind: "newer"; version: number };

/** The till's IndexedDB: its stores, their versions, and opening it without ever deleting anything. */
import { wrap, type DBSchema, type IDBPDatabase } from "idb";
import type { Bytes } from "@octonext/core";

import type { Place } from "./api";
import { asStorageError, StorageError } from "./errors";

export const DATABASE_NAME = "octonext-till";
export const SCHEMA_VERSION = 1;

/** Every row holds ciphertext (each `Bytes` that is no hash, salt or signature), opaque ids and numbers. */
export interface EntryRow {
  seq: number;
  k: string;
  h: Bytes;
  c: Bytes;
  /** Signature of a push of exactly this entry: it can be handed over by any till, whoever lost its keys. */
  s: Bytes;
  /** When it was written, under W. */
  t: Bytes;
}

export interface KeyRow {
  id: string;
  forShard: Bytes;
  forTill: Bytes;
}

export interface PersonRow {
  id: string;
  salt: Bytes;
  /** W(K_person(device share)). */
  share: Bytes;
  /** Who it is, under W; and the same under TK, for the copy. */
  about: Bytes;
  copyId: string;
  copyAbout: Bytes;
}

export interface AttemptsRow {
  id: string;
  state: Bytes;
}

export interface RecordRow {
  collection: string;
  id: string;
  sealed: Bytes;
  /** 1 when the copy has it too; IndexedDB leaves rows without the member out of the index. */
  copied?: 1;
}

export interface ReceiptRow {
  seq: number;
  sealed: Bytes;
}

export interface SegmentRow {
  image: string;
  /** 0 for rows that came after an image, else the generation of the image that this is a chunk of. */
  generation: number;
  place: number;
  sealed: Bytes;
}

export interface ManifestRow {
  image: string;
  generation: number;
  chunks: number;
  /** The last segment in the image, and the last one there is. */
  contained: number;
  last: number;
}

/** What cannot be had back if it is lost: one per till. */
export interface TillRow {
  device: number;
  branch: number;
  publicKey: Bytes;
  /** The device key under TK, for the copy. */
  strongbox: Bytes;
  identity: Bytes;
  /** The same under TK. */
  copyIdentity: Bytes;
  /** Makes the ids of people in the copy. */
  salt: Bytes;
}

export interface Places {
  head: Place;
  acked: Place;
  base: Place;
  till: TillRow;
  revoked: { reason: "revoked" | "stolen" };
  /** The oldest version of the app's schema that can work with this database. */
  schema: { oldest: number };
}

export interface Schema extends DBSchema {
  keyring: { key: "locked" | "ids" | "device"; value: CryptoKey };
  places: { key: keyof Places; value: Places[keyof Places] };
  entries: { key: number; value: EntryRow; indexes: { key: string } };
  keys: { key: string; value: KeyRow };
  people: { key: string; value: PersonRow };
  attempts: { key: string; value: AttemptsRow };
  records: { key: [string, string]; value: RecordRow; indexes: { copied: number } };
  receipts: { key: number; value: ReceiptRow };
  manifests: { key: string; value: ManifestRow };
  segments: { key: [string, number, number]; value: SegmentRow };
  cursors: { key: string; value: { feed: string; sealed: Bytes } };
}

export type Database = IDBPDatabase<Schema>;
export type StoreName = keyof typeof STORES;

export const STORES = {
  keyring: null,
  places: null,
  entries: "seq",
  keys: "id",
  people: "id",
  attempts: "id",
  records: ["collection", "id"],
  receipts: "seq",
  manifests: "image",
  segments: ["image", "generation", "place"],
  cursors: "feed",
} as const;
export const STORE_NAMES = Object.keys(STORES) as StoreName[];

/** Step n makes version n of n - 1; a step that older apps cannot work with raises `schema.oldest`. */
export type Migration = (database: IDBDatabase, upgrade: IDBTransaction) => void;
export const MIGRATIONS: readonly Migration[] = [first];

/**
 * Raises `storage_newer` {version} for a database that a newer app wrote and this one cannot work with, and
 * `storage_failed` for one that does not open; nothing is deleted in either case.
 */
export async function openDatabase(
  factory: IDBFactory,
  superseded: () => void,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Database> {
  return welcome(await openRaw(factory, migrations), superseded, migrations);
}

/** The one that was open before, and no other: raises `storage_failed` when it is gone, and makes none. */
export async function reopenDatabase(factory: IDBFactory, superseded: () => void): Promise<Database> {
  return welcome(await openRaw(factory, MIGRATIONS, false), superseded, MIGRATIONS);
}

async function welcome(
  database: Database,
  superseded: () => void,
  migrations: readonly Migration[],
): Promise<Database> {
  // Whoever wants to upgrade or delete it waits for us: give way, the page reloads with the newer app.
  database.addEventListener("versionchange", () => {
    database.close();
    superseded();
  });
  const oldest = (await readPlace(database, "schema"))?.oldest ?? 1;
  if (database.version > migrations.length && oldest > migrations.length) {
    database.close();
    throw new StorageError("storage_newer", { version: database.version });
  }
  return database;
}

/** For a database that was found damaged and is built anew from the copy, or of a till that is given up. */
export async function deleteDatabase(factory: IDBFactory): Promise<void> {
  try {
    await wrap(factory.deleteDatabase(DATABASE_NAME));
  } catch (error) {
    throw asStorageError(error, "deleting the database");
  }
}

export async function readPlace<Name extends keyof Places>(
  database: Database,
  name: Name,
): Promise<Places[Name] | undefined> {
  return (await database.get("places", name)) as Places[Name] | undefined;
}

async function openRaw(
  factory: IDBFactory,
  migrations: readonly Migration[],
  creates = true,
): Promise<Database> {
  try {
    return await request(factory, migrations.length, migrations, creates);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "VersionError")) {
      throw asStorageError(error, "opening the database");
    }
  }
  try {
    return await request(factory, undefined, migrations, creates);
  } catch (error) {
    throw asStorageError(error, "opening the database");
  }
}

async function request(
  factory: IDBFactory,
  version: number | undefined,
  migrations: readonly Migration[],
  creates: boolean,
): Promise<Database> {
  const opening = factory.open(DATABASE_NAME, version);
  const found = { nothing: false };
  opening.addEventListener("upgradeneeded", (event) => {
    const upgrade = opening.transaction;
    if (upgrade === null) return;
    if (event.oldVersion === 0 && !creates) {
      found.nothing = true;
      upgrade.abort();
      return;
    }
    for (const migration of migrations.slice(event.oldVersion)) migration(opening.result, upgrade);
  });
  try {
    return (await wrap(opening)) as unknown as Database;
  } catch (error) {
    throw found.nothing ? new StorageError("storage_failed", { detail: "the database is gone" }) : error;
  }
}

function first(database: IDBDatabase, upgrade: IDBTransaction): void {
  for (const [name, keyPath] of Object.entries(STORES)) {
    const path = typeof keyPath === "string" ? keyPath : [...(keyPath ?? [])];
    database.createObjectStore(name, keyPath === null ? {} : { keyPath: path });
  }
  upgrade.objectStore("entries").createIndex("key", "k");
  upgrade.objectStore("records").createIndex("copied", "copied");
  upgrade.objectStore("places").put({ oldest: 1 }, "schema");
}

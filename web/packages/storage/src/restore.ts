/**
 * Builds a till's database anew from the copy and somebody's PIN, and from whatever a damaged database still
 * gives: PIN, share, till key, device key, then every entry opened and checked against the chain.
 */
import { fromUtf8, genesis, link, openEntry, sameBytes, type Bytes } from "@octonext/core";

import type { Json, Place, StoredIdentity, StoredPerson, WrappedKey } from "./api";
import { countTry, NO_ATTEMPTS, refusal, isExhausted, type Attempts } from "./attempts";
import type { CopiedTill } from "./copied";
import type { Copy } from "./copy";
import type {
  Database,
  EntryRow,
  KeyRow,
  PersonRow,
  ReceiptRow,
  RecordRow,
  Schema,
  TillRow,
} from "./database";
import type { Environment } from "./environment";
import { StorageError } from "./errors";
import {
  newLockedKeys,
  openKeys,
  openShiftKey,
  personCopyId,
  takeFromStrongbox,
  type LockedKeys,
  type OpenKeys,
} from "./keys";
import { People, shareBinding } from "./people";
import { personSealer } from "./pin";
import { Sealer } from "./sealer";
import { settled } from "./transaction";

/** What a row takes beside its ciphertext: hashes, signatures, indexes. */
const ROW_BYTES = 1024;

/** What a damaged database still gave. */
export interface Salvage {
  entries: EntryRow[];
  keys: KeyRow[];
  receipts: ReceiptRow[];
}

/** A whole new database's rows. */
export interface Rebuilt {
  keys: LockedKeys;
  till: TillRow;
  base: Place;
  acked: Place;
  head: Place;
  entries: EntryRow[];
  shiftKeys: WrappedKey[];
  receipts: ReceiptRow[];
  records: RecordRow[];
  people: PersonRow[];
}

/** Raises `wrong_pin`, `locked_out`, `online_sign_in_needed`; counts in the copy, before the try. */
export async function openCopy(
  environment: Environment,
  copy: Copy,
  till: CopiedTill,
  request: { code: string; pin: string },
): Promise<{ share: Bytes; open: OpenKeys; id: string }> {
  const id = await personCopyId(till.salt, request.code);
  const person = copy.person(id);
  if (person === null) throw new StorageError("online_sign_in_needed");
  const before = JSON.parse(copy.attempts(id) ?? JSON.stringify(NO_ATTEMPTS)) as Attempts;
  const counted = countTry(before, environment.now());
  copy.writeAttempts(id, JSON.stringify(counted));
  const own = await personSealer(request.pin, person.salt, environment.random);
  const share = await own.tryOpen(shareBinding(till.device, person.salt), person.inner);
  if (share === null) {
    if (isExhausted(counted)) copy.forgetPerson(id);
    throw refusal(counted);
  }
  copy.writeAttempts(id, JSON.stringify(NO_ATTEMPTS));
  return { share, open: await openKeys(share, till.device, environment.random), id };
}

/** Everything readable, nothing demanded. */
export async function salvage(database: Database | null): Promise<Salvage> {
  const all = async <T>(read: (from: Database) => Promise<T[]>): Promise<T[]> => {
    if (database === null) return [];
    try {
      return await read(database);
    } catch {
      return [];
    }
  };
  return {
    entries: await all((from) => from.getAll("entries")),
    keys: await all((from) => from.getAll("keys")),
    receipts: await all((from) => from.getAll("receipts")),
  };
}

/**
 * The copy's entries, those that the database had after them, and those before that hang together. Raises
 * `storage_failed` when the copy's own do not: then its pushes are for head office to judge.
 */
export async function rebuild(
  environment: Environment,
  copy: Copy,
  copied: CopiedTill,
  open: OpenKeys,
  saved: Salvage,
): Promise<Rebuilt> {
  const keys = await newLockedKeys(await takeFromStrongbox(copied.strongbox, open));
  const locked = new Sealer(keys.locked, environment.random);
  const shiftKeys = new Map([...saved.keys, ...copy.keys()].map((key) => [key.id, key]));
  const reader = new ChainReader(copied.device, open, shiftKeys);
  const rows = new Map(saved.entries.map((row) => [row.seq, row]));
  for (const { prev, ...entry } of copy.entries()) {
    if ((await reader.read(prev, entry)) === null) {
      throw new StorageError("storage_failed", { detail: `entry ${entry.seq} of the copy does not fit` });
    }
    rows.set(entry.seq, { ...entry, t: entry.h });
  }
  const head = await follow(copy.head, rows, reader);
  const base = await precede(copy.base, rows, reader);
  const entries: EntryRow[] = [];
  for (let seq = base.seq + 1; seq <= head.seq; seq++) {
    const row = rows.get(seq);
    if (row === undefined)
      throw new StorageError("storage_failed", { detail: `the copy lacks entry ${seq}` });
    const at = reader.times.get(seq) ?? environment.now();
    entries.push({ ...row, t: await locked.sealJson(`written|${seq}`, at) });
  }
  const identity = (await open.sealer.openJson("identity", copied.copyIdentity)) as StoredIdentity;
  const till: TillRow = { ...copied, identity: await locked.sealJson("identity", identity) };
  return {
    keys,
    till,
    base,
    acked: copy.base,
    head,
    entries,
    shiftKeys: [...shiftKeys.values()],
    receipts: saved.receipts.filter(({ seq }) => seq > base.seq && seq <= copy.base.seq),
    records: copy.records().map((record) => ({ ...record, copied: 1 as const })),
    people: await rewrapped(copy, locked, keys, open),
  };
}

/** About what storing it takes, with what each row has beside its ciphertext. */
export function sizeOf(rebuilt: Rebuilt): number {
  const { entries, receipts, records, people, shiftKeys } = rebuilt;
  const sealed = [
    ...entries.map((row) => row.c),
    ...receipts.map((row) => row.sealed),
    ...records.map((row) => row.sealed),
  ];
  const rows = sealed.length + people.length + shiftKeys.length;
  return ROW_BYTES * rows + sealed.reduce((sum, { length }) => sum + length, 0);
}

/** All of it in one transaction: a crash leaves a database without a till, and the copy as it was. */
export async function store(database: Database, rebuilt: Rebuilt): Promise<void> {
  const stores = ["keyring", "places", "entries", "keys", "records", "receipts", "people"] as const;
  const writing = database.transaction(stores, "readwrite", { durability: "strict" });
  const places = writing.objectStore("places");
  const requests: Promise<unknown>[] = [
    writing.objectStore("keyring").put(rebuilt.keys.locked, "locked"),
    writing.objectStore("keyring").put(rebuilt.keys.ids, "ids"),
    writing.objectStore("keyring").put(rebuilt.keys.device, "device"),
    ...(["till", "base", "acked", "head"] as const).map((name) => places.put(rebuilt[name], name)),
  ];
  const put = <Name extends "entries" | "keys" | "records" | "receipts" | "people">(
    name: Name,
    rows: readonly Schema[Name]["value"][],
  ): void => {
    for (const row of rows) requests.push(writing.objectStore(name).put(row));
  };
  put("entries", rebuilt.entries);
  put("keys", rebuilt.shiftKeys);
  put("records", rebuilt.records);
  put("receipts", rebuilt.receipts);
  put("people", rebuilt.people);
  await settled([...requests, writing.done]);
}

/** Opens entries and checks them against the hash before them. */
class ChainReader {
  readonly times = new Map<number, number>();
  private readonly opened = new Map<string, CryptoKey | null>();

  constructor(
    private readonly device: number,
    private readonly open: OpenKeys,
    private readonly keys: ReadonlyMap<string, WrappedKey>,
  ) {}

  /** The entry's own hash, or null when it does not open, or does not follow `prev`. */
  async read(prev: Bytes, entry: { seq: number; k: string; h: Bytes; c: Bytes }): Promise<Bytes | null> {
    const key = await this.keyOf(entry.k);
    if (key === null) return null;
    let plaintext: Bytes;
    try {
      plaintext = await openEntry(key, { device: this.device, keyId: entry.k, seq: entry.seq }, entry.c);
    } catch {
      return null;
    }
    if (!sameBytes(await link(prev, plaintext), entry.h)) return null;
    this.times.set(entry.seq, writtenAt(plaintext));
    return entry.h;
  }

  private async keyOf(id: string): Promise<CryptoKey | null> {
    const known = this.opened.get(id);
    if (known !== undefined) return known;
    const wrapped = this.keys.get(id);
    let key: CryptoKey | null = null;
    try {
      key = wrapped === undefined ? null : await openShiftKey(this.open, this.device, wrapped);
    } catch {
      // Another till's, or damaged: its entries do not fit then.
    }
    this.opened.set(id, key);
    return key;
  }
}

/** As far as the database had more than the copy. */
async function follow(from: Place, rows: ReadonlyMap<number, EntryRow>, reader: ChainReader): Promise<Place> {
  let head = from;
  for (;;) {
    const row = rows.get(head.seq + 1);
    const hash = row === undefined ? null : await reader.read(head.hash, row);
    if (hash === null) return head;
    head = { seq: head.seq + 1, hash };
  }
}

/** As far back as what the shard has already is still here: for reprints and returns. */
async function precede(
  from: Place,
  rows: ReadonlyMap<number, EntryRow>,
  reader: ChainReader,
): Promise<Place> {
  let base = from;
  for (;;) {
    const row = rows.get(base.seq);
    const before = base.seq === 1 ? { seq: 0, h: genesis() } : rows.get(base.seq - 1);
    if (row === undefined || before === undefined || !sameBytes(row.h, base.hash)) return base;
    if ((await reader.read(before.h, row)) === null) return base;
    base = { seq: before.seq, hash: before.h };
  }
}

async function rewrapped(copy: Copy, locked: Sealer, keys: LockedKeys, open: OpenKeys): Promise<PersonRow[]> {
  const rows: PersonRow[] = [];
  for (const copyId of copy.personIds()) {
    const copied = copy.person(copyId);
    const about = copied === null ? null : await open.sealer.tryOpen(`person|${copyId}`, copied.about);
    if (copied === null || about === null) continue;
    const person = JSON.parse(fromUtf8(about)) as StoredPerson;
    const { salt, inner } = copied;
    rows.push({
      ...(await People.sealed(locked, keys, person, inner)),
      salt,
      copyId,
      copyAbout: copied.about,
    });
  }
  return rows;
}

function writtenAt(plaintext: Bytes): number {
  const entry = JSON.parse(fromUtf8(plaintext)) as { at?: Json };
  const at = typeof entry.at === "string" ? Date.parse(entry.at) : Number.NaN;
  return Number.isFinite(at) ? at : 0;
}

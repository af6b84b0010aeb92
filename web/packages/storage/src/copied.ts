/** What the second copy holds, as values of its file. */
import { fromUtf8, utf8, type Bytes } from "@octonext/core";

import type { Place } from "./api";
import type { Operation } from "./copy-log";
import type { EntryRow, KeyRow, RecordRow, TillRow } from "./database";
import { pack, unpack } from "./pack";

export interface CopiedPerson {
  salt: Bytes;
  /** K_person(device share). */
  inner: Bytes;
  /** Who it is, under TK. */
  about: Bytes;
}

export interface CopiedEntry extends Omit<EntryRow, "t"> {
  /** The hash before it. */
  prev: Bytes;
}

/** Rows of one commit, in the order of their seq. */
export interface CopiedCommit {
  prev: Bytes;
  entries: readonly EntryRow[];
  keys: readonly KeyRow[];
  records: readonly CopiedRecord[];
  removed?: readonly { collection: string; id: string }[];
}

export type CopiedTill = Omit<TillRow, "identity">;
export type CopiedRecord = Pick<RecordRow, "collection" | "id" | "sealed">;

export function operationsOf(commit: CopiedCommit, has: (name: string) => boolean): Operation[] {
  let { prev } = commit;
  const operations: Operation[] = commit.keys.map((key) => ({
    name: `key|${key.id}`,
    value: pack(key.forShard, key.forTill),
  }));
  for (const { seq, k, h, c, s } of commit.entries) {
    operations.push({ name: `entry|${seq}`, value: pack(utf8(k), h, prev, s, c) });
    prev = h;
  }
  for (const { collection, id, sealed } of commit.records) {
    operations.push({ name: `record|${collection}|${id}`, value: sealed });
  }
  for (const { collection, id } of commit.removed ?? []) {
    const name = `record|${collection}|${id}`;
    if (has(name)) operations.push({ name, value: null });
  }
  return operations;
}

export function packPlace(place: Place): Bytes {
  return pack(utf8(`${place.seq}`), place.hash);
}

export function unpackPlace(packed: Bytes): Place {
  const [seq, hash] = unpack(packed, 2);
  return { seq: numberIn(seq), hash: hash ?? empty() };
}

export function numberIn(bytes: Bytes | undefined): number {
  return Number(fromUtf8(bytes ?? empty()));
}

export function empty(): Bytes {
  return new Uint8Array(0);
}

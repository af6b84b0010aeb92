/** Makes the copy hold what the database says it should, and tells whether one of them lacks something. */
import { sameBytes, type Bytes } from "@octonext/core";

import type { Copy } from "./copy";
import { readPlace, type Database, type EntryRow, type TillRow } from "./database";
import { readEnds, type Ends } from "./journal";
import type { People } from "./people";
import { settled } from "./transaction";

/** Entries read from the database at a time. */
const BATCH = 256;

/** Writes to the copy what it lacks, and begins it anew when it does not fit; never raises for the copy's sake. */
export async function reconcile(database: Database, copy: Copy, till: TillRow, staff: People): Promise<void> {
  if (copy.status === "unavailable") return;
  copy.mended();
  const ends = await readEnds(database);
  if (!(await fits(database, copy, till, ends))) copy.restart(ends.acked);
  copy.acknowledge(ends.acked);
  const had = copy.till();
  if (
    had === null ||
    !sameBytes(had.strongbox, till.strongbox) ||
    !sameBytes(had.copyIdentity, till.copyIdentity)
  ) {
    copy.putTill(till);
  }
  await people(database, copy, staff);
  await records(database, copy);
  await entries(database, copy, ends);
}

/** Whether the copy is of this till and on the same history. */
async function fits(database: Database, copy: Copy, till: TillRow, ends: Ends): Promise<boolean> {
  const had = copy.till();
  if (had === null || copy.suspect || copy.revoked() !== null || had.device !== till.device) return false;
  if (!sameBytes(had.salt, till.salt)) return false;
  if (copy.head.seq > ends.head.seq || copy.head.seq < ends.acked.seq) return false;
  return sameHashAt(database, ends, copy.head.seq, copy.head.hash);
}

/** Whether the database has this hash at a place. */
export async function sameHashAt(database: Database, ends: Ends, seq: number, hash: Bytes): Promise<boolean> {
  if (seq === ends.base.seq) return sameBytes(ends.base.hash, hash);
  const row = await database.get("entries", seq);
  return row !== undefined && sameBytes(row.h, hash);
}

async function people(database: Database, copy: Copy, staff: People): Promise<void> {
  const rows = await database.getAll("people");
  const wanted = new Set(rows.map((row) => row.copyId));
  for (const id of copy.personIds()) if (!wanted.has(id)) copy.forgetPerson(id);
  for (const row of rows) {
    const had = copy.person(row.copyId);
    if (had !== null && sameBytes(had.salt, row.salt) && sameBytes(had.about, row.copyAbout)) continue;
    copy.putPerson(row.copyId, { salt: row.salt, inner: await staff.innerShare(row), about: row.copyAbout });
  }
}

async function records(database: Database, copy: Copy): Promise<void> {
  const rows = await database.getAllFromIndex("records", "copied", 1);
  const had = new Map(copy.records().map((record) => [`${record.collection}|${record.id}`, record]));
  const changed = rows.filter((row) => {
    const other = had.get(`${row.collection}|${row.id}`);
    had.delete(`${row.collection}|${row.id}`);
    return other === undefined || !sameBytes(other.sealed, row.sealed);
  });
  const gone = [...had.values()];
  copy.append({ prev: copy.head.hash, entries: [], keys: [], records: changed, removed: gone });
}

async function entries(database: Database, copy: Copy, ends: Ends): Promise<void> {
  for (let first = copy.head.seq + 1; first <= ends.head.seq && copy.status === "ok"; first += BATCH) {
    const rows: EntryRow[] = await database.getAll("entries", IDBKeyRange.bound(first, first + BATCH - 1));
    const ids = new Set(rows.map((row) => row.k));
    const missing = (await database.getAll("keys")).filter(
      (key) => ids.has(key.id) && copy.key(key.id) === null,
    );
    copy.append({ prev: copy.head.hash, entries: rows, keys: missing, records: [] });
  }
  // The open shift's key, when all of its entries are on the shard already: the next entry needs it.
  const newest = ends.head.seq === 0 ? undefined : (await database.get("entries", ends.head.seq))?.k;
  const key = newest === undefined ? undefined : await database.get("keys", newest);
  if (key !== undefined && copy.key(key.id) === null) {
    copy.append({ prev: copy.head.hash, entries: [], keys: [key], records: [] });
  }
}

/** Enters what the copy has beyond the database's end, where it follows exactly. How many entries. */
export async function heal(
  database: Database,
  copy: Copy,
  ends: Ends,
  stamp: (seq: number) => Promise<Bytes>,
): Promise<number> {
  const rows: EntryRow[] = [];
  for (let seq = ends.head.seq + 1; seq <= copy.head.seq; seq++) {
    const entry = copy.entry(seq);
    if (entry === null) return 0;
    rows.push({ seq, k: entry.k, h: entry.h, c: entry.c, s: entry.s, t: await stamp(seq) });
  }
  const first = copy.entry(ends.head.seq + 1);
  const last = rows.at(-1);
  if (first === null || last === undefined || !sameBytes(first.prev, ends.head.hash)) return 0;
  const writing = database.transaction(["entries", "keys", "records", "places"], "readwrite", {
    durability: "strict",
  });
  const requests: Promise<unknown>[] = rows.map((row) => writing.objectStore("entries").add(row));
  for (const key of copy.keys()) requests.push(writing.objectStore("keys").put(key));
  for (const record of copy.records())
    requests.push(writing.objectStore("records").put({ ...record, copied: 1 }));
  requests.push(writing.objectStore("places").put({ seq: last.seq, hash: last.h }, "head"));
  await settled([...requests, writing.done]);
  return rows.length;
}

/** How a database and a copy of the same till stand to each other. */
export async function compare(database: Database, copy: Copy): Promise<"level" | "behind" | "apart"> {
  const [ends, till] = await Promise.all([readEnds(database), readPlace(database, "till")]);
  const had = copy.till();
  // A copy of another till, or of none, is simply begun anew.
  if (had === null || had.device !== till?.device || !sameBytes(had.salt, till.salt)) return "level";
  if (copy.head.seq > ends.head.seq) {
    const first = copy.entry(ends.head.seq + 1);
    return first !== null && sameBytes(first.prev, ends.head.hash) ? "behind" : "apart";
  }
  return "level";
}

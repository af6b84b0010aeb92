/** A database that goes back to what it held before, as after a power cut on a disk that lies. */
import type { Machine } from "../../storage/tests/machine";

export interface Snapshot {
  records: unknown[];
  receipts: unknown[];
  head: unknown;
  seq: number;
}

/** What the database holds of carts and of the journal's end; `back` puts it there again. */
export async function snapshot(machine: Machine): Promise<Snapshot> {
  const database = await databaseOf(machine);
  const reading = database.transaction(["records", "places", "receipts"]);
  const records = await answer<unknown[]>(reading.objectStore("records").getAll());
  const receipts = await answer<unknown[]>(reading.objectStore("receipts").getAll());
  const head = await answer<{ seq: number }>(reading.objectStore("places").get("head"));
  database.close();
  return { records, receipts, head, seq: head.seq };
}

export async function back(machine: Machine, { records, receipts, head, seq }: Snapshot): Promise<void> {
  const database = await databaseOf(machine);
  const writing = database.transaction(["records", "places", "entries", "receipts"], "readwrite");
  writing.objectStore("records").clear();
  for (const record of records) writing.objectStore("records").put(record);
  writing.objectStore("receipts").clear();
  for (const receipt of receipts) writing.objectStore("receipts").put(receipt);
  const later = IDBKeyRange.lowerBound(seq, true);
  writing.objectStore("entries").delete(later);
  writing.objectStore("places").put(head, "head");
  await new Promise((resolve) => {
    writing.oncomplete = resolve;
  });
  database.close();
}

function databaseOf(machine: Machine): Promise<IDBDatabase> {
  return answer(machine.factory.open("octonext-till"));
}

function answer<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve) => {
    request.onsuccess = () => {
      resolve(request.result as T);
    };
  });
}

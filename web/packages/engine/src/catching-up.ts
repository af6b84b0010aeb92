/**
 * What is kept beside the entries: receipts are not in the copy, and what came back of them may be older than they
 * are. After a restore, or when the copy completed the database, it is made anew from the entries themselves. Doing
 * it twice, or again after half of it, changes nothing.
 */
import { EXCHANGE, type Entry } from "@octonext/core";
import type { Json } from "@octonext/storage";

import { KEPT } from "./collections";
import { EntryReader } from "./entry-reader";
import { isReceipt, type KeptReceipt, type ReceiptEntry, type Stub } from "./receipts";
import { returnedAnew } from "./returned";
import type { Till } from "./till";

/** Entries that are opened and written about in one transaction. */
const BATCH = 256;

/** The till has just been unlocked. Rejects when the storage does: it is done at the next sign-in then. */
export async function catchUp(till: Till): Promise<void> {
  const { book, storage } = till;
  const { base, head } = storage.journal;
  const through = Math.max(book.keptThrough, base.seq);
  if (through >= head.seq) {
    book.caughtUp(head.seq);
    return;
  }
  const reader = new EntryReader(till);
  let before: Entry | null = null;
  for (let first = through + 1; first <= head.seq; first += BATCH) {
    const last = Math.min(first + BATCH - 1, head.seq);
    const sealed = await storage.journal.entries(first, last);
    // Side by side: each of them waits for the browser's cipher, and somebody waits for all of them.
    const read = await Promise.all(sealed.map((each) => reader.read(each)));
    const entries = read.filter((entry) => entry !== null);
    await keep(till, first, last, entries, before);
    before = entries.at(-1) ?? null;
    book.caughtUp(last);
  }
}

async function keep(
  till: Till,
  first: number,
  last: number,
  entries: readonly Entry[],
  before: Entry | null,
): Promise<void> {
  const stubs = new Map<number, Stub | KeptReceipt>();
  const returns = entries.flatMap((entry) => {
    if (entry.kind !== "return" || entry.original === null || entry.original === undefined) return [];
    return [{ seq: entry.seq, original: entry.original, lines: entry.lines }];
  });
  // Side by side: a database that is asked for one after the other waits for each answer.
  const own = entries.filter(isReceipt).map(({ seq }) => seq);
  const had = new Map(await Promise.all(own.map(async (seq) => [seq, await stored(till, seq)] as const)));
  const known = async (seq: number) => {
    const kept = had.get(seq);
    return stubs.get(seq) ?? (kept === undefined ? await stored(till, seq) : kept);
  };
  /** What the database still has says more than the entry. */
  const stand = async (seq: number, exchangeSeq: number | null) => {
    const kept = await known(seq);
    if (kept === null || "stub" in kept)
      stubs.set(seq, { stub: true, exchangeSeq, reprints: kept?.reprints ?? [] });
  };
  let previous = before;
  for (const entry of entries) {
    if (isReceipt(entry)) {
      const other = isOneExchange(previous, entry) ? previous.seq : null;
      await stand(entry.seq, other);
      if (other !== null) await stand(other, entry.seq);
    } else if (entry.kind === "receipt_reprinted") {
      const { seq } = entry.receipt;
      const kept = await known(seq);
      if (kept !== null && !kept.reprints.includes(entry.seq))
        stubs.set(seq, { ...kept, reprints: [...kept.reprints, entry.seq] });
    }
    previous = entry;
  }
  await till.storage.commit({
    receipts: [...stubs].map(([seq, value]) => ({ seq, value: value as unknown as Json })),
    puts: [
      ...(await returnedAnew(till, { first, last }, returns)),
      { collection: KEPT, key: "through", value: last },
    ],
  });
}

/** The return and the sale of an exchange are written together, the return first. */
function isOneExchange(before: Entry | null, entry: ReceiptEntry): before is ReceiptEntry {
  const isPart = (each: ReceiptEntry) => each.payments.some(({ tender }) => tender === EXCHANGE);
  return before?.kind === "return" && entry.kind === "sale" && isPart(before) && isPart(entry);
}

async function stored(till: Till, seq: number): Promise<Stub | KeptReceipt | null> {
  return (await till.storage.journal.receipt(seq)) as unknown as Stub | KeptReceipt | null;
}

/** What has come back of a receipt, as far as this till wrote it: the shard knows the other tills' part. */
import { refreshReturns, type Cart, type Line, type ReceiptReference } from "@octonext/core";
import type { Json, RecordPut } from "@octonext/storage";

import { RETURNED } from "./collections";
import type { Till } from "./till";

/** A line that came back: by which entry, of which line, how much. */
interface Back {
  seq: number;
  number: number;
  quantity: number;
}

/** The record as it is after one more return; the seq of its entry is known when it is written. */
export async function returnedPut(
  till: Till,
  original: ReceiptReference,
  lines: readonly Line[],
): Promise<(seq: number) => RecordPut> {
  const before = await backs(till, original);
  return (seq) => {
    const now = backOf(seq, lines);
    return {
      collection: RETURNED,
      key: returnedKey(original),
      value: [...before, ...now] as unknown as Json,
    };
  };
}

/** By line number, in thousandths. `unsyncedOnly`: what the shard cannot know yet. */
export async function returnedHere(
  till: Till,
  original: ReceiptReference,
  unsyncedOnly: boolean,
): Promise<Map<number, number>> {
  const { acked } = till.storage.journal;
  const sums = new Map<number, number>();
  for (const { seq, number, quantity } of await backs(till, original)) {
    if (unsyncedOnly && seq <= acked.seq) continue;
    sums.set(number, (sums.get(number) ?? 0) + quantity);
  }
  return sums;
}

/** A cart that was put aside, with no more coming back than is left by now: others were paid meanwhile. */
export async function stillReturnable(till: Till, cart: Cart): Promise<Cart> {
  const original = cart.items.find((item) => item.original !== null)?.original ?? null;
  return original === null ? cart : refreshReturns(cart, await returnedHere(till, original, false));
}

/**
 * The records as they are after these returns, however much of them they had: what they say of the entries from
 * `first` to `last` is replaced.
 */
export async function returnedAnew(
  till: Till,
  { first, last }: { first: number; last: number },
  returns: readonly { seq: number; original: ReceiptReference; lines: readonly Line[] }[],
): Promise<RecordPut[]> {
  const records = new Map<string, Back[]>();
  for (const { seq, original, lines } of returns) {
    const key = returnedKey(original);
    const others = (back: Back) => back.seq < first || back.seq > last;
    const before = records.get(key) ?? (await backs(till, original)).filter(others);
    records.set(key, [...before, ...backOf(seq, lines)]);
  }
  return [...records].map(([key, now]) => ({
    collection: RETURNED,
    key,
    value: now as unknown as Json,
  }));
}

/** The last entry of this till that brought something back, by its record. */
export function lastBack(value: Json | null): number {
  return Math.max(0, ...((value as unknown as Back[] | null) ?? []).map(({ seq }) => seq));
}

function backOf(seq: number, lines: readonly Line[]): Back[] {
  return lines.flatMap(({ original_line: number, quantity }) =>
    typeof number === "number" ? [{ seq, number, quantity }] : [],
  );
}

async function backs(till: Till, original: ReceiptReference): Promise<Back[]> {
  return ((await till.storage.get(RETURNED, returnedKey(original))) as unknown as Back[] | null) ?? [];
}

/** The key of a receipt's record. */
export function returnedKey({ branch, device, seq }: ReceiptReference): string {
  return `${branch}-${device}-${seq}`;
}

/** Which price holds: docs/sync-protocol.md, section "delta". A pure choice among those that may. */
import type { PriceList, Price } from "./types";

/** A list as one branch sees it: `rank` orders lists, the higher wins. */
export interface RankedList {
  readonly list: PriceList;
  readonly isOwn: boolean;
}

/** The lists that price at a branch. `regionId` null: not known yet, and a till is only sent its own region's. */
export function listsOf(
  lists: Iterable<PriceList>,
  branchId: number,
  regionId: number | null,
): Map<string, RankedList> {
  const ours = new Map<string, RankedList>();
  for (const list of lists) {
    const isRegions = list.regionId === null || regionId === null || list.regionId === regionId;
    const isOwn = list.branchId === branchId;
    if (isOwn || (list.branchId === null && isRegions)) ours.set(list.id, { list, isOwn });
  }
  return ours;
}

/** Keeps the best of the prices it is shown: the highest priority, then a branch's own list, then the later beginning. */
export class BestPrice {
  private best: RankedList | null = null;
  private amount = 0;
  private currency = "";
  private from = 0;

  offer(ranked: RankedList, amount: number, currency: string, from: number): void {
    if (this.best !== null && !this.beats(this.best, ranked, from)) return;
    this.best = ranked;
    this.amount = amount;
    this.currency = currency;
    this.from = from;
  }

  get price(): Price | null {
    if (this.best === null) return null;
    const { id, taxInclusive } = this.best.list;
    return { amount: this.amount, currency: this.currency, taxInclusive, listId: id };
  }

  private beats(best: RankedList, other: RankedList, from: number): boolean {
    if (other.list.priority !== best.list.priority) return other.list.priority > best.list.priority;
    if (other.isOwn !== best.isOwn) return other.isOwn;
    if (from !== this.from) return from > this.from;
    // As head office decides it, so that every till decides alike.
    return other.list.id < best.list.id;
  }
}

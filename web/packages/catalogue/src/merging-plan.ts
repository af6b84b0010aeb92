/** Which products a merged image has and in which order: those kept of the old one, and those that rows bring. */
import { compareIds } from "./ids";
import type { Image } from "./image";
import type { LaterPrice, LaterProduct, Snapshot } from "./overlay";
import { idOf, isAbsent, lowerBoundFrom, ordinalOf, sortKeyOf } from "./reading";
import type { Product } from "./types";

/** Rows handled between two pauses: a few milliseconds of work on a slow tablet. */
export const SLICE_ROWS = 2_048;

/** Places found between two pauses; each search reads the keys of several products. */
export const SLICE_KEYS = 256;

export const GONE = -1;

/** A product that is new or changed. */
export interface Addition {
  readonly id: string;
  /** Null: only prices name it. */
  readonly product: Product | null;
  readonly sortKey: string;
  readonly words: readonly string[];
  /** Its ordinal in the new image. */
  ordinal: number;
  /** In the old one, -1 for none: its prices are taken over from there. */
  readonly before: number;
}

export interface Plan {
  readonly size: number;
  /** For each old ordinal the new one if its product stays as it is, else GONE. */
  readonly fate: Int32Array;
  /** For each new ordinal the old one, or -(n + 1) for the n-th addition. */
  readonly source: Int32Array;
  readonly additions: readonly Addition[];
  /** Rows of prices by new ordinal. */
  readonly prices: ReadonlyMap<number, readonly LaterPrice[]>;
}

export function* planMerge(old: Image, later: Snapshot): Generator<void, Plan> {
  const laterPrices = byProduct(later.prices);
  const { additions, replaced } = yield* findAdditions(old, later.products, laterPrices);
  additions.sort((left, right) => compareKeys(left.sortKey, left.id, right.sortKey, right.id));
  yield;
  // Where in the old order each addition comes: before which ordinal.
  const before: number[] = [];
  for (const [count, addition] of additions.entries()) {
    if (count % SLICE_KEYS === SLICE_KEYS - 1) yield;
    before.push(lowerBoundFrom(before.at(-1) ?? 0, old.size, (ordinal) => isBefore(old, ordinal, addition)));
  }
  const fate = new Int32Array(old.size).fill(GONE);
  const source = new Int32Array(old.size - replaced.size + additions.length);
  let size = 0;
  let next = 0;
  for (let ordinal = 0; ordinal <= old.size; ordinal++) {
    for (; next < additions.length && before[next] === ordinal; next++) {
      const addition = additions[next];
      if (addition !== undefined) addition.ordinal = size;
      source[size++] = -next - 1;
    }
    if (ordinal === old.size || replaced.has(ordinal)) continue;
    fate[ordinal] = size;
    source[size++] = ordinal;
  }
  yield;
  return { size, fate, source, additions, prices: pricesByOrdinal(old, additions, fate, laterPrices) };
}

type PriceRows = ReadonlyMap<string, readonly LaterPrice[]>;

function byProduct(prices: readonly LaterPrice[]): PriceRows {
  const rows = new Map<string, LaterPrice[]>();
  for (const price of prices) {
    const ofProduct = rows.get(price.productId);
    if (ofProduct === undefined) rows.set(price.productId, [price]);
    else ofProduct.push(price);
  }
  return rows;
}

/** What is new or changed, and the old ordinals that do not stay as they are. */
function* findAdditions(
  old: Image,
  products: readonly LaterProduct[],
  prices: PriceRows,
): Generator<void, { additions: Addition[]; replaced: Set<number> }> {
  const additions: Addition[] = [];
  const replaced = new Set<number>();
  const decide = (id: string, later: LaterProduct | undefined): void => {
    const before = ordinalOf(old, id);
    const isPlaceholder = before >= 0 && isAbsent(old, before);
    // Only prices came, and there is a product (or already a place) to have them.
    if (later === undefined && before >= 0 && (!isPlaceholder || hasPrices(old, before, prices.get(id))))
      return;
    if (before >= 0) replaced.add(before);
    const product = later?.product ?? null;
    if (product === null && !hasPrices(old, before, prices.get(id))) return;
    additions.push({
      id,
      product,
      sortKey: later?.sortKey ?? "",
      words: later?.words ?? [],
      ordinal: 0,
      before,
    });
  };
  let count = 0;
  const seen = new Set<string>();
  for (const later of products) {
    seen.add(later.id);
    decide(later.id, later);
    if (++count % SLICE_ROWS === 0) yield;
  }
  for (const id of prices.keys()) {
    if (!seen.has(id)) decide(id, undefined);
    if (++count % SLICE_ROWS === 0) yield;
  }
  return { additions, replaced };
}

/** Whether a product has any price once the rows are in. */
function hasPrices(old: Image, ordinal: number, rows: readonly LaterPrice[] = []): boolean {
  if (rows.some((row) => row.price !== null)) return true;
  if (ordinal < 0) return false;
  const deleted = new Set(rows.map((row) => `${row.listId}:${row.from}`));
  for (let at = old.priceStart[ordinal] ?? 0; at < (old.priceStart[ordinal + 1] ?? 0); at++) {
    const list = old.tables.lists[old.priceList[at] ?? 0] ?? "";
    if (!deleted.has(`${list}:${old.priceFrom[at] ?? 0}`)) return true;
  }
  return false;
}

function pricesByOrdinal(
  old: Image,
  additions: readonly Addition[],
  fate: Int32Array,
  prices: PriceRows,
): Map<number, readonly LaterPrice[]> {
  const added = new Map(additions.map(({ id, ordinal }) => [id, ordinal]));
  const byOrdinal = new Map<number, readonly LaterPrice[]>();
  for (const [id, rows] of prices) {
    const ordinal = added.get(id) ?? fate[ordinalOf(old, id)] ?? GONE;
    if (ordinal >= 0) byOrdinal.set(ordinal, rows);
  }
  return byOrdinal;
}

const compareKeys = (left: string, leftId: string, right: string, rightId: string): number =>
  left < right ? -1 : left > right ? 1 : leftId < rightId ? -1 : leftId > rightId ? 1 : 0;

const isBefore = (old: Image, ordinal: number, { sortKey, id }: Addition): boolean =>
  compareKeys(sortKeyOf(old, ordinal), idOf(old, ordinal), sortKey, id) < 0;

/** The new order of ordinals by id, given the old one. */
export function mergeById(old: Image, plan: Plan, ids: Uint32Array): Uint32Array<ArrayBuffer> {
  const added = plan.additions.map(({ ordinal }) => ordinal);
  added.sort((left, right) => compareIds(ids, 4 * left, ids, 4 * right));
  let last = 0;
  const before = added.map((ordinal) => {
    const isLower = (place: number): boolean =>
      compareIds(old.ids, 4 * (old.byId[place] ?? 0), ids, 4 * ordinal) < 0;
    return (last = lowerBoundFrom(last, old.size, isLower));
  });
  return mergeOrders(old.byId, plan.fate, added, before, plan.size);
}

/**
 * An old order without what is gone, and additions in theirs: the n-th comes before place `before[n]` of the
 * old order. What `fate` says of a place's entry is what stands in the new order.
 */
export function mergeOrders(
  order: Uint32Array,
  fate: Int32Array,
  added: readonly number[],
  before: readonly number[],
  size: number,
): Uint32Array<ArrayBuffer> {
  const merged = new Uint32Array(size);
  let at = 0;
  let next = 0;
  for (let place = 0; place <= order.length; place++) {
    while (next < added.length && (before[next] ?? 0) <= place) merged[at++] = added[next++] ?? 0;
    const now = place < order.length ? (fate[order[place] ?? 0] ?? GONE) : GONE;
    if (now >= 0) merged[at++] = now;
  }
  return merged;
}

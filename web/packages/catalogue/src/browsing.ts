/** Categories with what is in them, and the products of one page by page. */
import { ABSENT, ACTIVE, type Image } from "./image";
import type { CategoryNode } from "./lookups";
import type { Overlay } from "./overlay";
import { idOf, lowerBound, ordinalOf, sortKeyOf } from "./reading";
import type { Category } from "./types";

export const BROWSE_MAX = 500;

type Nodes = ReadonlyMap<string, CategoryNode>;

/** A category and those above it, nearest first; the last of them may have no row yet. */
function* upwards(nodes: Nodes, id: string): Generator<string> {
  const seen = new Set<string>();
  // A circle should not be; a till that hung because of one would be worse.
  for (
    let each: string | null = id;
    each !== null && !seen.has(each);
    each = nodes.get(each)?.parentId ?? null
  ) {
    yield each;
    seen.add(each);
  }
}

const isForSale = (image: Image, ordinal: number): boolean =>
  ((image.flags[ordinal] ?? 0) & (ACTIVE | ABSENT)) === ACTIVE;

/** Ordinals that a row stands in front of (and -1 for the rows that stand in front of nothing). */
function replacedOrdinals(image: Image, overlay: Overlay): Set<number> {
  const ordinals = new Set<number>();
  for (const id of overlay.products.keys()) ordinals.add(ordinalOf(image, id));
  return ordinals;
}

export function countCategories(image: Image, overlay: Overlay, nodes: Nodes): Category[] {
  const replaced = replacedOrdinals(image, overlay);
  const perPlace = new Uint32Array(image.tables.categories.length + 1);
  for (let ordinal = 0; ordinal < image.size; ordinal++) {
    if (!isForSale(image, ordinal) || replaced.has(ordinal)) continue;
    const place = image.category[ordinal] ?? 0;
    perPlace[place] = (perPlace[place] ?? 0) + 1;
  }
  const counts = new Map<string, number>();
  const add = (id: string, count: number): void => {
    for (const each of upwards(nodes, id)) counts.set(each, (counts.get(each) ?? 0) + count);
  };
  for (const [place, id] of image.tables.categories.entries()) add(id, perPlace[place + 1] ?? 0);
  for (const { product } of overlay.products.values()) {
    if (product?.active === true && product.categoryId !== null) add(product.categoryId, 1);
  }
  return Array.from(nodes.values(), (node) => ({ ...node, products: counts.get(node.id) ?? 0 }));
}

export interface Page {
  readonly categoryId: string | null;
  readonly offset: number;
  readonly limit: number;
}

/** Ids of the page's products, by sort key and then id. */
export function browse(image: Image, overlay: Overlay, nodes: Nodes, page: Page): string[] {
  const { categoryId } = page;
  const offset = Math.max(0, Math.trunc(page.offset));
  const limit = Math.min(Math.max(0, Math.trunc(page.limit)), BROWSE_MAX);
  const isWanted = (id: string | null): boolean =>
    categoryId === null || (id !== null && [...upwards(nodes, id)].includes(categoryId));
  const wanted = Uint8Array.from([null, ...image.tables.categories], (id) => (isWanted(id) ? 1 : 0));
  const replaced = replacedOrdinals(image, overlay);
  const later = [...overlay.products.values()].filter(
    ({ product }) => product?.active === true && isWanted(product.categoryId),
  );
  later.sort((left, right) => (isBefore(left.sortKey, left.id, right.sortKey, right.id) ? -1 : 1));
  // Before which ordinal each stands: so that passing over the pages before costs no reading of names.
  const before = later.map(({ sortKey, id }) =>
    lowerBound(image.size, (ordinal) =>
      isBefore(sortKeyOf(image, ordinal), idOf(image, ordinal), sortKey, id),
    ),
  );
  const ids: string[] = [];
  let skipped = 0;
  const take = (idAt: () => string): void => {
    if (skipped < offset) skipped++;
    else if (ids.length < limit) ids.push(idAt());
  };
  let next = 0;
  for (let ordinal = 0; ordinal <= image.size && ids.length < limit; ordinal++) {
    for (; next < later.length && (before[next] ?? 0) <= ordinal; next++) {
      const { id = "" } = later[next] ?? {};
      take(() => id);
    }
    if (ordinal === image.size || wanted[image.category[ordinal] ?? 0] === 0) continue;
    if (isForSale(image, ordinal) && !replaced.has(ordinal)) take(() => idOf(image, ordinal));
  }
  return ids;
}

const isBefore = (left: string, leftId: string, right: string, rightId: string): boolean =>
  left === right ? leftId < rightId : left < right;

/** The merged columns of what a product is: ids, texts, flags, categories, and the orders by id and by SKU. */
import { putId } from "./ids";
import { ABSENT, ACTIVE, BY_WEIGHT, type Columns, type Image, type Tables } from "./image";
import { mergeById, mergeOrders, SLICE_KEYS, SLICE_ROWS, type Addition, type Plan } from "./merging-plan";
import { lowerBoundFrom, skuKeyOf } from "./reading";
import { codeKey } from "./words";

export const LETTERS_MAX = 0xffff;

export type ProductColumns = Pick<
  Columns,
  "ids" | "byId" | "text" | "textStart" | "flags" | "letters" | "taxClass" | "category" | "bySku"
>;

interface Merged {
  readonly columns: ProductColumns;
  readonly tables: Pick<Tables, "categories" | "taxClasses">;
}

/** A table of texts that takes in only those still in use. */
export class TextTable {
  readonly texts: string[] = [];
  private readonly places = new Map<string, number>();
  private readonly moved: Int32Array;

  constructor(private readonly old: readonly string[]) {
    this.moved = new Int32Array(old.length).fill(-1);
  }

  place(text: string): number {
    let place = this.places.get(text);
    if (place === undefined) {
      place = this.texts.push(text) - 1;
      this.places.set(text, place);
    }
    return place;
  }

  /** Where a text of the old table stands now. */
  move(oldPlace: number): number {
    const known = this.moved[oldPlace] ?? -1;
    if (known >= 0) return known;
    return (this.moved[oldPlace] = this.place(this.old[oldPlace] ?? ""));
  }
}

export function* mergeProducts(old: Image, plan: Plan): Generator<void, Merged> {
  const { size, source, additions } = plan;
  const ids = new Uint32Array(4 * size);
  const flags = new Uint8Array(size);
  const letters = new Uint16Array(size);
  const taxClass = new Uint32Array(size);
  const category = new Uint32Array(size);
  const taxClasses = new TextTable(old.tables.taxClasses);
  const categories = new TextTable(old.tables.categories);
  for (let ordinal = 0; ordinal < size; ordinal++) {
    if (ordinal % SLICE_ROWS === SLICE_ROWS - 1) yield;
    const from = source[ordinal] ?? 0;
    if (from >= 0) {
      const at = 4 * from;
      for (let word = 0; word < 4; word++) ids[4 * ordinal + word] = old.ids[at + word] ?? 0;
      flags[ordinal] = old.flags[from] ?? 0;
      letters[ordinal] = old.letters[from] ?? 0;
      const before = old.category[from] ?? 0;
      category[ordinal] = before === 0 ? 0 : categories.move(before - 1) + 1;
      taxClass[ordinal] = taxClasses.move(old.taxClass[from] ?? 0);
      continue;
    }
    const addition = additions[-from - 1];
    if (addition === undefined) continue;
    const { product } = addition;
    putId(ids, 4 * ordinal, addition.id);
    flags[ordinal] = flagsOf(addition);
    letters[ordinal] = Math.min(addition.sortKey.length, LETTERS_MAX);
    category[ordinal] = product?.categoryId ? categories.place(product.categoryId) + 1 : 0;
    taxClass[ordinal] = taxClasses.place(product?.taxClass ?? "");
  }
  yield;
  const texts = yield* mergeTexts(old, plan);
  const byId = mergeById(old, plan, ids);
  yield;
  const bySku = yield* mergeBySku(old, plan);
  return {
    columns: { ids, byId, ...texts, flags, letters, taxClass, category, bySku },
    tables: { categories: categories.texts, taxClasses: taxClasses.texts },
  };
}

function flagsOf({ product }: Addition): number {
  if (product === null) return ABSENT;
  return (product.active ? ACTIVE : 0) | (product.unit === "kg" ? BY_WEIGHT : 0);
}

function* mergeTexts(old: Image, plan: Plan): Generator<void, Pick<Columns, "text" | "textStart">> {
  const { size, source, additions } = plan;
  const encoder = new TextEncoder();
  const added: Uint8Array[][] = [];
  let bytes = 0;
  for (const [count, { product }] of additions.entries()) {
    if (count % SLICE_ROWS === SLICE_ROWS - 1) yield;
    const texts = product === null ? ["", "", ""] : [product.name.en, product.name.ar, product.sku];
    const encoded = texts.map((text) => encoder.encode(text));
    added.push(encoded);
    for (const text of encoded) bytes += text.length;
  }
  for (const from of source) {
    if (from >= 0) bytes += (old.textStart[3 * from + 3] ?? 0) - (old.textStart[3 * from] ?? 0);
  }
  yield;
  const text = new Uint8Array(bytes);
  const textStart = new Uint32Array(3 * size + 1);
  let at = 0;
  let ordinal = 0;
  let end = 0;
  while (ordinal < size) {
    if (ordinal === end) {
      yield;
      end = Math.min(size, ordinal + SLICE_ROWS);
    }
    // Neighbours that were neighbours before are copied in one go.
    const from = source[ordinal] ?? 0;
    if (from < 0) {
      for (; ordinal < end && (source[ordinal] ?? 0) < 0; ordinal++) {
        for (const [which, encoded] of (added[-(source[ordinal] ?? 0) - 1] ?? []).entries()) {
          textStart[3 * ordinal + which] = at;
          text.set(encoded, at);
          at += encoded.length;
        }
      }
      continue;
    }
    let run = 1;
    while (ordinal + run < end && source[ordinal + run] === from + run) run++;
    const start = old.textStart[3 * from] ?? 0;
    text.set(old.text.subarray(start, old.textStart[3 * (from + run)]), at);
    for (let place = 0; place < 3 * run; place++) {
      textStart[3 * ordinal + place] = (old.textStart[3 * from + place] ?? 0) - start + at;
    }
    at += (old.textStart[3 * (from + run)] ?? 0) - start;
    ordinal += run;
  }
  textStart[3 * size] = at;
  return { text, textStart };
}

/** By the key of the SKU. */
function* mergeBySku(old: Image, plan: Plan): Generator<void, Uint32Array<ArrayBuffer>> {
  const added = plan.additions.map(({ ordinal, product }) => ({ ordinal, key: codeKey(product?.sku ?? "") }));
  yield;
  added.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
  yield;
  // Only the keys that these searches meet are worked out of the old image.
  const before: number[] = [];
  for (const [count, { key }] of added.entries()) {
    if (count % SLICE_KEYS === SLICE_KEYS - 1) yield;
    const isLower = (place: number): boolean => skuKeyOf(old, old.bySku[place] ?? 0) < key;
    before.push(lowerBoundFrom(before.at(-1) ?? 0, old.bySku.length, isLower));
  }
  const ordinals = added.map(({ ordinal }) => ordinal);
  return mergeOrders(old.bySku, plan.fate, ordinals, before, plan.size);
}

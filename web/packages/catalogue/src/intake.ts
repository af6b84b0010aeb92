/**
 * Takes in the rows of a feed that begins, straight into columns: as objects 100,000 products would be
 * hundreds of megabytes, and merging them into an image piece by piece would copy it again and again. What is
 * taken in can be found when an image was made of it (`intake-image.ts`), which may be done several times.
 */
import { isGtin } from "./codes";
import { FoldedWords } from "./folding";
import { roomFor } from "./growing";
import { putId } from "./ids";
import { ACTIVE, BY_WEIGHT } from "./image";
import { isSmallKind, Lookups } from "./lookups";
import { isUuid, readPriceKey, readPriceOf, readProduct, type ListPrice, type Row } from "./rows";
import type { Applied, BadRow, Product } from "./types";
import { codeKey, sortKey } from "./words";

export const NONE = -1;
const TEXTS = 3;
/** Bytes of UTF-8 that a UTF-16 unit becomes at most. */
const UNIT_BYTES_MAX = 3;

const encoder = new TextEncoder();

/** Texts by number, in the order in which they came. */
export class Numbered {
  readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();

  numberOf(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.texts.push(text) - 1;
      this.numbers.set(text, number);
    }
    return number;
  }

  get size(): number {
    return this.texts.length;
  }
}

/** Products as they came: a later row of the same product stands behind the earlier one. */
export class TakenProducts {
  size = 0;
  owner = new Uint32Array(0);
  flags = new Uint8Array(0);
  taxClass = new Uint32Array(0);
  /** 0 is none, the first is 1. */
  category = new Uint32Array(0);
  /** English name, Arabic name and SKU. */
  text = new Uint8Array(0);
  textStart = new Uint32Array(1);
  codeStart = new Uint32Array(1);
  codeValue = new Float64Array(0);
  codeDigits = new Uint8Array(0);
  wordStart = new Uint32Array(1);
  word = new Uint32Array(0);
  readonly sortKeys: string[] = [];
  readonly skuKeys: string[] = [];
}

/** Prices as they came; the amount of one that was deleted is NONE. */
export class TakenPrices {
  size = 0;
  owner = new Uint32Array(0);
  list = new Uint32Array(0);
  currency = new Uint32Array(0);
  amount = new Float64Array(0);
  from = new Uint32Array(0);
  until = new Uint32Array(0);
}

export class Intake {
  readonly lookups = new Lookups();
  readonly products = new TakenProducts();
  readonly prices = new TakenPrices();
  readonly taxClasses = new Numbered();
  readonly categories = new Numbered();
  readonly lists = new Numbered();
  readonly currencies = new Numbered();
  readonly ownCodes = new Numbered();
  readonly words = new FoldedWords();
  /** Everything that a row of a product or price named: its number, and for each number its id. */
  private readonly owners = new Map<string, number>();
  ids = new Uint32Array(0);
  /** For each number its newest product, or NONE. */
  readonly newest: number[] = [];
  badRows = 0;
  private taken = 0;
  private readonly numbers: number[] = [];
  /** The last product that had each word: so that it is noted once. */
  private readonly noted: number[] = [];

  /** Rows of products and prices that were taken in. */
  get rows(): number {
    return this.taken;
  }

  /** Takes rows in, the newest version of each last. Those that are malformed are left out and named. */
  take(rows: Iterable<Row>): Applied {
    let applied = 0;
    let ignored = 0;
    const bad: BadRow[] = [];
    for (const row of rows) {
      const isApplied = this.takeRow(row);
      if (isApplied === null) ignored++;
      else if (isApplied) applied++;
      else bad.push({ kind: row.kind, key: row.key });
    }
    this.badRows += bad.length;
    return { applied, ignored, bad };
  }

  /** As `Catalogue.apply` judges a row. */
  private takeRow(row: Row): boolean | null {
    const { kind, key, value } = row;
    if (isSmallKind(kind)) return this.lookups.apply(kind, row);
    if (kind === "product") {
      const product = value === null ? null : readProduct(key, value);
      if (product === null && (value !== null || !isUuid(key))) return false;
      this.takeProduct(key, product);
    } else if (kind === "price") {
      const named = readPriceKey(key);
      const price = value === null || named === null ? null : readPriceOf(named, value);
      if (named === null || (price === null && value !== null)) return false;
      this.takePrice(named, price);
    } else return null;
    this.taken++;
    return true;
  }

  private takeProduct(id: string, product: Product | null): void {
    const owner = this.ownerOf(id);
    const { products } = this;
    this.newest[owner] = product === null ? NONE : products.size;
    if (product === null) return;
    const place = products.size++;
    const length = products.size;
    products.owner = roomFor(products.owner, length);
    products.flags = roomFor(products.flags, length);
    products.taxClass = roomFor(products.taxClass, length);
    products.category = roomFor(products.category, length);
    products.owner[place] = owner;
    products.flags[place] = (product.active ? ACTIVE : 0) | (product.unit === "kg" ? BY_WEIGHT : 0);
    products.taxClass[place] = this.taxClasses.numberOf(product.taxClass);
    const { categoryId } = product;
    products.category[place] = categoryId === null ? 0 : this.categories.numberOf(categoryId) + 1;
    this.takeTexts(place, product);
    this.takeCodes(place, product.barcodes);
    this.takeWords(place, product);
    products.skuKeys.push(codeKey(product.sku));
  }

  private takeTexts(place: number, { name, sku }: Product): void {
    const { products } = this;
    products.textStart = roomFor(products.textStart, TEXTS * (place + 1) + 1);
    let at = products.textStart[TEXTS * place] ?? 0;
    for (const [which, text] of [name.en, name.ar, sku].entries()) {
      products.text = roomFor(products.text, at + UNIT_BYTES_MAX * text.length);
      at += encoder.encodeInto(text, products.text.subarray(at)).written;
      products.textStart[TEXTS * place + which + 1] = at;
    }
  }

  private takeCodes(place: number, codes: readonly string[]): void {
    const { products } = this;
    let at = products.codeStart[place] ?? 0;
    products.codeStart = roomFor(products.codeStart, place + 2);
    products.codeValue = roomFor(products.codeValue, at + codes.length);
    products.codeDigits = roomFor(products.codeDigits, at + codes.length);
    for (const code of codes) {
      const digits = isGtin(code) ? code.length : 0;
      products.codeValue[at] = digits > 0 ? Number(code) : -this.ownCodes.numberOf(code) - 1;
      products.codeDigits[at++] = digits;
    }
    products.codeStart[place + 1] = at;
  }

  private takeWords(place: number, { name }: Product): void {
    const { products, numbers, noted } = this;
    numbers.length = 0;
    const en = this.words.fold(name.en, numbers);
    const ar = this.words.fold(name.ar, numbers);
    products.sortKeys.push(sortKey(name.en === "" ? ar : en));
    let at = products.wordStart[place] ?? 0;
    products.wordStart = roomFor(products.wordStart, place + 2);
    products.word = roomFor(products.word, at + numbers.length);
    for (const number of numbers) {
      if (noted[number] === place) continue;
      noted[number] = place;
      products.word[at++] = number;
    }
    products.wordStart[place + 1] = at;
  }

  private takePrice(
    { productId, listId, from }: { listId: string; productId: string; from: number },
    price: ListPrice | null,
  ): void {
    const { prices } = this;
    const place = prices.size++;
    prices.owner = roomFor(prices.owner, place + 1);
    prices.list = roomFor(prices.list, place + 1);
    prices.currency = roomFor(prices.currency, place + 1);
    prices.amount = roomFor(prices.amount, place + 1);
    prices.from = roomFor(prices.from, place + 1);
    prices.until = roomFor(prices.until, place + 1);
    prices.owner[place] = this.ownerOf(productId);
    prices.list[place] = this.lists.numberOf(listId);
    prices.currency[place] = price === null ? 0 : this.currencies.numberOf(price.currency);
    prices.amount[place] = price?.amount ?? NONE;
    prices.from[place] = from;
    prices.until[place] = price?.until ?? 0;
  }

  private ownerOf(id: string): number {
    let owner = this.owners.get(id);
    if (owner === undefined) {
      owner = this.newest.push(NONE) - 1;
      this.owners.set(id, owner);
      this.ids = roomFor(this.ids, 4 * owner + 4);
      putId(this.ids, 4 * owner, id);
    }
    return owner;
  }
}

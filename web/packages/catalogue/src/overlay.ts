/** Rows of products and prices that came after the image was made; they stand in front of it. */
import { tradeItem } from "./codes";
import { isoOf } from "./dates";
import type { ListPrice } from "./rows";
import { codesOf, type ProductCodes } from "./searching-texts";
import type { Product } from "./types";
import { WordTable } from "./word-table";
import { indexWords, sortKey, wordsOf } from "./words";

/** A product's newest row; `product` null when it was deleted. */
export interface LaterProduct {
  readonly id: string;
  readonly product: Product | null;
  readonly sortKey: string;
  readonly words: readonly string[];
  /** The same by their numbers in the overlay's table. */
  readonly wordNumbers: Uint32Array;
  readonly codes: ProductCodes | null;
}

/** A price's newest row; `price` null when it was deleted. */
export interface LaterPrice {
  readonly productId: string;
  readonly listId: string;
  readonly from: number;
  readonly price: ListPrice | null;
}

/** Tells the prices of one product apart. */
const placeOf = (listId: string, from: number): string => `${listId}:${isoOf(from)}`;

export class Overlay {
  readonly products = new Map<string, LaterProduct>();
  readonly words = new WordTable();
  private readonly prices = new Map<string, Map<string, LaterPrice>>();
  private readonly codes = new Map<string, Set<string>>();
  private priceRows = 0;

  get rows(): number {
    return this.products.size + this.priceRows;
  }

  putProduct(id: string, product: Product | null): void {
    this.forgetCodes(id);
    const en = wordsOf(product?.name.en ?? "");
    const ar = wordsOf(product?.name.ar ?? "");
    const codes = product && codesOf(product);
    const key = sortKey(product?.name.en ? en : ar);
    const words = indexWords([...en, ...ar]);
    this.products.set(id, {
      id,
      product,
      sortKey: key,
      words,
      wordNumbers: this.words.numbersOf(words),
      codes,
    });
    for (const code of product?.barcodes ?? []) {
      const item = tradeItem(code);
      const ids = this.codes.get(item);
      if (ids === undefined) this.codes.set(item, new Set([id]));
      else ids.add(id);
    }
  }

  putPrice(named: { listId: string; productId: string; from: number }, price: ListPrice | null): void {
    const { listId, productId, from } = named;
    let ofProduct = this.prices.get(productId);
    if (ofProduct === undefined) this.prices.set(productId, (ofProduct = new Map<string, LaterPrice>()));
    const before = ofProduct.size;
    ofProduct.set(placeOf(listId, from), { productId, listId, from, price });
    this.priceRows += ofProduct.size - before;
  }

  /** Ids of the products that have a code, given as a trade item. */
  withCode(item: string): Iterable<string> {
    return this.codes.get(item) ?? [];
  }

  hasPricesOf(productId: string): boolean {
    return this.prices.has(productId);
  }

  pricesOf(productId: string): Iterable<LaterPrice> {
    return this.prices.get(productId)?.values() ?? [];
  }

  /** Whether a price of the image was replaced or deleted. */
  hidesPrice(productId: string, listId: string, from: number): boolean {
    return this.prices.get(productId)?.has(placeOf(listId, from)) === true;
  }

  productsWithPrices(): Iterable<string> {
    return this.prices.keys();
  }

  /** Everything as it is now; rows that come later do not change what was given. */
  snapshot(): Snapshot {
    const prices = [...this.prices.values()].flatMap((ofProduct) => [...ofProduct.values()]);
    return { products: [...this.products.values()], prices };
  }

  /** Drops what a snapshot held and nothing replaced since: it is in the image now. */
  forget(snapshot: Snapshot): void {
    for (const later of snapshot.products) {
      if (this.products.get(later.id) !== later) continue;
      this.forgetCodes(later.id);
      this.products.delete(later.id);
    }
    if (this.products.size === 0) this.words.clear();
    for (const later of snapshot.prices) {
      const ofProduct = this.prices.get(later.productId);
      const place = placeOf(later.listId, later.from);
      if (ofProduct?.get(place) !== later) continue;
      ofProduct.delete(place);
      this.priceRows--;
      if (ofProduct.size === 0) this.prices.delete(later.productId);
    }
  }

  private forgetCodes(id: string): void {
    for (const code of this.products.get(id)?.product?.barcodes ?? []) {
      const item = tradeItem(code);
      const ids = this.codes.get(item);
      ids?.delete(id);
      if (ids?.size === 0) this.codes.delete(item);
    }
  }
}

export interface Snapshot {
  readonly products: readonly LaterProduct[];
  readonly prices: readonly LaterPrice[];
}

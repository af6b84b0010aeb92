/** Rows of the feeds, and how those of a product and of a price are read. What is malformed is null. */
import type { BothNames, Product } from "./types";
import { dayOf, FOR_EVER, isoOf } from "./dates";

/** One row of a feed, the newest version of what `kind` and `key` name; a null value deletes it. */
export interface Row {
  readonly kind: string;
  readonly key: string;
  readonly value: unknown;
}

/** A price on one list, minor units, from one day to a last one. */
export interface ListPrice {
  readonly listId: string;
  readonly productId: string;
  readonly amount: number;
  readonly currency: string;
  readonly from: number;
  /** FOR_EVER for until further notice. */
  readonly until: number;
}

/** The server's limits are lower; these keep a mad row from eating the till's memory. */
export const TEXT_CHARACTERS_MAX = 1_000;
export const BARCODES_MAX = 500;
export const AMOUNT_MAX = 1_000_000_000_000;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isUuid = (value: unknown): value is string => typeof value === "string" && UUID.test(value);

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length <= TEXT_CHARACTERS_MAX;

export const isCount = (value: unknown, max = Number.MAX_SAFE_INTEGER): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max;

export function isListOf<T>(value: unknown, of: (item: unknown) => item is T, max: number): value is T[] {
  return Array.isArray(value) && value.length <= max && value.every(of);
}

/** English and Arabic as a row gives them; a missing Arabic name is empty. */
export function namesOf(value: Fields): BothNames | null {
  const { name_en: en, name_ar: ar = "" } = value;
  return isText(en) && isText(ar) ? { en, ar } : null;
}

export function readProduct(key: string, value: unknown): Product | null {
  if (!isFields(value) || !isUuid(key) || value.product_id !== key) return null;
  const {
    sku,
    unit,
    category_id: categoryId = null,
    tax_class: taxClass,
    barcodes = [],
    active = true,
  } = value;
  const name = namesOf(value);
  const isReadable =
    name !== null &&
    isText(sku) &&
    (unit === "piece" || unit === "kg") &&
    (categoryId === null || isUuid(categoryId)) &&
    isText(taxClass) &&
    isListOf(barcodes, isText, BARCODES_MAX) &&
    typeof active === "boolean";
  return isReadable ? { id: key, sku, name, unit, categoryId, taxClass, barcodes, active } : null;
}

export function productRow(product: Product): Row {
  const { id, sku, name, unit, categoryId, taxClass, barcodes, active } = product;
  const names = { name_en: name.en, name_ar: name.ar };
  const rest = { unit, category_id: categoryId, tax_class: taxClass, barcodes, active };
  return { kind: "product", key: id, value: { product_id: id, sku, ...names, ...rest } };
}

/** What a key `list:product:valid from` names; null for what is no such key. */
export function readPriceKey(key: string): { listId: string; productId: string; from: number } | null {
  const [listId, productId, date, more] = key.split(":");
  const from = dayOf(date);
  return isUuid(listId) && isUuid(productId) && from !== null && more === undefined
    ? { listId, productId, from }
    : null;
}

export const priceKey = (price: Pick<ListPrice, "listId" | "productId" | "from">): string =>
  `${price.listId}:${price.productId}:${isoOf(price.from)}`;

export function readPrice(key: string, value: unknown): ListPrice | null {
  const named = readPriceKey(key);
  return named && readPriceOf(named, value);
}

/** The price that a row's key named. */
export function readPriceOf(
  named: { listId: string; productId: string; from: number },
  value: unknown,
): ListPrice | null {
  if (!isFields(value)) return null;
  const { amount, currency, valid_from: from, valid_until: last = null } = value;
  const until = last === null ? FOR_EVER : dayOf(last);
  const isReadable =
    value.price_list_id === named.listId &&
    value.product_id === named.productId &&
    dayOf(from) === named.from &&
    until !== null &&
    isCount(amount, AMOUNT_MAX) &&
    isText(currency);
  return isReadable ? { ...named, amount, currency, until } : null;
}

export function priceRow(price: ListPrice): Row {
  const { listId, productId, amount, currency, from, until } = price;
  const validity = { valid_from: isoOf(from), valid_until: until === FOR_EVER ? null : isoOf(until) };
  const value = { price_list_id: listId, product_id: productId, amount, currency, ...validity };
  return { kind: "price", key: priceKey(price), value };
}

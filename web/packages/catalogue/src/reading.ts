/** Single values out of an image: a product, its codes, the ordinal behind an id or a code. */
import { isGtin } from "./codes";
import { idAt, putId } from "./ids";
import { ABSENT, ACTIVE, BY_WEIGHT, type Image } from "./image";
import type { ListPrice } from "./rows";
import type { Product } from "./types";
import { codeKey, sortKey, wordsOf } from "./words";

const NAME_EN = 0;
const NAME_AR = 1;
const SKU = 2;
const UNITS_AT_ONCE = 1024;

const decoder = new TextDecoder();

/** The first place in 0..length for which `isBefore` is false; it must be true for all places before that. */
export function lowerBound(length: number, isBefore: (place: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The same for a place at or after `from`. For searches in rising order: it looks near `from` first, so that
 * many of them together cost little more than one walk.
 */
export function lowerBoundFrom(from: number, length: number, isBefore: (place: number) => boolean): number {
  let step = 1;
  let low = from;
  while (low + step <= length && isBefore(low + step - 1)) {
    low += step;
    step *= 2;
  }
  return low + lowerBound(Math.min(step, length - low), (offset) => isBefore(low + offset));
}

function textAt(image: Image, ordinal: number, which: number): string {
  const at = 3 * ordinal + which;
  return decoder.decode(image.text.subarray(image.textStart[at], image.textStart[at + 1]));
}

/** Also of an ordinal that is absent. */
export const idOf = (image: Image, ordinal: number): string => idAt(image.ids, 4 * ordinal);

export const isAbsent = (image: Image, ordinal: number): boolean =>
  ((image.flags[ordinal] ?? 0) & ABSENT) !== 0;

/** What an ordinal is ordered by, before its id; empty for an absent one. */
export function sortKeyOf(image: Image, ordinal: number): string {
  return sortKey(wordsOf(textAt(image, ordinal, NAME_EN) || textAt(image, ordinal, NAME_AR)));
}

export const skuKeyOf = (image: Image, ordinal: number): string => codeKey(textAt(image, ordinal, SKU));

/** The product with this ordinal, which must not be absent. */
export function productAt(image: Image, ordinal: number): Product {
  const flags = image.flags[ordinal] ?? 0;
  const category = image.category[ordinal] ?? 0;
  return {
    id: idOf(image, ordinal),
    sku: textAt(image, ordinal, SKU),
    name: { en: textAt(image, ordinal, NAME_EN), ar: textAt(image, ordinal, NAME_AR) },
    unit: (flags & BY_WEIGHT) === 0 ? "piece" : "kg",
    categoryId: category === 0 ? null : (image.tables.categories[category - 1] ?? null),
    taxClass: image.tables.taxClasses[image.taxClass[ordinal] ?? 0] ?? "",
    barcodes: codesAt(image, ordinal),
    active: (flags & ACTIVE) !== 0,
  };
}

function codesAt(image: Image, ordinal: number): string[] {
  const codes: string[] = [];
  const end = image.codeStart[ordinal + 1] ?? 0;
  for (let slot = image.codeStart[ordinal] ?? 0; slot < end; slot++) {
    const value = image.codeValue[slot] ?? 0;
    const digits = image.codeDigits[slot] ?? 0;
    codes.push(digits > 0 ? String(value).padStart(digits, "0") : ownCodeAt(image, -value - 1));
  }
  return codes;
}

export function ownCodeAt(image: Image, place: number): string {
  return unitsToText(image.ownCode, image.ownCodeStart[place] ?? 0, image.ownCodeStart[place + 1] ?? 0);
}

export function wordAt(image: Image, place: number): string {
  return unitsToText(image.word, image.wordStart[place] ?? 0, image.wordStart[place + 1] ?? 0);
}

function unitsToText(units: Uint16Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += UNITS_AT_ONCE) {
    text += String.fromCharCode(...units.subarray(at, Math.min(end, at + UNITS_AT_ONCE)));
  }
  return text;
}

/** The ordinal with an id, also an absent one; -1 for none. The id must be a UUID. */
export function ordinalOf(image: Image, id: string): number {
  const wanted = new Uint32Array(4);
  putId(wanted, 0, id);
  return ordinalOfWords(image, wanted);
}

function ordinalOfWords(image: Image, wanted: Uint32Array): number {
  const { byId, ids } = image;
  const compare = (place: number): number => {
    const at = 4 * (byId[place] ?? 0);
    for (let word = 0; word < 4; word++) {
      const difference = (ids[at + word] ?? 0) - (wanted[word] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const place = lowerBound(byId.length, (each) => compare(each) < 0);
  return place < byId.length && compare(place) === 0 ? (byId[place] ?? -1) : -1;
}

/** The value under which a code stands in `codeValue`; null for an own code that no product has. */
export function codeValueOf(image: Image, code: string): number | null {
  if (isGtin(code)) return Number(code);
  const count = image.ownCodeStart.length - 1;
  const place = lowerBound(count, (each) => ownCodeAt(image, each) < code);
  return place < count && ownCodeAt(image, place) === code ? -place - 1 : null;
}

/** The places in `byCode` of the codes with values from `low` to below `high`. */
export function codeRange(image: Image, low: number, high: number): [number, number] {
  const { byCode, codeValue } = image;
  const valueAt = (place: number): number => codeValue[byCode[place] ?? 0] ?? 0;
  const start = lowerBound(byCode.length, (place) => valueAt(place) < low);
  return [start, lowerBoundFrom(start, byCode.length, (place) => valueAt(place) < high)];
}

/** The places in `bySku` whose keys begin with `key`. */
export function skuRange(image: Image, key: string): [number, number] {
  const keyAt = (place: number): string => skuKeyOf(image, image.bySku[place] ?? 0);
  const low = lowerBound(image.bySku.length, (place) => keyAt(place) < key);
  const high = lowerBound(image.bySku.length, (place) => keyAt(place) < key || keyAt(place).startsWith(key));
  return [low, high];
}

/** The prices of an ordinal as rows say them. */
export function pricesAt(image: Image, ordinal: number): ListPrice[] {
  const prices: ListPrice[] = [];
  const productId = idOf(image, ordinal);
  for (let at = image.priceStart[ordinal] ?? 0; at < (image.priceStart[ordinal + 1] ?? 0); at++) {
    prices.push({
      listId: image.tables.lists[image.priceList[at] ?? 0] ?? "",
      productId,
      amount: image.priceAmount[at] ?? 0,
      currency: image.tables.currencies[image.priceCurrency[at] ?? 0] ?? "",
      from: image.priceFrom[at] ?? 0,
      until: image.priceUntil[at] ?? 0,
    });
  }
  return prices;
}

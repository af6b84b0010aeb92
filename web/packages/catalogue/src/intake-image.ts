/** An image of what was taken in so far, in slices, so that a worker can answer in between. */
import { compareIds } from "./ids";
import { ABSENT, type Columns, type Image } from "./image";
import { NONE, type Intake } from "./intake";
import { packUnits } from "./merging-codes";
import { SLICE_ROWS } from "./merging-plan";
import { LETTERS_MAX } from "./merging-products";
import { columnsOfWords, type WordColumns } from "./merging-words";

const TEXTS = 3;

/** Places by owner: those of owner n from `start[n]` to before `start[n + 1]`. */
interface Grouped {
  readonly start: Uint32Array<ArrayBuffer>;
  readonly places: Uint32Array<ArrayBuffer>;
}

/** For each ordinal its owner, and the newest product of that, NONE for an absent one. */
interface Order {
  readonly owners: readonly number[];
  readonly places: Int32Array<ArrayBuffer>;
}

/** Yields where it may pause. More may be taken in afterwards; the image stays as it is. */
export function* imageOf(intake: Intake): Generator<void, Image> {
  const prices = livePrices(intake);
  yield;
  const order = orderOf(intake, prices);
  yield;
  const columns = {
    ...(yield* productColumns(intake, order)),
    ...(yield* codeColumns(intake, order)),
    ...(yield* priceColumns(intake, order, prices)),
    ...(yield* wordColumns(intake, order)),
  };
  const { categories, taxClasses, lists, currencies } = intake;
  const tables = {
    categories: [...categories.texts],
    taxClasses: [...taxClasses.texts],
    lists: [...lists.texts],
    currencies: [...currencies.texts],
  };
  return { ...columns, size: order.owners.length, tables };
}

/** Prices by product: of each list and first day the one that came last, unless that deleted it. */
function livePrices({ prices, newest }: Intake): Grouped {
  const all = grouped(prices.owner.subarray(0, prices.size), newest.length);
  const start = new Uint32Array(newest.length + 1);
  const places = new Uint32Array(prices.size);
  let at = 0;
  for (let owner = 0; owner < newest.length; owner++) {
    const own = all.places.subarray(all.start[owner], all.start[owner + 1]);
    for (const place of own.length > 1 ? lastOfEach(prices, own) : own) {
      if ((prices.amount[place] ?? NONE) !== NONE) places[at++] = place;
    }
    start[owner + 1] = at;
  }
  return { start, places: places.subarray(0, at) };
}

function lastOfEach({ list, from }: Intake["prices"], own: Uint32Array): Iterable<number> {
  const last = new Map<string, number>();
  for (const place of own) last.set(`${list[place] ?? 0}:${from[place] ?? 0}`, place);
  return last.values();
}

/** Counted first, so that it takes one pass and no sorting. */
function grouped(owners: Uint32Array, count: number): Grouped {
  const start = new Uint32Array(count + 1);
  for (const owner of owners) start[owner + 1] = (start[owner + 1] ?? 0) + 1;
  for (let owner = 0; owner < count; owner++)
    start[owner + 1] = (start[owner + 1] ?? 0) + (start[owner] ?? 0);
  const next = start.slice();
  const places = new Uint32Array(owners.length);
  for (let place = 0; place < owners.length; place++) {
    const owner = owners[place] ?? 0;
    const at = next[owner] ?? 0;
    places[at] = place;
    next[owner] = at + 1;
  }
  return { start, places };
}

/** By name, then by id. */
function orderOf({ newest, ids, products }: Intake, prices: Grouped): Order {
  const owners: number[] = [];
  for (const [owner, place] of newest.entries()) {
    const hasPrices = (prices.start[owner + 1] ?? 0) > (prices.start[owner] ?? 0);
    if (place !== NONE || hasPrices) owners.push(owner);
  }
  const keys = newest.map((place) => products.sortKeys[place] ?? "");
  owners.sort((left, right) => {
    const [one = "", other = ""] = [keys[left], keys[right]];
    return one < other ? -1 : one > other ? 1 : compareIds(ids, 4 * left, ids, 4 * right);
  });
  return { owners, places: Int32Array.from(owners, (owner) => newest[owner] ?? NONE) };
}

type ProductColumns = Pick<
  Columns,
  "ids" | "byId" | "text" | "textStart" | "flags" | "letters" | "taxClass" | "category" | "bySku"
>;

function* productColumns({ ids: taken, products }: Intake, order: Order): Generator<void, ProductColumns> {
  const size = order.owners.length;
  const ids = new Uint32Array(4 * size);
  const flags = new Uint8Array(size).fill(ABSENT);
  const letters = new Uint16Array(size);
  const taxClass = new Uint32Array(size);
  const category = new Uint32Array(size);
  const textStart = new Uint32Array(TEXTS * size + 1);
  for (let ordinal = 0; ordinal < size; ordinal++) {
    if (ordinal % SLICE_ROWS === SLICE_ROWS - 1) yield;
    const from = 4 * (order.owners[ordinal] ?? 0);
    for (let word = 0; word < 4; word++) ids[4 * ordinal + word] = taken[from + word] ?? 0;
    const place = order.places[ordinal] ?? NONE;
    if (place !== NONE) {
      flags[ordinal] = products.flags[place] ?? 0;
      letters[ordinal] = Math.min(products.sortKeys[place]?.length ?? 0, LETTERS_MAX);
      taxClass[ordinal] = products.taxClass[place] ?? 0;
      category[ordinal] = products.category[place] ?? 0;
    }
    // Of an absent product the three texts are empty.
    for (let which = 0; which < TEXTS; which++) {
      const at = TEXTS * place + which;
      const length = place === NONE ? 0 : (products.textStart[at + 1] ?? 0) - (products.textStart[at] ?? 0);
      textStart[TEXTS * ordinal + which + 1] = (textStart[TEXTS * ordinal + which] ?? 0) + length;
    }
  }
  yield;
  const text = new Uint8Array(textStart[TEXTS * size] ?? 0);
  for (let ordinal = 0; ordinal < size; ordinal++) {
    if (ordinal % SLICE_ROWS === SLICE_ROWS - 1) yield;
    const place = order.places[ordinal] ?? NONE;
    if (place === NONE) continue;
    const [start, end] = [products.textStart[TEXTS * place], products.textStart[TEXTS * place + TEXTS]];
    text.set(products.text.subarray(start, end), textStart[TEXTS * ordinal]);
  }
  yield;
  const byId = ordinalsOf(size).sort((left, right) => compareIds(ids, 4 * left, ids, 4 * right));
  yield;
  const skuKeys = Array.from(order.places, (place) => products.skuKeys[place] ?? "");
  const bySku = ordinalsOf(size).sort((left, right) => {
    const [one = "", other = ""] = [skuKeys[left], skuKeys[right]];
    return one < other ? -1 : one > other ? 1 : left - right;
  });
  yield;
  return { ids, byId, text, textStart, flags, letters, taxClass, category, bySku };
}

const ordinalsOf = (size: number): Uint32Array<ArrayBuffer> =>
  Uint32Array.from({ length: size }, (_, ordinal) => ordinal);

type CodeColumns = Pick<
  Columns,
  "codeStart" | "codeOwner" | "codeValue" | "codeDigits" | "byCode" | "ownCode" | "ownCodeStart"
>;

function* codeColumns({ products, ownCodes }: Intake, order: Order): Generator<void, CodeColumns> {
  const size = order.owners.length;
  const codeStart = new Uint32Array(size + 1);
  const isUsed = new Uint8Array(ownCodes.size);
  for (let ordinal = 0; ordinal < size; ordinal++) {
    const place = order.places[ordinal] ?? NONE;
    const [start, end] = place === NONE ? [0, 0] : codesOf(products, place);
    codeStart[ordinal + 1] = (codeStart[ordinal] ?? 0) + end - start;
    for (let at = start; at < end; at++) {
      const value = products.codeValue[at] ?? 0;
      if (value < 0) isUsed[-value - 1] = 1;
    }
  }
  yield;
  const own = ownCodes.texts.filter((_, number) => isUsed[number] === 1).sort();
  const ownPlaces = new Map(own.map((code, place) => [code, place]));
  const slots = codeStart[size] ?? 0;
  const codeOwner = new Uint32Array(slots);
  const codeValue = new Float64Array(slots);
  const codeDigits = new Uint8Array(slots);
  for (let ordinal = 0; ordinal < size; ordinal++) {
    if (ordinal % SLICE_ROWS === SLICE_ROWS - 1) yield;
    const place = order.places[ordinal] ?? NONE;
    if (place === NONE) continue;
    const [start, end] = codesOf(products, place);
    let slot = codeStart[ordinal] ?? 0;
    for (let at = start; at < end; at++, slot++) {
      const value = products.codeValue[at] ?? 0;
      codeOwner[slot] = ordinal;
      codeDigits[slot] = products.codeDigits[at] ?? 0;
      codeValue[slot] = value < 0 ? -(ownPlaces.get(ownCodes.texts[-value - 1] ?? "") ?? 0) - 1 : value;
    }
  }
  yield;
  const byCode = ordinalsOf(slots).sort(
    (left, right) => (codeValue[left] ?? 0) - (codeValue[right] ?? 0) || left - right,
  );
  yield;
  const { units: ownCode, starts: ownCodeStart } = packUnits(own);
  return { codeStart, codeOwner, codeValue, codeDigits, byCode, ownCode, ownCodeStart };
}

const codesOf = ({ codeStart }: Intake["products"], place: number): [number, number] => [
  codeStart[place] ?? 0,
  codeStart[place + 1] ?? 0,
];

type PriceColumns = Pick<
  Columns,
  "priceStart" | "priceList" | "priceCurrency" | "priceAmount" | "priceFrom" | "priceUntil"
>;

function* priceColumns(intake: Intake, order: Order, live: Grouped): Generator<void, PriceColumns> {
  const { prices } = intake;
  const count = live.places.length;
  const priceStart = new Uint32Array(order.owners.length + 1);
  const priceList = new Uint32Array(count);
  const priceCurrency = new Uint32Array(count);
  const priceAmount = new Float64Array(count);
  const priceFrom = new Uint32Array(count);
  const priceUntil = new Uint32Array(count);
  let at = 0;
  for (const [ordinal, owner] of order.owners.entries()) {
    if (ordinal % SLICE_ROWS === SLICE_ROWS - 1) yield;
    for (let next = live.start[owner] ?? 0; next < (live.start[owner + 1] ?? 0); next++) {
      const place = live.places[next] ?? 0;
      priceList[at] = prices.list[place] ?? 0;
      priceCurrency[at] = prices.currency[place] ?? 0;
      priceAmount[at] = prices.amount[place] ?? 0;
      priceFrom[at] = prices.from[place] ?? 0;
      priceUntil[at++] = prices.until[place] ?? 0;
    }
    priceStart[ordinal + 1] = at;
  }
  return { priceStart, priceList, priceCurrency, priceAmount, priceFrom, priceUntil };
}

function* wordColumns({ products, words }: Intake, order: Order): Generator<void, WordColumns> {
  const counts = new Uint32Array(words.texts.length);
  for (const place of order.places) {
    if (place === NONE) continue;
    for (const number of wordsAt(products, place)) counts[number] = (counts[number] ?? 0) + 1;
  }
  yield;
  const used = [...words.texts.keys()].filter((number) => (counts[number] ?? 0) > 0);
  const textOf = (number: number): string => words.texts[number] ?? "";
  used.sort((left, right) => (textOf(left) < textOf(right) ? -1 : 1));
  yield;
  const foundStart = new Uint32Array(used.length + 1);
  const next = new Uint32Array(words.texts.length);
  for (const [rank, number] of used.entries()) {
    next[number] = foundStart[rank] ?? 0;
    foundStart[rank + 1] = (foundStart[rank] ?? 0) + (counts[number] ?? 0);
  }
  const found = new Uint32Array(foundStart[used.length] ?? 0);
  for (const [ordinal, place] of order.places.entries()) {
    if (ordinal % SLICE_ROWS === SLICE_ROWS - 1) yield;
    if (place === NONE) continue;
    for (const number of wordsAt(products, place)) {
      const at = next[number] ?? 0;
      found[at] = ordinal;
      next[number] = at + 1;
    }
  }
  yield;
  return { ...columnsOfWords(used.map(textOf)), found, foundStart };
}

const wordsAt = ({ word, wordStart }: Intake["products"], place: number): Uint32Array =>
  word.subarray(wordStart[place], wordStart[place + 1]);

/** The merged columns of prices, product by product. */
import { TextTable } from "./merging-products";
import type { Columns, Image, Tables } from "./image";
import { SLICE_ROWS, type Plan } from "./merging-plan";
import type { LaterPrice } from "./overlay";

export type PriceColumns = Pick<
  Columns,
  "priceStart" | "priceList" | "priceCurrency" | "priceAmount" | "priceFrom" | "priceUntil"
>;

interface Merged {
  readonly columns: PriceColumns;
  readonly tables: Pick<Tables, "lists" | "currencies">;
}

export function* mergePrices(old: Image, plan: Plan): Generator<void, Merged> {
  const { size, source, additions } = plan;
  const before = (ordinal: number): number => {
    const from = source[ordinal] ?? 0;
    return from < 0 ? (additions[-from - 1]?.before ?? -1) : from;
  };
  const priceStart = new Uint32Array(size + 1);
  for (let ordinal = 0; ordinal < size; ordinal++) {
    if (ordinal % SLICE_ROWS === SLICE_ROWS - 1) yield;
    const rows = plan.prices.get(ordinal);
    const from = before(ordinal);
    let count = from < 0 ? 0 : (old.priceStart[from + 1] ?? 0) - (old.priceStart[from] ?? 0);
    if (rows !== undefined)
      count = keptPrices(old, from, rows).length + rows.filter((row) => row.price !== null).length;
    priceStart[ordinal + 1] = (priceStart[ordinal] ?? 0) + count;
  }
  yield;
  const places = priceStart[size] ?? 0;
  const priceList = new Uint32Array(places);
  const priceCurrency = new Uint32Array(places);
  const priceAmount = new Float64Array(places);
  const priceFrom = new Uint32Array(places);
  const priceUntil = new Uint32Array(places);
  const lists = new TextTable(old.tables.lists);
  const currencies = new TextTable(old.tables.currencies);
  let at = 0;
  const keep = (from: number): void => {
    priceList[at] = lists.move(old.priceList[from] ?? 0);
    priceCurrency[at] = currencies.move(old.priceCurrency[from] ?? 0);
    priceAmount[at] = old.priceAmount[from] ?? 0;
    priceFrom[at] = old.priceFrom[from] ?? 0;
    priceUntil[at++] = old.priceUntil[from] ?? 0;
  };
  for (let ordinal = 0; ordinal < size; ordinal++) {
    if (ordinal % SLICE_ROWS === SLICE_ROWS - 1) yield;
    const rows = plan.prices.get(ordinal);
    const from = before(ordinal);
    if (rows === undefined) {
      const end = from < 0 ? 0 : (old.priceStart[from + 1] ?? 0);
      for (let place = from < 0 ? 0 : (old.priceStart[from] ?? 0); place < end; place++) keep(place);
      continue;
    }
    for (const place of keptPrices(old, from, rows)) keep(place);
    for (const { price } of rows) {
      if (price === null) continue;
      priceList[at] = lists.place(price.listId);
      priceCurrency[at] = currencies.place(price.currency);
      priceAmount[at] = price.amount;
      priceFrom[at] = price.from;
      priceUntil[at++] = price.until;
    }
  }
  const columns = { priceStart, priceList, priceCurrency, priceAmount, priceFrom, priceUntil };
  return { columns, tables: { lists: lists.texts, currencies: currencies.texts } };
}

/** The old places of a product's prices that no row replaced or deleted. */
function keptPrices(old: Image, ordinal: number, rows: readonly LaterPrice[]): number[] {
  const places: number[] = [];
  if (ordinal < 0) return places;
  for (let at = old.priceStart[ordinal] ?? 0; at < (old.priceStart[ordinal + 1] ?? 0); at++) {
    const list = old.tables.lists[old.priceList[at] ?? 0];
    const from = old.priceFrom[at];
    if (!rows.some((row) => row.from === from && row.listId === list)) places.push(at);
  }
  return places;
}

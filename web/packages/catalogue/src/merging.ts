/** A new image from an old one and the rows that came later, in slices, so that a worker can answer in between. */
import type { Image } from "./image";
import { mergeCodes } from "./merging-codes";
import { planMerge, type Plan } from "./merging-plan";
import { mergePrices } from "./merging-prices";
import { mergeProducts } from "./merging-products";
import { mergeWords } from "./merging-words";
import type { Snapshot } from "./overlay";

/** Yields where it may pause; what it returns holds nothing of the old image. */
export function* mergeImage(old: Image, later: Snapshot): Generator<void, Image> {
  const plan: Plan = yield* planMerge(old, later);
  const products = yield* mergeProducts(old, plan);
  const codes = yield* mergeCodes(old, plan);
  const prices = yield* mergePrices(old, plan);
  const words = yield* mergeWords(old, plan);
  const tables = { ...products.tables, ...prices.tables };
  return { ...products.columns, ...codes, ...prices.columns, ...words, size: plan.size, tables };
}

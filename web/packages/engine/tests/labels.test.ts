import { afterEach, describe, expect, it } from "vitest";

import { Counter, DATES, goods, LIST, makeShard, refusalOf, row } from "./shop";

let counter: Counter;
const PRICED = { prefix: "22", item_digits: 5, holds: "price", value_digits: 5, decimals: 3 };

afterEach(async () => {
  await counter.stop();
});

async function opened(): Promise<Counter> {
  counter = new Counter(await makeShard());
  await counter.open();
  counter.shard.publish(
    row("till_settings", "branch:3", { cash_rounding: 5, scale_rules: [PRICED] }),
    ...goods(DATES, "DATES", "Dates", "تمر", "kg", "42", 1_250),
  );
  await counter.until((state) => state.settings.scaleRules.length === 1);
  return counter;
}

describe("a label with a price", () => {
  it("is what the customer pays, also where tax comes on top of the shelf's prices", async () => {
    const { engine, shard } = await opened();
    const tax = { jurisdiction: "KW", tax_class: "standard", name_en: "VAT", name_ar: "" };
    const list = { price_list_id: LIST, name: "Shelf", region_id: 1, branch_id: null, currency: "KWD" };
    shard.publish(
      row("tax", "KW:standard", { ...tax, tax_code: "KW-S", rate_ppm: 50_000 }),
      row("price_list", LIST, { ...list, tax_inclusive: false, priority: 1 }),
    );
    await counter.until((state) => state.sync.feed === null);
    const deadline = performance.now() + 5_000;
    while ((await engine.search("dates", 1))[0]?.taxInclusive !== false) {
      if (performance.now() > deadline) throw new Error("the price list did not arrive");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await engine.scan("2200042007502")).toMatchObject({ kind: "added", cart: { total: 750 } });
  });

  it("of nothing is refused, and not sold as a kilogram", async () => {
    const { engine } = await opened();
    expect(await refusalOf(engine.scan("2200042000008"))).toMatchObject({ code: "quantity_invalid" });
    expect((await engine.cart()).lines).toEqual([]);
  });
});

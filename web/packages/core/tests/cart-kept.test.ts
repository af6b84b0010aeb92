/** Carts that were put aside, or grow after somebody agreed to them. */
import { describe, expect, it } from "vitest";

import {
  addProduct,
  addReturn,
  addReturnWithoutReceipt,
  emptyCart,
  itemOf,
  outgrows,
  overridePrice,
  refreshReturns,
  setQuantity,
  type Cart,
  type Sellable,
} from "../src/index";
import { refusal } from "./refusal";

const LAMP: Sellable = {
  productId: "01938f5e-7c00-7aaa-8000-012345678902",
  sku: "LAMP",
  name: { en: "Lamp", ar: "" },
  unit: "piece",
  unitPrice: 12_005,
  taxInclusive: true,
  taxCode: "KW-O",
  ratePpm: 0,
};

/** One of three lamps comes back, of which one came back here before. */
function returnCart(): Cart {
  const sold = { quantity: 3_000, discount: 0, tax: 0, total: 36_015, returned: 1_000, returnedHere: 1_000 };
  const original = { branch: 3, device: 7, seq: 2, line: 1 };
  return addReturn(emptyCart(), { ...LAMP, original, sold }, 1_000, "broken");
}

describe("a return that was put aside", () => {
  it("has no more coming back than is left since", () => {
    const refreshed = refreshReturns(returnCart(), new Map([[1, 2_000]]));
    expect(itemOf(refreshed, "1").sold).toMatchObject({ returned: 2_000, returnedHere: 2_000 });
    expect(refusal(() => setQuantity(refreshed, "1", 2_000))).toMatchObject({ code: "return_too_much" });
    expect(refreshReturns(returnCart(), new Map([[1, 3_000]]))).toMatchObject({
      items: [],
      returnReason: null,
    });
  });

  it("is left no more by a till that has forgotten what came back", () => {
    for (const forgotten of [new Map<number, number>(), new Map([[1, 500]])]) {
      const refreshed = refreshReturns(returnCart(), forgotten);
      expect(itemOf(refreshed, "1").sold).toMatchObject({ returned: 1_000, returnedHere: 1_000 });
      expect(refusal(() => setQuantity(refreshed, "1", 3_000))).toMatchObject({ code: "return_too_much" });
      expect(refreshReturns(refreshed, new Map([[1, 2_000]])).items[0]?.sold?.returned).toBe(2_000);
    }
  });
});

describe("an overridden price", () => {
  const sale = (price: number) => overridePrice(addProduct(emptyCart(), LAMP).cart, "1", price);
  const back = (price: number) =>
    overridePrice(addReturnWithoutReceipt(emptyCart(), LAMP, 1_000, "broken"), "1", price);

  it("is outgrown at the shop's expense only: lower for what is sold, higher for what comes back", () => {
    const isOutgrown = (cart: Cart) => outgrows(itemOf(cart, "1"), 2_000).price;
    expect([sale(10), sale(100_000), sale(LAMP.unitPrice)].map(isOutgrown)).toEqual([true, false, false]);
    expect([back(10), back(100_000), back(LAMP.unitPrice)].map(isOutgrown)).toEqual([false, true, false]);
  });

  it("holds for as much as it was agreed for", () => {
    expect(outgrows(itemOf(back(100_000), "1"), 1_000).price).toBe(false);
    expect(outgrows(itemOf(sale(10), "1"), 1_000).price).toBe(false);
  });
});

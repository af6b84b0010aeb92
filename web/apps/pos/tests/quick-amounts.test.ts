/** Quick amounts are what a customer may hand over for what is due. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quickAmounts, QUICK_AMOUNTS_MAX } from "../src/pay/quick-amounts";

describe("quick amounts", () => {
  it("are what notes of the currency make, each enough, smallest first", () => {
    expect(quickAmounts(3_250, "KWD")).toEqual([3_500, 4_000, 5_000, 10_000, 20_000]);
    expect(quickAmounts(8_735, "SAR")).toEqual([9_000, 10_000, 20_000, 50_000]);
  });

  it("leave the exact amount to its own button, and out what nobody owes", () => {
    expect(quickAmounts(5_000, "KWD")).toEqual([10_000, 20_000]);
    expect(quickAmounts(0, "KWD")).toEqual([]);
    expect(quickAmounts(-500, "KWD")).toEqual([]);
    expect(quickAmounts(500, "XXX")).toEqual([]);
  });

  it("are always more than is due, without doubles, and few", () => {
    const currency = fc.constantFrom("KWD", "BHD", "OMR", "SAR", "AED", "QAR", "GBP", "EUR", "USD");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), currency, (due, code) => {
        const amounts = quickAmounts(due, code);
        expect(amounts.length).toBeLessThanOrEqual(QUICK_AMOUNTS_MAX);
        expect(amounts.every((amount) => amount > due)).toBe(true);
        expect([...new Set(amounts)].sort((a, b) => a - b)).toEqual(amounts);
      }),
    );
  });
});

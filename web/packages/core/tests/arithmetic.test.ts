/** Money, quantities, taxes and rounding: `spec/vectors`, and what holds for every amount. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  cashDue,
  divideHalfUp,
  extend,
  formatMinor,
  formatQuantity,
  latinDigits,
  multiplyDivide,
  parseMinor,
  parseQuantity,
  splitTax,
  spread,
  STANDARD_RATE_PPM,
  taxCode,
  type TaxClass,
} from "../src/index";
import { vectors } from "./vectors";

interface Money {
  parse: { text: string; currency: string; amount: number }[];
  refused: { text: string; currency: string }[];
  format: { text: string; currency: string; amount: number }[];
  divide_half_up: { numerator: number; denominator: number; result: number }[];
  extend: { unit_price: number; quantity: number; amount: number }[];
}

interface Taxes {
  rates: { jurisdiction: string; standard_ppm: number }[];
  codes: { jurisdiction: string; tax_class: TaxClass; tax_code: string }[];
  lines: { amount: number; rate_ppm: number; inclusive: boolean; net: number; tax: number; gross: number }[];
}

interface Spreads {
  spread: { amount: number; weights: number[]; shares: number[] }[];
  cash_due: { due: number; step: number | null; paid: number }[];
}

const AMOUNT = fc.integer({ min: -(10 ** 12), max: 10 ** 12 });

describe("the vectors of money.json", () => {
  const given = vectors("money") as Money;

  it("reads, refuses and writes amounts", () => {
    for (const { text, currency, amount } of given.parse)
      expect(parseMinor(text, currency), text).toBe(amount);
    for (const { text, currency } of given.refused) expect(parseMinor(text, currency), text).toBeNull();
    for (const { text, currency, amount } of given.format) expect(formatMinor(amount, currency)).toBe(text);
  });

  it("rounds half away from zero and extends a price by a quantity", () => {
    for (const { numerator, denominator, result } of given.divide_half_up) {
      expect(divideHalfUp(numerator, denominator)).toBe(result);
    }
    for (const { unit_price, quantity, amount } of given.extend)
      expect(extend(unit_price, quantity)).toBe(amount);
  });
});

describe("the vectors of tax.json", () => {
  const given = vectors("tax") as Taxes;

  it("knows rates, codes and lines", () => {
    for (const { jurisdiction, standard_ppm } of given.rates) {
      expect(STANDARD_RATE_PPM[jurisdiction]).toBe(standard_ppm);
    }
    for (const { jurisdiction, tax_class, tax_code } of given.codes) {
      expect(taxCode(jurisdiction, tax_class)).toBe(tax_code);
    }
    for (const { amount, rate_ppm, inclusive, net, tax, gross } of given.lines) {
      expect(splitTax(amount, rate_ppm, inclusive)).toEqual({ net, tax, gross });
    }
    expect(taxCode("XX", "standard")).toBeNull();
  });
});

describe("the vectors of spread.json", () => {
  const given = vectors("spread") as Spreads;

  it("spreads amounts and rounds what is due in cash", () => {
    for (const { amount, weights, shares } of given.spread) expect(spread(amount, weights)).toEqual(shares);
    for (const { due, step, paid } of given.cash_due) expect(cashDue(due, step), `${due}`).toBe(paid);
  });
});

describe("money", () => {
  it("is read back as it was written, in both numerals", () => {
    fc.assert(
      fc.property(
        AMOUNT,
        fc.constantFrom("KWD", "SAR"),
        fc.constantFrom("latin", "arabic"),
        (amount, currency, numerals) => {
          expect(parseMinor(formatMinor(amount, currency, numerals), currency)).toBe(amount);
        },
      ),
    );
    expect(formatMinor(1250, "KWD", "arabic")).toBe("١٫٢٥٠");
    expect(parseMinor("۱۲٫۵", "SAR")).toBe(1250);
    expect(latinDigits("𝟜٤४")).toBe("444");
    expect(() => formatMinor(1, "XXX")).toThrow(RangeError);
    expect(parseMinor("1000000000.001", "KWD")).toBeNull();
  });

  it("is multiplied and divided exactly, however large", () => {
    const factor = fc.oneof(AMOUNT, fc.integer({ min: -2_000_000, max: 2_000_000 }));
    fc.assert(
      fc.property(factor, factor, fc.integer({ min: 1, max: 2_000_000 }), (one, other, denominator) => {
        const exact = BigInt(one) * BigInt(other);
        const rest = BigInt(multiplyDivide(one, other, denominator)) * BigInt(denominator) - exact;
        const isNegative = exact < 0n;
        // At most half a unit away, and the half itself away from zero.
        const away = isNegative ? -2n * rest : 2n * rest;
        if (Math.abs(one * other) / denominator < 2 ** 52) {
          expect(away > -BigInt(denominator) && away <= BigInt(denominator)).toBe(true);
        }
      }),
    );
  });

  it("loses no unit between net, tax and gross, and a return mirrors its sale", () => {
    fc.assert(
      fc.property(AMOUNT, fc.integer({ min: 0, max: 1_000_000 }), fc.boolean(), (amount, rate, inclusive) => {
        const { net, tax, gross } = splitTax(amount, rate, inclusive);
        expect(net + tax).toBe(gross);
        expect(inclusive ? gross : net).toBe(amount);
        const back = splitTax(-amount, rate, inclusive);
        expect([-back.net, -back.tax, -back.gross].map((each) => each + 0)).toEqual(
          [net, tax, gross].map((each) => each + 0),
        );
      }),
    );
    expect(() => splitTax(1, -1, true)).toThrow(RangeError);
  });

  it("is spread without losing a unit, and nobody gets more than their weight", () => {
    const weights = fc.array(fc.integer({ min: 0, max: 10 ** 12 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(weights, fc.nat(), (each, part) => {
        const whole = each.reduce((sum, weight) => sum + weight, 0);
        const amount = whole === 0 ? 0 : part % (whole + 1);
        const shares = spread(amount, each);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(amount);
        for (const [place, share] of shares.entries()) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(each[place] ?? 0);
        }
      }),
    );
  });

  it("is never rounded by more than half a coin", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 ** 12 }),
        fc.constantFrom(null, 1, 5, 10, 25, 201),
        (due, step) => {
          const paid = cashDue(due, step);
          const coin = step === null || step > 200 ? 1 : step;
          expect(2 * Math.abs(paid - due)).toBeLessThanOrEqual(coin);
          if (due > 0) expect(paid).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe("quantities", () => {
  it("are read back as they were written", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(10 ** 10), max: 10 ** 10 }),
        fc.constantFrom("latin", "arabic"),
        (quantity, numerals) => {
          expect(parseQuantity(formatQuantity(quantity, numerals))).toBe(quantity);
        },
      ),
    );
    expect(formatQuantity(1500)).toBe("1.5");
    expect(formatQuantity(2000, "arabic")).toBe("٢");
    for (const text of ["", "1.2345", "1,5", "x", "10000001", "1e3", "--1"])
      expect(parseQuantity(text), text).toBeNull();
  });
});

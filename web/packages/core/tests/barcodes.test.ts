/** Barcodes: `spec/vectors/barcode.json` and `scan.json`, and round trips. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  checkDigit,
  classify,
  expandUpcE,
  extend,
  hasCheckDigit,
  parseElements,
  quantityForPrice,
  readScaleLabel,
  readScan,
  tradeItem,
  type ScaleRule,
} from "../src/index";
import { vectors } from "./vectors";

interface Barcodes {
  valid: { code: string; kind: string; trade_item: string }[];
  refused: string[];
  check_digits: { digits: string; check_digit: number }[];
}

interface Scans {
  upc_e: { code: string; upca: string | null }[];
  scale: {
    code: string;
    rule: {
      prefix: string;
      item_digits: number;
      holds: "weight" | "price";
      value_digits: number;
      decimals: number;
    };
    exponent: number;
    label: { codes: string[]; weight: number | null; price: number | null } | null;
  }[];
  elements: {
    text: string;
    year: number;
    elements: {
      gtin: string;
      weight: number | null;
      price: { value: number; decimals: number } | null;
      lot: string | null;
      serial: string | null;
      expiry: string | null;
      best_before: string | null;
      produced: string | null;
    } | null;
  }[];
}

const terms = { rules: [] as ScaleRule[], exponent: 3, year: 2026 };
const DIGIT = fc.constantFrom(...Array.from("0123456789"));

describe("the vectors of barcode.json", () => {
  const given = vectors("barcode") as Barcodes;

  it("knows kinds, check digits and what two codes have in common", () => {
    for (const { code, kind, trade_item } of given.valid) {
      expect([classify(code), tradeItem(code)], code).toEqual([kind, trade_item]);
    }
    for (const code of given.refused) expect(classify(code), code).toBeNull();
    for (const { digits, check_digit } of given.check_digits) expect(checkDigit(digits)).toBe(check_digit);
    expect(() => checkDigit("١")).toThrow(RangeError);
  });
});

describe("the vectors of scan.json", () => {
  const given = vectors("scan") as Scans;

  it.each(given.upc_e)("expands $code", ({ code, upca }) => {
    expect(expandUpcE(code)).toBe(upca);
  });

  it.each(given.scale)("reads the label $code", ({ code, rule, exponent, label }) => {
    const { prefix, item_digits, holds, value_digits, decimals } = rule;
    const read = { prefix, itemDigits: item_digits, holds, valueDigits: value_digits, decimals };
    expect(readScaleLabel(code, [read], exponent)).toEqual(label);
  });

  it.each(given.elements)("reads $text", ({ text, year, elements }) => {
    const read = parseElements(text, year);
    const { best_before: bestBefore, ...rest } = elements ?? { best_before: null };
    expect(read).toEqual(elements && { ...rest, bestBefore });
  });
});

describe("codes", () => {
  it("show every single wrong digit", () => {
    const digits = fc.string({ unit: DIGIT, minLength: 7, maxLength: 13 });
    fc.assert(
      fc.property(digits, fc.nat(), fc.integer({ min: 1, max: 9 }), (body, where, by) => {
        const code = body + String(checkDigit(body));
        expect(hasCheckDigit(code)).toBe(true);
        const place = where % code.length;
        const wrong = (Number(code[place]) + by) % 10;
        expect(hasCheckDigit(`${code.slice(0, place)}${wrong}${code.slice(place + 1)}`)).toBe(false);
      }),
    );
  });

  it("come back from a GS1 element string in every form it is handed over in", () => {
    const lot = fc.stringMatching(/^[A-Za-z0-9]{1,20}$/);
    const weight = fc.integer({ min: 0, max: 999_999 });
    fc.assert(
      fc.property(
        fc.string({ unit: DIGIT, minLength: 13, maxLength: 13 }),
        lot,
        weight,
        (body, lotText, grams) => {
          const gtin = body + String(checkDigit(body));
          const six = String(grams).padStart(6, "0");
          const forms = [
            `]C101${gtin}3103${six}10${lotText}`,
            `]d201${gtin}10${lotText}\u001d3103${six}`,
            `\u001d01${gtin}10${lotText}\u001d3103${six}`,
            `01${gtin}3103${six}10${lotText}`,
            `(01)${gtin}(10)${lotText}(3103)${six}`,
          ];
          for (const form of forms) {
            expect(readScan(form, terms), form).toMatchObject({ codes: [gtin], weight: grams, lot: lotText });
          }
        },
      ),
    );
  });

  it("come back from a scale's label", () => {
    const item = fc.string({ unit: DIGIT, minLength: 5, maxLength: 5 });
    const rule: ScaleRule = { prefix: "21", itemDigits: 5, holds: "weight", valueDigits: 5, decimals: 3 };
    fc.assert(
      fc.property(item, fc.integer({ min: 0, max: 99_999 }), (number, grams) => {
        const body = `21${number}${String(grams).padStart(5, "0")}`;
        const code = body + String(checkDigit(body));
        const scan = readScan(code, { ...terms, rules: [rule] });
        expect(scan).toMatchObject({ kind: "item", weight: grams, price: null });
        if (scan.kind === "item")
          expect(scan.codes).toEqual(expect.arrayContaining([code, number, `21${number}`]));
      }),
    );
  });

  it("that mean nothing else are looked up as they are", () => {
    for (const code of ["4006381333931", "4011", "A-1", "كود", "01234", "(01)123"]) {
      expect(readScan(` ${code} `, terms)).toMatchObject({
        kind: "item",
        codes: [code],
        weight: null,
        price: null,
      });
    }
    expect(readScan("octonext:r1:3-7-17:0a1b2c3d", terms)).toEqual({
      kind: "receipt",
      reference: { branch: 3, device: 7, seq: 17 },
      hash: "0a1b2c3d",
    });
    expect(readScan("01234565", terms)).toMatchObject({ codes: ["01234565", "012345000065"] });
  });

  it("never make the reader throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^(\]C1)?01[0-9()\u001d]{0,60}$/)), (text) => {
        expect(["item", "receipt"]).toContain(readScan(text, terms).kind);
      }),
      { numRuns: 500 },
    );
  });

  it("with a price become a quantity that costs exactly that", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 ** 6 }),
        fc.integer({ min: 1, max: 10 ** 7 }),
        (unitPrice, price) => {
          const found = quantityForPrice(unitPrice, price);
          if (found === null) {
            expect(price / unitPrice).toBeGreaterThan(10 ** 6);
            return;
          }
          expect(extend(unitPrice, found.quantity) - found.discount).toBe(price);
          expect(found.discount).toBeLessThanOrEqual(Math.ceil(unitPrice / 1000));
        },
      ),
    );
    expect(quantityForPrice(0, 5)).toBeNull();
  });
});

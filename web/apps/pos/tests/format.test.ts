/** Amounts are integers on their way to the screen and back. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { decimalText, formats, parseDecimal, toArabicDigits, toLatinDigits } from "../src/i18n/format";

const en = formats("en", "latin", "Asia/Kuwait");
const ar = formats("ar", "latin", "Asia/Kuwait");
const indic = formats("ar", "arabic", "Asia/Kuwait");

describe("money", () => {
  test("has the places of its currency and groups", () => {
    expect(en.money(1_250_500, 3)).toBe("1,250.500");
    expect(en.money(5, 2)).toBe("0.05");
    expect(en.money(-45, 3)).toBe("\u22120.045");
    expect(en.money(1_000_000, 0)).toBe("1,000,000");
  });

  test("names its currency where the language puts it", () => {
    expect(en.moneyOf(1250, 3, "KWD")).toBe("KWD\u00a01.250");
    expect(ar.moneyOf(1250, 3, "KWD")).toBe("1.250\u00a0د.ك");
    expect(ar.moneyOf(1250, 2, "EGP")).toBe("12.50\u00a0EGP");
  });

  test("is written with Arabic-Indic digits and separators when they are preferred", () => {
    expect(indic.money(1_250_500, 3)).toBe("١٬٢٥٠٫٥٠٠");
    expect(indic.inDigits("KW01-T01-17")).toBe("KW٠١-T٠١-١٧");
  });

  test("read back is the same amount, in either kind of digits", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e11, max: 1e11 }), fc.integer({ min: 0, max: 3 }), (minor, places) => {
        expect(parseDecimal(decimalText(minor, places), places)).toBe(minor);
        expect(parseDecimal(indic.money(minor, places).replace("\u200e", ""), places)).toBe(minor);
      }),
    );
  });
});

describe("what a person types", () => {
  test.each([
    ["12.5", 3, 12_500],
    ["12.500", 3, 12_500],
    [".25", 2, 25],
    ["1,250", 2, 125_000],
    ["١٢٫٥", 3, 12_500],
    ["-3", 3, -3000],
    ["0", 3, 0],
  ])("%s with %i places is %i minor units", (text, places, minor) => {
    expect(parseDecimal(text, places)).toBe(minor);
  });

  test.each([
    ["", 3],
    [".", 3],
    ["12.3456", 3],
    ["1.5", 0],
    ["12a", 3],
    ["1.2.3", 3],
    ["1234567890123", 3],
  ])("%s with %i places is no amount", (text, places) => {
    expect(parseDecimal(text, places)).toBeNull();
  });
});

test("quantities and percents lose their useless zeros", () => {
  expect(en.quantity(2000)).toBe("2");
  expect(en.quantity(485)).toBe("0.485");
  expect(en.percent(125_000)).toBe("12.5");
  expect(en.percent(50_000)).toBe("5");
});

test("times are those of the branch, in the Gregorian calendar", () => {
  const at = Date.UTC(2026, 2, 14, 21, 30);
  expect(en.time(at)).toBe("00:30");
  expect(en.date(at)).toBe("15 Mar 2026");
  expect(toLatinDigits(indic.date(at))).toContain("2026");
  expect(ar.date(at)).toContain("2026");
});

test("spans are coarse", () => {
  expect(en.span(90_000)).toBe("1 min");
  expect(en.span(3 * 3_600_000 + 5)).toMatch(/^3 h/u);
  expect(ar.span(2 * 60_000)).toContain("دقيقتان");
});

test("digits go there and back", () => {
  expect(toLatinDigits(toArabicDigits("0123456789"))).toBe("0123456789");
  expect(toLatinDigits("۰۱۲۳۴۵۶۷۸۹")).toBe("0123456789");
});

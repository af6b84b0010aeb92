/** The drawer's notes and coins. */
import { expect, test } from "vitest";

import { DENOMINATIONS, pieceKey, worth } from "../src/shift/denominations";

test.each(Object.keys(DENOMINATIONS))("%s goes from large to small without a double", (currency) => {
  const known = DENOMINATIONS[currency];
  for (const values of [known?.notes ?? [], known?.coins ?? []]) {
    expect(values.length).toBeGreaterThan(3);
    expect([...new Set(values)].sort((a, b) => b - a)).toEqual(values);
  }
});

test("every currency of the Gulf has its notes and coins", () => {
  expect(Object.keys(DENOMINATIONS).sort()).toEqual(["AED", "BHD", "KWD", "OMR", "QAR", "SAR"]);
});

test("Oman's coins of 100 and 500 baisa are counted beside its notes of the same value", () => {
  const omr = DENOMINATIONS["OMR"];
  for (const value of [500, 100]) {
    expect(omr?.notes).toContain(value);
    expect(omr?.coins).toContain(value);
  }
});

test("counted pieces are worth their sum, and a riyal note is not a riyal coin", () => {
  const sar = DENOMINATIONS["SAR"];
  if (sar === undefined) throw new Error("SAR is missing");
  const pieces = { [pieceKey("notes", 100)]: 3, [pieceKey("coins", 100)]: 2, [pieceKey("coins", 25)]: 1 };
  expect(worth(sar, pieces)).toBe(525);
  expect(worth(sar, {})).toBe(0);
});

/** Card numbers in text: `spec/vectors/card.json`. */
import { expect, it } from "vitest";

import { containsCardNumber, isCardNumber, maskCardNumbers } from "../src/index";
import { vectors } from "./vectors";

const { masked } = vectors("card") as { masked: { text: string; masked: string }[] };

it.each(masked)("masks $text as Python does", ({ text, masked: expected }) => {
  expect(maskCardNumbers(text)).toBe(expected);
  expect(containsCardNumber(text)).toBe(text !== expected);
});

it("knows issuers and the check digit", () => {
  expect(isCardNumber("4111111111111111")).toBe(true);
  expect(isCardNumber("4111111111111112")).toBe(false);
  expect(isCardNumber("1111111111111117")).toBe(false);
});

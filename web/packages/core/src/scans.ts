/** What a scanned or typed code means: a receipt, goods with or without a weight or a price in the code. */
import { checkDigit, expandUpcE, hasCheckDigit } from "./barcodes";
import { parseElements } from "./element-string";
import type { ReceiptReference } from "./entries";
import { divideHalfUp } from "./money";
import { QUANTITY_MAX, THOUSANDTHS } from "./protocol";
import { extend } from "./quantity";
import { parseReceiptQr } from "./receipt-number";
import type { ScaleRule } from "./settings";

/** What a scale's label says: the codes its article may have in the catalogue, and a weight or a price. */
export interface ScaleLabel {
  codes: string[];
  /** Thousandths of a kilogram. */
  weight: number | null;
  /** Minor units. */
  price: number | null;
}

export type Scan =
  | { kind: "receipt"; reference: ReceiptReference; hash: string }
  | {
      kind: "item";
      /** To be looked up in this order: the first that the catalogue knows is meant. */
      codes: string[];
      weight: number | null;
      price: number | null;
      lot: string | null;
      expiry: string | null;
    };

export interface ScanTerms {
  rules: readonly ScaleRule[];
  /** Decimal places of the currency. */
  exponent: number;
  /** This year, for the century of expiry dates. */
  year: number;
}

/** What the text means. Anything is at least a code to look up. */
export function readScan(text: string, terms: ScanTerms): Scan {
  const code = text.trim();
  const receipt = parseReceiptQr(code);
  if (receipt !== null) return { kind: "receipt", ...receipt };
  const elements = parseElements(code, terms.year);
  if (elements !== null) {
    const { gtin, weight, price, lot, expiry } = elements;
    const minor = price && scaled(price.value, price.decimals, terms.exponent);
    return { kind: "item", codes: [gtin], weight, price: minor, lot, expiry };
  }
  const plain = { kind: "item", lot: null, expiry: null } as const;
  const label = readScaleLabel(code, terms.rules, terms.exponent);
  // A shop may have given a label's number to goods of its own: the whole code comes first.
  if (label !== null) return { ...plain, ...label, codes: [code, ...label.codes] };
  const longer = expandUpcE(code);
  return { ...plain, codes: longer === null ? [code] : [code, longer], weight: null, price: null };
}

/** The label of an EAN-13 that a rule fits; null when none does, or the check digit is wrong. */
export function readScaleLabel(
  code: string,
  rules: readonly ScaleRule[],
  exponent: number,
): ScaleLabel | null {
  if (!/^[0-9]{13}$/.test(code) || !hasCheckDigit(code)) return null;
  for (const { prefix, itemDigits, valueDigits, holds, decimals } of rules) {
    const fits = prefix.length + itemDigits + valueDigits === 12 && code.startsWith(prefix);
    if (!fits || itemDigits < 1 || valueDigits < 1) continue;
    const item = code.slice(prefix.length, prefix.length + itemDigits);
    const value = Number(code.slice(prefix.length + itemDigits, 12));
    const blank = `${prefix}${item}${"0".repeat(valueDigits)}`;
    // As labels are registered: with nothing for the value, or by the scale's own number.
    const codes = [
      ...new Set([`${blank}${checkDigit(blank)}`, `${prefix}${item}`, item, item.replace(/^0+(?=.)/, "")]),
    ];
    if (holds === "weight") return { codes, weight: scaled(value, decimals, 3), price: null };
    return { codes, weight: null, price: scaled(value, decimals, exponent) };
  }
  return null;
}

/**
 * How much of goods sold by weight makes exactly `price`: a quantity, and what is taken off its price where no
 * quantity hits it. Null when they cost nothing, or so little that no line holds it.
 */
export function quantityForPrice(
  unitPrice: number,
  price: number,
): { quantity: number; discount: number } | null {
  if (unitPrice <= 0 || price <= 0) return null;
  const near = divideHalfUp(BigInt(price) * BigInt(THOUSANDTHS), unitPrice);
  if (near > QUANTITY_MAX) return null;
  for (const quantity of [near, near + 1]) {
    const costs = extend(unitPrice, quantity);
    if (quantity > 0 && costs >= price) return { quantity, discount: costs - price };
  }
  return null;
}

/** A value with so many decimals in units of 10^-`digits`, half up. */
function scaled(value: number, decimals: number, digits: number): number {
  const power = 10n ** BigInt(Math.abs(digits - decimals));
  return decimals <= digits ? Number(BigInt(value) * power) : divideHalfUp(value, power);
}

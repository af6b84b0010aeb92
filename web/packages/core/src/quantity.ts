/** Quantities as integer thousandths of a piece or of a kilogram. Twin of `base/quantity.py`. */
import { inNumerals, latinDigits, type Numerals } from "./digits";
import { multiplyDivide } from "./money";
import { QUANTITY_MAX, THOUSANDTHS } from "./protocol";

const QUANTITY = /^([+-]?)(\d{1,8})(?:\.(\d{1,3}))?$/;

/** "1.5" as 1500, in digits of any script; null for what is no quantity or more than a line can hold. */
export function parseQuantity(text: string): number | null {
  const match = QUANTITY.exec(latinDigits(text.trim()));
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  const quantity = Number(whole) * THOUSANDTHS + Number(fraction.padEnd(3, "0"));
  if (quantity > QUANTITY_MAX) return null;
  return sign === "-" && quantity !== 0 ? -quantity : quantity;
}

/** 1500 as "1.5" and 2000 as "2". */
export function formatQuantity(quantity: number, numerals: Numerals = "latin"): string {
  const size = Math.abs(quantity);
  const fraction = size % THOUSANDTHS;
  const whole = String((size - fraction) / THOUSANDTHS);
  const text = fraction === 0 ? whole : `${whole}.${String(fraction).padStart(3, "0").replace(/0+$/, "")}`;
  return inNumerals(quantity < 0 ? `-${text}` : text, numerals);
}

/** Unit price (minor units) times quantity (thousandths), in minor units, half away from zero. */
export function extend(unitPrice: number, quantity: number): number {
  return multiplyDivide(unitPrice, quantity, THOUSANDTHS);
}

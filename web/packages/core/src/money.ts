/** Money as integer minor units of one currency. There is no fraction in or near it. Twin of `base/money.py`. */
import { inNumerals, latinDigits, type Numerals } from "./digits";
import { AMOUNT_MAX } from "./protocol";

/** Digits after the decimal point, ISO 4217:2015 (List One). */
export const CURRENCIES: Readonly<Record<string, number>> = {
  KWD: 3,
  BHD: 3,
  OMR: 3,
  SAR: 2,
  AED: 2,
  QAR: 2,
  GBP: 2,
  EUR: 2,
  USD: 2,
};

const AMOUNT = /^([+-]?)(\d{1,15})(?:\.(\d{1,6}))?$/;

/** How many decimal digits the currency has; null for one that is not known. */
export function exponentOf(currency: string): number | null {
  return Object.hasOwn(CURRENCIES, currency) ? (CURRENCIES[currency] ?? null) : null;
}

/**
 * "1.250" as 1250 for KWD, in digits of any script; null for what is no amount, for more decimals than the
 * currency has (they are never rounded away) and for more than any figure may hold.
 */
export function parseMinor(text: string, currency: string): number | null {
  const digits = exponentOf(currency);
  const match = AMOUNT.exec(latinDigits(text.trim()));
  if (digits === null || match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  if (fraction.replace(/0+$/, "").length > digits) return null;
  const amount = BigInt(whole + fraction.slice(0, digits).padEnd(digits, "0"));
  if (amount > AMOUNT_MAX) return null;
  return sign === "-" && amount !== 0n ? -Number(amount) : Number(amount);
}

/** 1250 as "1.250" for KWD; the inverse of `parseMinor`. Throws RangeError for an unknown currency. */
export function formatMinor(amount: number, currency: string, numerals: Numerals = "latin"): string {
  const digits = exponentOf(currency);
  if (digits === null) throw new RangeError(`the currency ${currency} is not known`);
  const plain = String(Math.abs(amount)).padStart(digits + 1, "0");
  const text = digits === 0 ? plain : `${plain.slice(0, -digits)}.${plain.slice(-digits)}`;
  return inNumerals(amount < 0 ? `-${text}` : text, numerals);
}

/** numerator / denominator, rounded half away from zero, exactly. The denominator is positive. */
export function divideHalfUp(numerator: number | bigint, denominator: number | bigint): number {
  const above = BigInt(numerator);
  const below = BigInt(denominator);
  if (below <= 0n) throw new RangeError("the denominator must be positive");
  const size = above < 0n ? -above : above;
  const rounded = (2n * size + below) / (2n * below);
  return above < 0n && rounded !== 0n ? -Number(rounded) : Number(rounded);
}

/** one × other / denominator, rounded half away from zero, exactly however large the product is. */
export function multiplyDivide(one: number, other: number, denominator: number): number {
  const product = one * other;
  const isExact = Number.isSafeInteger(product) && Number.isSafeInteger(2 * product);
  if (!isExact || denominator <= 0) return divideHalfUp(BigInt(one) * BigInt(other), denominator);
  // Twice the rest is compared, so that no half is ever written as a fraction.
  const size = Math.abs(product);
  const rest = size % denominator;
  const quotient = (size - rest) / denominator + (2 * rest >= denominator ? 1 : 0);
  return product < 0 && quotient !== 0 ? -quotient : quotient;
}

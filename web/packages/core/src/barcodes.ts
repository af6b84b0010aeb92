/** Check digits and trade item numbers: GS1 General Specifications, 7.9. Twin of `catalog/domain/barcodes.py`. */

export type BarcodeKind = "ean13" | "ean8" | "upca" | "gtin14" | "internal";

const GTIN_KINDS: Readonly<Record<number, BarcodeKind>> = {
  8: "ean8",
  12: "upca",
  13: "ean13",
  14: "gtin14",
};
const INTERNAL = /^[A-Za-z0-9._/-]{1,32}$/;
const DIGITS = /^[0-9]+$/;
const UPC_E = /^[01][0-9]{7}$/;

/** The check digit that belongs behind these digits. Throws RangeError for anything but 0 to 9. */
export function checkDigit(digits: string): number {
  if (!DIGITS.test(digits)) throw new RangeError("a check digit is of digits");
  // From the right, weights are 3, 1, 3, 1, ...
  const total = Array.from(digits)
    .reverse()
    .reduce((sum, digit, place) => sum + Number(digit) * (place % 2 === 0 ? 3 : 1), 0);
  return (10 - (total % 10)) % 10;
}

/** Whether the last of these digits is the check digit of those before it. */
export function hasCheckDigit(digits: string): boolean {
  return /^[0-9]{2,}$/.test(digits) && Number(digits.at(-1)) === checkDigit(digits.slice(0, -1));
}

/**
 * What kind of code this is; null for none. Digits in a length of trade item numbers must carry the right
 * check digit; anything else that is short and plain is a code of the shop's own.
 */
export function classify(code: string): BarcodeKind | null {
  if (!INTERNAL.test(code)) return null;
  const kind = DIGITS.test(code) ? GTIN_KINDS[code.length] : undefined;
  if (kind === undefined) return "internal";
  return hasCheckDigit(code) ? kind : null;
}

/**
 * The identity behind a code: the 14-digit form of a trade item number, else the code itself. A UPC-A and the
 * EAN-13 that is it with a zero in front name the same goods.
 */
export function tradeItem(code: string): string {
  return DIGITS.test(code) && GTIN_KINDS[code.length] !== undefined ? code.padStart(14, "0") : code;
}

/** The UPC-A that an 8-digit UPC-E stands for; null when it is none. GS1 General Specifications, 5.2.1.4. */
export function expandUpcE(code: string): string | null {
  if (!UPC_E.test(code)) return null;
  const system = code.slice(0, 1);
  const six = code.slice(1, 7);
  const last = Number(six.slice(5));
  let body: string;
  if (last <= 2) body = `${six.slice(0, 2)}${last}0000${six.slice(2, 5)}`;
  else if (last === 3) body = `${six.slice(0, 3)}00000${six.slice(3, 5)}`;
  else if (last === 4) body = `${six.slice(0, 4)}00000${six.slice(4, 5)}`;
  else body = `${six.slice(0, 5)}0000${last}`;
  const whole = `${system}${body}${code.slice(7)}`;
  return hasCheckDigit(whole) ? whole : null;
}

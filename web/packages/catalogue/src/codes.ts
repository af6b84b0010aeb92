/** Barcodes as an index keeps them: trade item numbers as numbers, codes of the shop's own as text. */

/** Digits of a GTIN: EAN-8, UPC-A, EAN-13, GTIN-14. With zeros in front they name the same goods. */
export const GTIN_DIGITS: readonly number[] = [8, 12, 13, 14];
export const GTIN_DIGITS_MAX = 14;

const DIGITS = /^\d+$/;

export const isDigits = (code: string): boolean => DIGITS.test(code);

export const isGtin = (code: string): boolean => GTIN_DIGITS.includes(code.length) && isDigits(code);

/** The identity behind a code: a GTIN in 14 digits, else the code itself. */
export const tradeItem = (code: string): string =>
  isGtin(code) ? code.padStart(GTIN_DIGITS_MAX, "0") : code;

/** Decimal digits of any script: what they are worth, and writing numbers with Latin or Arabic ones. */

/** `latin` is 0 to 9, `arabic` is ٠ to ٩ with the decimal separator ٫. */
export type Numerals = "latin" | "arabic";

export const ARABIC_DECIMAL_SEPARATOR = "\u066b";
const ARABIC_ZERO = 0x0660;
const DECIMAL = /^\p{Nd}$/u;

/** The value of a decimal digit of any script, or null for another character. */
export function digitValue(character: string): number | null {
  if (!DECIMAL.test(character)) return null;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return code - 0x30;
  // Unicode puts the ten digits of a script one after the other, and sets of them only whole.
  let first = code;
  while (DECIMAL.test(String.fromCodePoint(first - 1))) first -= 1;
  return (code - first) % 10;
}

/** The text with the digits of any script as 0 to 9, and with `.` for the Arabic decimal separator. */
export function latinDigits(text: string): string {
  return text
    .replace(/\p{Nd}/gu, (digit) => String(digitValue(digit)))
    .replaceAll(ARABIC_DECIMAL_SEPARATOR, ".");
}

/** A number written with 0 to 9 and a point, in the given numerals. */
export function inNumerals(text: string, numerals: Numerals): string {
  if (numerals === "latin") return text;
  return text
    .replace(/[0-9]/g, (digit) => String.fromCodePoint(ARABIC_ZERO + Number(digit)))
    .replaceAll(".", ARABIC_DECIMAL_SEPARATOR);
}

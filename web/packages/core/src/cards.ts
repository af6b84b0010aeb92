/**
 * Payment card numbers in text: found, so that they can be refused, and masked where they must be shown. Twin
 * of `base/cards.py`, where the sources stand. Digits of any script count.
 */
import { digitValue } from "./digits";

export const CARD_DIGITS_MIN = 13;
export const CARD_DIGITS_MAX = 19;
/** Shorter groups belong to dates, amounts and numbered lists, unless all are of one length. */
const GROUP_MIN = 3;
const SHOWN_LAST = 4;
const MASK = "*";

/** By the digits a number begins with, first and last of a range: how many digits that issuer's have. */
const ISSUERS: readonly (readonly [first: number, last: number, lengths: readonly number[]])[] = [
  [4, 4, [13, 16, 19]],
  [51, 55, [16]],
  [2221, 2720, [16]],
  [34, 34, [15]],
  [37, 37, [15]],
  [300, 305, [14, 16]],
  [3095, 3095, [14, 16]],
  [36, 36, [14, 15, 16, 17, 18, 19]],
  [38, 39, [14, 15, 16, 17, 18, 19]],
  [3528, 3589, [16, 17, 18, 19]],
  [6011, 6011, [16, 17, 18, 19]],
  [644, 649, [16, 17, 18, 19]],
  [65, 65, [16, 17, 18, 19]],
  [62, 62, [16, 17, 18, 19]],
  [81, 82, [16, 17, 18, 19]],
  [60, 60, [16]],
  [508, 508, [16]],
  [2200, 2204, [16, 17, 18, 19]],
  [5018, 5018, [13, 14, 15, 16, 17, 18, 19]],
  [5020, 5020, [13, 14, 15, 16, 17, 18, 19]],
  [5038, 5038, [13, 14, 15, 16, 17, 18, 19]],
  [5893, 5893, [13, 14, 15, 16, 17, 18, 19]],
  [6304, 6304, [13, 14, 15, 16, 17, 18, 19]],
  [6759, 6763, [13, 14, 15, 16, 17, 18, 19]],
  [5888, 5888, [16]],
  [6361, 6361, [16]],
  [9682, 9682, [16]],
  [9792, 9792, [16]],
  [5061, 5061, [16, 18, 19]],
];

/** Direction marks, joiners and the like, which print nothing: usual between Arabic words and numbers. */
const INVISIBLE = String.raw`\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff`;
const SEPARATOR = String.raw`[ \t\u00a0\u2007\u2009\u202f.\-\u2010-\u2014\u2212${INVISIBLE}]`;
const WORD = String.raw`[\p{L}\p{N}_]`;
// Not inside a word: a hash or an order number with letters is no card number.
const RUN = new RegExp(
  String.raw`(?<!${WORD})\p{Nd}(?:${SEPARATOR}{0,5}\p{Nd}){${CARD_DIGITS_MIN - 1},}(?!${WORD})`,
  "gu",
);
const GROUP = /\p{Nd}+/gu;
// ISO 13616: country and check digits, then groups of four and a shorter one, as banks print it.
const IBAN = new RegExp(
  String.raw`(?<!${WORD})[A-Z]{2}\p{Nd}{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?!${WORD})`,
  "gu",
);
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** Where something stands in a text, in UTF-16 units. */
export interface Span {
  start: number;
  end: number;
}

export function containsCardNumber(text: string): boolean {
  return findCardNumbers(text).length > 0;
}

/** The text with every card number masked but for its last four digits; everything else as it was. */
export function maskCardNumbers(text: string): string {
  let masked = text;
  // From the end, so that the places before stay where they are although a digit may have two units.
  for (const { start, end } of findCardNumbers(text).reverse()) {
    const places = Array.from(text.slice(start, end));
    let shown = SHOWN_LAST;
    for (let place = places.length - 1; place >= 0; place--) {
      if (digitValue(places[place] ?? "") === null) continue;
      if (shown > 0) shown -= 1;
      else places[place] = MASK;
    }
    masked = masked.slice(0, start) + places.join("") + masked.slice(end);
  }
  return masked;
}

/** Where card numbers stand in the text; none overlaps another. */
export function findCardNumbers(text: string): Span[] {
  const found: Span[] = [];
  if (text.length < CARD_DIGITS_MIN) return found;
  for (const run of text.matchAll(RUN)) {
    const groups = [...run[0].matchAll(GROUP)].map((group) => ({
      at: run.index + group.index,
      text: group[0],
    }));
    let first = 0;
    while (first < groups.length) {
      const last = cardFrom(groups, first);
      const begin = groups[first];
      const end = groups[last ?? -1];
      if (last === null || begin === undefined || end === undefined) {
        first += 1;
        continue;
      }
      const span = { start: begin.at, end: end.at + end.text.length };
      if (!isWithin(text, span, UUID) && !isInIban(text, span)) found.push(span);
      first = last + 1;
    }
  }
  return found;
}

/** Whether exactly these ASCII digits are shaped like a card number. */
export function isCardNumber(digits: string): boolean {
  return isIssued(digits) && passesLuhn(digits);
}

/** The last group of the longest card number that begins with group `first`. */
function cardFrom(groups: readonly { text: string }[], first: number): number | null {
  let digits = "";
  let found: number | null = null;
  const lengths: number[] = [];
  for (let last = first; last < groups.length; last++) {
    const group = Array.from(groups[last]?.text ?? "");
    lengths.push(group.length);
    // No more than tell that it is too long.
    digits += group
      .slice(0, CARD_DIGITS_MAX + 1)
      .map((digit) => String(digitValue(digit)))
      .join("");
    if (digits.length > CARD_DIGITS_MAX) break;
    if (digits.length < CARD_DIGITS_MIN || !isGroupedLikeOne(lengths) || !isCardNumber(digits)) continue;
    if (lengths.length === 1 && digits.length === CARD_DIGITS_MIN && isEan13(digits)) continue;
    found = last;
  }
  return found;
}

function isGroupedLikeOne(lengths: readonly number[]): boolean {
  const before = lengths.slice(0, -1);
  const sameLength = new Set(before).size === 1 && (lengths.at(-1) ?? 0) <= (lengths[0] ?? 0);
  return Math.min(...lengths) >= GROUP_MIN || sameLength;
}

function isIssued(digits: string): boolean {
  return ISSUERS.some(([first, last, lengths]) => {
    const beginning = Number(digits.slice(0, String(first).length));
    return lengths.includes(digits.length) && first <= beginning && beginning <= last;
  });
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let total = 0;
  for (const [place, digit] of Array.from(digits).reverse().entries()) {
    const value = Number(digit) * (1 + (place % 2));
    total += value > 9 ? value - 9 : value;
  }
  return total % 10 === 0;
}

/** GS1 General Specifications, 7.9. */
function isEan13(digits: string): boolean {
  return (
    Array.from(digits).reduce((sum, digit, place) => sum + Number(digit) * (place % 2 === 1 ? 3 : 1), 0) %
      10 ===
    0
  );
}

function isWithin(text: string, span: Span, pattern: RegExp): boolean {
  return [...text.matchAll(pattern)].some(
    (found) => found.index <= span.start && span.end <= found.index + found[0].length,
  );
}

/** ISO 13616-1: its letters count from 10, and the whole is 1 modulo 97. */
function isInIban(text: string, span: Span): boolean {
  for (const found of text.matchAll(IBAN)) {
    if (found.index > span.start || span.end > found.index + found[0].length) continue;
    const plain = found[0].replaceAll(" ", "");
    const number = Array.from(plain.slice(4) + plain.slice(0, 4))
      .map((each) => String(digitValue(each) ?? Number.parseInt(each, 36)))
      .join("");
    if (BigInt(number) % 97n === 1n) return true;
  }
  return false;
}

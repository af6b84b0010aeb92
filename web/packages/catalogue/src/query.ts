/** What somebody typed, taken apart: words that names may have, and codes. */
import { GTIN_DIGITS_MAX, isDigits } from "./codes";
import { codeKey, withoutArticle, wordsOf } from "./words";

/** Longer input is no search but a slip of the scanner. */
export const QUERY_CHARACTERS_MAX = 200;
export const QUERY_TERMS_MAX = 12;
/** With fewer, the beginning or the end of a barcode fits too many products to be of use. */
export const CODE_CHARACTERS_MIN = 4;

/** One piece between spaces: it fits a product that has all of its words, or a code that begins with it. */
export interface Term {
  readonly words: readonly QueryWord[];
  readonly code: TypedCode;
}

export interface TypedCode {
  /** Without separators, folded, as SKUs and the digits of a GTIN are compared. */
  readonly key: string;
  /** The ways in which a code of the shop's own may have been meant: they are kept letter for letter. */
  readonly own: readonly string[];
  /** It may be the beginning or the end of a GTIN. */
  readonly isGtinPart: boolean;
}

export interface QueryWord {
  readonly text: string;
  /** Without the Arabic article; null when it has none. */
  readonly bare: string | null;
}

export interface Query {
  readonly terms: readonly Term[];
  /** All terms as one code, as digits stand under a barcode in groups; null for a single term. */
  readonly code: TypedCode | null;
}

/** Null when there is nothing to look for. */
export function parseQuery(text: string): Query | null {
  const terms: Term[] = [];
  const typed = text.slice(0, QUERY_CHARACTERS_MAX).trim();
  for (const piece of typed.split(/\s+/u)) {
    const words = wordsOf(piece);
    if (words.length === 0) continue;
    terms.push({
      words: words.map((word) => ({ text: word, bare: withoutArticle(word) })),
      code: typedCode(piece),
    });
    if (terms.length === QUERY_TERMS_MAX) break;
  }
  if (terms.length === 0) return null;
  return { terms, code: terms.length > 1 ? typedCode(typed) : null };
}

function typedCode(text: string): TypedCode {
  const key = codeKey(text);
  const own = [...new Set([text, text.toUpperCase(), text.toLowerCase()])];
  const isGtinPart = key.length >= CODE_CHARACTERS_MIN && key.length <= GTIN_DIGITS_MAX && isDigits(key);
  return { key, own, isGtinPart };
}

/**
 * The words of a text as a search sees them: Arabic and Latin spellings that people use for the same word
 * become one. An image holds words made here, so `IMAGE_FORMAT` must rise when this file changes what it
 * gives.
 */

/** Longer words are cut; nobody types that far, and it bounds the work of comparing. */
export const WORD_LETTERS_MAX = 31;

/** With fewer letters behind it, "ال" is more likely part of the word than the article. */
const AFTER_ARTICLE_LETTERS_MIN = 3;
const ARTICLE = "ال";

/** Letters that no Unicode decomposition joins, but people do. */
const ALIKE: Readonly<Record<string, string>> = {
  ٱ: "ا", // alef wasla
  ى: "ي", // alef maqsura
  ی: "ي", // Farsi yeh
  ې: "ي",
  ے: "ي",
  ة: "ه", // ta marbuta
  ۀ: "ه",
  ہ: "ه",
  ۃ: "ه",
  ھ: "ه",
  ە: "ه",
  ک: "ك", // keheh
  گ: "ك", // Gulf and Persian letters, often typed as the nearest on an Arabic keyboard
  ڭ: "ك",
  پ: "ب",
  چ: "ج",
  ژ: "ز",
  ڤ: "ف",
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  þ: "th",
  ł: "l",
  ħ: "h",
  ı: "i",
};

const UNKNOWN = 0;
const SEPARATOR = 1;
const DROPPED = 2;
const SEVERAL = 3;
// What each UTF-16 unit becomes: one of the four above, else the folded unit. Filled as units are met,
// because working all of them out would cost a cold start tens of milliseconds. A character outside the
// basic plane is two units that mean nothing alone: it separates words.
const folded = new Uint16Array(0x10000);
const several = new Map<number, string>();

function learn(unit: number): number {
  let text = "";
  for (const letter of String.fromCharCode(unit).normalize("NFKD").toLowerCase()) {
    // Marks are the diacritics of both scripts, hamza above and below among them.
    if (!/[\p{M}\p{Cf}ـ]/u.test(letter)) text += digit(letter) ?? ALIKE[letter] ?? letter;
  }
  let result: number;
  if (text === "") result = DROPPED;
  else if (!/^[\p{L}\p{N}]+$/u.test(text)) result = SEPARATOR;
  else if (text.length === 1) result = text.charCodeAt(0);
  else {
    several.set(unit, text);
    result = SEVERAL;
  }
  folded[unit] = result;
  return result;
}

/** Arabic-Indic and Persian digits as ASCII. */
function digit(letter: string): string | undefined {
  const unit = letter.charCodeAt(0);
  if (unit >= 0x660 && unit <= 0x669) return String(unit - 0x660);
  if (unit >= 0x6f0 && unit <= 0x6f9) return String(unit - 0x6f0);
  return undefined;
}

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;

/** The folded words of a text in their order. Letters and digits part ("250ml" is two words). */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let letters = 0;
  let digits = false;
  const end = (): void => {
    if (letters > 0) words.push(word);
    word = "";
    letters = 0;
  };
  const add = (unit: number): void => {
    if (letters > 0 && isDigit(unit) !== digits) end();
    digits = isDigit(unit);
    if (letters < WORD_LETTERS_MAX) word += String.fromCharCode(unit);
    letters++;
  };
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    let result = folded[unit] ?? UNKNOWN;
    if (result === UNKNOWN) result = learn(unit);
    if (result === DROPPED) continue;
    if (result === SEPARATOR) end();
    else if (result === SEVERAL) for (const letter of several.get(unit) ?? "") add(letter.charCodeAt(0));
    else add(result);
  }
  end();
  return words;
}

/** What a name sorts by, given its words. */
export const sortKey = (words: readonly string[]): string => words.join(" ");

const SHORT_ASCII = /^[\0-\x7f]{0,31}$/;
const ASCII_SEPARATORS = /[^a-z0-9]+/g;

/** A code (SKU, barcode) without its separators. */
export function codeKey(text: string): string {
  // What most codes are: no letter of them folds to another one than its small form, and no word is cut.
  if (SHORT_ASCII.test(text)) return text.toLowerCase().replace(ASCII_SEPARATORS, "");
  return wordsOf(text).join("");
}

/** The word without the Arabic article, or null when it has none. */
export function withoutArticle(word: string): string | null {
  if (!word.startsWith(ARTICLE) || word.length < ARTICLE.length + AFTER_ARTICLE_LETTERS_MIN) return null;
  return word.slice(ARTICLE.length);
}

/** Under which of its words a text is found: each once, those with an article also without it. */
export function indexWords(words: readonly string[]): string[] {
  const found = new Set<string>(words);
  for (const word of words) {
    const bare = withoutArticle(word);
    if (bare !== null) found.add(bare);
  }
  return [...found];
}

/** Which products of an image fit a query and how well, a grade for each ordinal. */
import { GTIN_DIGITS } from "./codes";
import { EditTable, editsFor, EXACT, INSIDE, NO_MATCH, PREFIX, type Grade } from "./grades";
import type { Image } from "./image";
import { CODE_CHARACTERS_MIN, type Query, type QueryWord, type Term, type TypedCode } from "./query";
import { lowerBound, codeRange, ownCodeAt, skuKeyOf, skuRange, wordAt } from "./reading";
import { WORD_LETTERS_MAX } from "./words";

export interface Grades {
  /** Of the term that fits least; NO_MATCH for a product that does not fit. */
  readonly worst: Uint8Array;
  /** Of all terms. */
  readonly sum: Uint8Array;
}

export class ImageSearch {
  // Made once: a search of 100,000 products should not leave rubbish behind at every keystroke.
  private readonly worst: Uint8Array;
  private readonly sum: Uint8Array;
  private readonly term: Uint8Array;
  private readonly word: Uint8Array;

  constructor(private readonly image: Image) {
    this.worst = new Uint8Array(image.size);
    this.sum = new Uint8Array(image.size);
    this.term = new Uint8Array(image.size);
    this.word = new Uint8Array(image.size);
  }

  /** The grades hold until the next call. `forgiving` also finds mis-spelt words. */
  grade(query: Query, forgiving: boolean): Grades {
    const { worst, sum, term } = this;
    worst.fill(0);
    sum.fill(0);
    for (const each of query.terms) {
      this.gradeTerm(each, forgiving);
      for (let ordinal = 0; ordinal < worst.length; ordinal++) {
        const grade = term[ordinal] ?? NO_MATCH;
        if (grade > (worst[ordinal] ?? 0)) worst[ordinal] = grade;
        // What does not fit at all is never looked at again: its sum may wrap around.
        sum[ordinal] = (sum[ordinal] ?? 0) + grade;
      }
    }
    if (query.code !== null) {
      term.fill(NO_MATCH);
      this.markCode(query.code);
      for (let ordinal = 0; ordinal < worst.length; ordinal++) {
        const grade = term[ordinal] ?? NO_MATCH;
        if (grade >= (worst[ordinal] ?? 0)) continue;
        worst[ordinal] = grade;
        sum[ordinal] = grade;
      }
    }
    return { worst, sum };
  }

  /** Into `term`: the least fitting of its words, or its code. */
  private gradeTerm({ words, code }: Term, forgiving: boolean): void {
    const { term, word } = this;
    for (const [place, each] of words.entries()) {
      const marks = place === 0 ? term : word;
      marks.fill(NO_MATCH);
      this.markWord(marks, each, forgiving);
      if (place === 0) continue;
      for (let ordinal = 0; ordinal < term.length; ordinal++) {
        if ((word[ordinal] ?? 0) > (term[ordinal] ?? 0)) term[ordinal] = word[ordinal] ?? 0;
      }
    }
    this.markCode(code);
  }

  private markWord(marks: Uint8Array, { text, bare }: QueryWord, forgiving: boolean): void {
    const edits = forgiving ? editsFor(text) : 0;
    if (edits > 0) this.markMisspelt(marks, text, edits);
    else this.markBeginning(marks, text, EXACT);
    if (bare !== null) this.markBeginning(marks, bare, PREFIX);
  }

  /** Words that begin with `text`, which together stand in one range; the first of them may be it. */
  private markBeginning(marks: Uint8Array, text: string, exact: Grade): void {
    const { image } = this;
    const count = image.wordStart.length - 1;
    const low = lowerBound(count, (place) => wordAt(image, place) < text);
    const high = lowerBound(count, (place) => {
      const word = wordAt(image, place);
      return word < text || word.startsWith(text);
    });
    this.markWords(marks, low, high, PREFIX);
    if (low < high && wordAt(image, low) === text) this.markWords(marks, low, low + 1, exact);
  }

  /** Walks the sorted words as the tree that they are: what two have in common is compared once. */
  private markMisspelt(marks: Uint8Array, text: string, edits: number): void {
    const { word, wordStart, wordShared } = this.image;
    const table = new EditTable(text, edits, WORD_LETTERS_MAX);
    const count = wordStart.length - 1;
    let place = 0;
    while (place < count) {
      const start = wordStart[place] ?? 0;
      const length = (wordStart[place + 1] ?? 0) - start;
      let letters = wordShared[place] ?? 0;
      table.drop(letters);
      let goesOn = true;
      while (goesOn && letters < length) goesOn = table.add(word[start + letters++] ?? 0);
      let end = place + 1;
      // None of the words that begin with these letters can fit better: they all have this grade.
      if (!goesOn) while (end < count && (wordShared[end] ?? 0) >= letters) end++;
      const grade = goesOn ? table.whole : table.begun;
      if (grade !== NO_MATCH) this.markWords(marks, place, end, grade);
      place = end;
    }
  }

  private markWords(marks: Uint8Array, low: number, high: number, grade: Grade): void {
    const { found, foundStart } = this.image;
    const end = foundStart[high] ?? 0;
    for (let at = foundStart[low] ?? 0; at < end; at++) {
      const ordinal = found[at] ?? 0;
      if (grade < (marks[ordinal] ?? 0)) marks[ordinal] = grade;
    }
  }

  /** Into `term`: SKUs and barcodes that are it, begin with it, or end with its digits. */
  private markCode({ key, own, isGtinPart }: TypedCode): void {
    const { image } = this;
    const [low, high] = skuRange(image, key);
    // Those that are it come first; of the others, which may be all there are, no key is read.
    let isWhole = true;
    for (let place = low; place < high; place++) {
      const ordinal = image.bySku[place] ?? 0;
      isWhole &&= skuKeyOf(image, ordinal) === key;
      this.mark(ordinal, isWhole ? EXACT : PREFIX);
    }
    for (const code of own) this.markOwnCodes(code);
    if (!isGtinPart) return;
    for (const digits of GTIN_DIGITS) {
      if (key.length > digits) continue;
      const scale = 10 ** (digits - key.length);
      const first = Number(key) * scale;
      const grade = key.length === digits ? EXACT : PREFIX;
      this.markCodes(first, first + scale, grade);
    }
    this.markEndings(key);
  }

  private markOwnCodes(code: string): void {
    const { image } = this;
    const count = image.ownCodeStart.length - 1;
    const low = lowerBound(count, (place) => ownCodeAt(image, place) < code);
    if (low < count && ownCodeAt(image, low) === code) this.markCodes(-low - 1, -low, EXACT);
    if (code.length < CODE_CHARACTERS_MIN) return;
    const high = lowerBound(count, (place) => {
      const other = ownCodeAt(image, place);
      return other < code || other.startsWith(code);
    });
    this.markCodes(-high, -low, PREFIX);
  }

  private markCodes(low: number, high: number, grade: Grade): void {
    const { byCode, codeOwner } = this.image;
    const [start, end] = codeRange(this.image, low, high);
    for (let place = start; place < end; place++) this.mark(codeOwner[byCode[place] ?? 0] ?? 0, grade);
  }

  private markEndings(key: string): void {
    const { codeStart, codeValue, codeDigits } = this.image;
    const scale = 10 ** key.length;
    const ending = Number(key);
    for (let ordinal = 0; ordinal < this.image.size; ordinal++) {
      for (let slot = codeStart[ordinal] ?? 0; slot < (codeStart[ordinal + 1] ?? 0); slot++) {
        const value = codeValue[slot] ?? 0;
        // The remainder by hand: `%` of floating-point numbers is many times slower. It is exact, for the
        // quotient of two whole numbers of at most 14 digits never rounds up to the next one.
        const isEnding = value - Math.floor(value / scale) * scale === ending;
        if (isEnding && (codeDigits[slot] ?? 0) >= key.length) this.mark(ordinal, INSIDE);
      }
    }
  }

  private mark(ordinal: number, grade: Grade): void {
    if (grade < (this.term[ordinal] ?? 0)) this.term[ordinal] = grade;
  }
}

/** Which products of an image fit a query and how well, a grade for each ordinal. */
import { GTIN_DIGITS } from "./codes";
import { EditTable, editsFor, EXACT, INSIDE, NO_MATCH, PREFIX, type Grade } from "./grades";
import type { Image } from "./image";
import { CODE_CHARACTERS_MIN, type Query, type QueryWord, type Term, type TypedCode } from "./query";
import { lowerBound, codeRange, ownCodeAt, skuKeyOf, skuRange, wordAt } from "./reading";
import { WORD_LETTERS_MAX } from "./words";

export interface Grades {
  /** The ordinals of the products that fit, in no order. */
  readonly fits: Uint32Array;
  /** By ordinal: of the term that fits least. */
  readonly worst: Uint8Array;
  /** By ordinal: of all terms. */
  readonly sum: Uint8Array;
}

export class ImageSearch {
  // Made once: a search of 100,000 products should not leave rubbish behind at every keystroke.
  private readonly worst: Uint8Array;
  private readonly sum: Uint8Array;
  private readonly term: Uint8Array;
  private readonly word: Uint8Array;
  /** What fits the terms so far. Few products fit: only they are looked at, not all that there are. */
  private readonly fits: Uint32Array;
  /** Each ordinal that `term` grades, once. */
  private readonly marked: Uint32Array;
  private markedCount = 0;

  constructor(private readonly image: Image) {
    this.worst = new Uint8Array(image.size);
    this.sum = new Uint8Array(image.size);
    this.term = new Uint8Array(image.size);
    this.word = new Uint8Array(image.size);
    this.fits = new Uint32Array(image.size);
    this.marked = new Uint32Array(image.size);
  }

  /** The grades hold until the next call. `forgiving` also finds mis-spelt words. */
  grade(query: Query, forgiving: boolean): Grades {
    const { worst, sum, fits } = this;
    worst.fill(NO_MATCH);
    let count = 0;
    for (const [place, term] of query.terms.entries()) {
      this.gradeTerm(term, forgiving);
      count = place === 0 ? this.beginWithMarked() : this.narrow(count);
    }
    if (query.code !== null) count = this.addCode(query.code, count);
    return { fits: fits.subarray(0, count), worst, sum };
  }

  /** What fits the first term. Returns how many they are. */
  private beginWithMarked(): number {
    const { worst, sum, term, fits, marked, markedCount } = this;
    let count = 0;
    for (let at = 0; at < markedCount; at++) {
      const ordinal = marked[at] ?? 0;
      const grade = term[ordinal] ?? NO_MATCH;
      if (grade === NO_MATCH) continue;
      worst[ordinal] = sum[ordinal] = grade;
      fits[count++] = ordinal;
    }
    return count;
  }

  /** What fits the next term as well. Returns how many are left of `count`. */
  private narrow(count: number): number {
    const { worst, sum, term, fits } = this;
    let left = 0;
    for (let at = 0; at < count; at++) {
      const ordinal = fits[at] ?? 0;
      const grade = term[ordinal] ?? NO_MATCH;
      if (grade > (worst[ordinal] ?? 0)) worst[ordinal] = grade;
      if (grade === NO_MATCH) continue;
      sum[ordinal] = (sum[ordinal] ?? 0) + grade;
      fits[left++] = ordinal;
    }
    return left;
  }

  /** What fits all that was typed as one code. Returns how many they are now. */
  private addCode(code: TypedCode, count: number): number {
    const { worst, sum, term, fits, marked } = this;
    term.fill(NO_MATCH);
    this.markedCount = 0;
    this.markCode(code);
    let all = count;
    for (let at = 0; at < this.markedCount; at++) {
      const ordinal = marked[at] ?? 0;
      const grade = term[ordinal] ?? NO_MATCH;
      const before = worst[ordinal] ?? NO_MATCH;
      if (grade >= before) continue;
      if (before === NO_MATCH) fits[all++] = ordinal;
      worst[ordinal] = sum[ordinal] = grade;
    }
    return all;
  }

  /** Into `term`: the least fitting of its words, or its code. */
  private gradeTerm({ words, code }: Term, forgiving: boolean): void {
    const { term, word, marked } = this;
    for (const [place, each] of words.entries()) {
      const marks = place === 0 ? term : word;
      marks.fill(NO_MATCH);
      if (place === 0) this.markedCount = 0;
      this.markWord(marks, each, forgiving);
      if (place === 0) continue;
      for (let at = 0; at < this.markedCount; at++) {
        const ordinal = marked[at] ?? 0;
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
    if (marks === this.term) {
      for (let at = foundStart[low] ?? 0; at < end; at++) this.mark(found[at] ?? 0, grade);
      return;
    }
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
    const before = this.term[ordinal] ?? 0;
    if (grade >= before) return;
    if (before === NO_MATCH) this.marked[this.markedCount++] = ordinal;
    this.term[ordinal] = grade;
  }
}

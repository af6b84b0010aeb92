/** How well single records fit a query: those that have no index, because they are few or new. */
import { GTIN_DIGITS, GTIN_DIGITS_MAX, isGtin } from "./codes";
import { EditTable, editsFor, EXACT, INSIDE, NO_MATCH, PREFIX, strictGrade, type Grade } from "./grades";
import { CODE_CHARACTERS_MIN, type Query, type QueryWord, type TypedCode } from "./query";
import type { Product } from "./types";
import type { WordTable } from "./word-table";
import { codeKey, WORD_LETTERS_MAX } from "./words";

export interface TextGrade {
  readonly worst: Grade;
  readonly sum: number;
}

/** Grades a typed code against what a record is known by. */
export type GradeCode = (code: TypedCode) => Grade;

/** One search through records whose words are in a table. */
export class TextSearch {
  /** Per term and word of it: the grade of each word of the table. */
  private readonly terms: readonly (readonly Uint8Array[])[];

  constructor(
    private readonly query: Query,
    table: WordTable,
    forgiving: boolean,
  ) {
    this.terms = query.terms.map(({ words }) => words.map((typed) => gradesOf(typed, table, forgiving)));
  }

  grade(words: Uint32Array, gradeCode: GradeCode): TextGrade {
    let worst: Grade = EXACT;
    let sum = 0;
    for (let place = 0; place < this.terms.length; place++) {
      let grade: Grade = EXACT;
      for (const grades of this.terms[place] ?? []) grade = Math.max(grade, bestOf(grades, words));
      const code = this.query.terms[place]?.code;
      if (grade > EXACT && code !== undefined) grade = Math.min(grade, gradeCode(code));
      worst = Math.max(worst, grade);
      sum += grade;
    }
    const code = this.query.code === null ? NO_MATCH : gradeCode(this.query.code);
    return code < worst ? { worst: code, sum: code } : { worst, sum };
  }
}

function gradesOf({ text, bare }: QueryWord, table: WordTable, forgiving: boolean): Uint8Array {
  const grades = new Uint8Array(table.size);
  const edits = forgiving ? editsFor(text) : 0;
  const forgivingTable = edits > 0 ? new EditTable(text, edits, WORD_LETTERS_MAX) : null;
  let number = 0;
  for (const word of table.words) {
    const grade = forgivingTable?.grade(word) ?? strictGrade(text, word);
    const isBare = bare !== null && strictGrade(bare, word) !== NO_MATCH;
    grades[number++] = isBare ? Math.min(grade, PREFIX) : grade;
  }
  return grades;
}

function bestOf(grades: Uint8Array, words: Uint32Array): Grade {
  let best = NO_MATCH;
  for (let at = 0; at < words.length; at++) best = Math.min(best, grades[words[at] ?? 0] ?? NO_MATCH);
  return best;
}

/** What a product's codes are compared by, worked out once. */
export interface ProductCodes {
  readonly skuKey: string;
  readonly gtins: readonly Gtin[];
  readonly own: readonly string[];
}

interface Gtin {
  /** As many as it was given with. */
  readonly digits: number;
  /** All 14 digits. */
  readonly full: string;
  /** How many of them are zeros in front. */
  readonly zeros: number;
}

export function codesOf(product: Product): ProductCodes {
  const gtins = product.barcodes.filter(isGtin).map((code): Gtin => {
    const full = code.padStart(GTIN_DIGITS_MAX, "0");
    return { digits: code.length, full, zeros: full.length - full.replace(/^0+/, "").length };
  });
  return { skuKey: codeKey(product.sku), gtins, own: product.barcodes.filter((code) => !isGtin(code)) };
}

/** How a product's SKU and barcodes fit. */
export function gradeProductCode({ skuKey, gtins, own }: ProductCodes, typed: TypedCode): Grade {
  let best = strictGrade(typed.key, skuKey);
  if (typed.isGtinPart) {
    for (const gtin of gtins) best = Math.min(best, gradeGtin(typed.key, gtin));
  }
  for (const code of own) best = Math.min(best, gradeOwnCode(typed.own, code));
  return best;
}

function gradeGtin(key: string, { digits: given, full, zeros }: Gtin): Grade {
  let best = key.length <= given && full.endsWith(key) ? INSIDE : NO_MATCH;
  // However many digits it was given with, it may be typed in any longer or shorter form.
  for (const digits of GTIN_DIGITS) {
    const start = GTIN_DIGITS_MAX - digits;
    if (zeros < start || !full.startsWith(key, start)) continue;
    best = Math.min(best, key.length === digits ? EXACT : PREFIX);
  }
  return best;
}

function gradeOwnCode(own: readonly string[], code: string): Grade {
  let best = NO_MATCH;
  for (const typed of own) {
    const grade = strictGrade(typed, code);
    if (grade === EXACT || typed.length >= CODE_CHARACTERS_MIN) best = Math.min(best, grade);
  }
  return best;
}

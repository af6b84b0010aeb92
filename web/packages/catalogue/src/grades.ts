/**
 * How well a word of the index fits a word that somebody typed: whole, as its beginning, or mis-spelt.
 * One edit is a letter too many, too few, another one, or two neighbours exchanged.
 */

/** The lower the better. */
export type Grade = number;
export const EXACT: Grade = 0;
export const PREFIX: Grade = 1;
/** A code that ends with what was typed. */
export const INSIDE: Grade = 2;
/** From here on mis-spelt: the whole word with one edit, its beginning with one, then with two. */
export const FUZZY: Grade = 3;
export const NO_MATCH: Grade = 255;

const LETTERS_FOR_ONE_EDIT = 4;
const LETTERS_FOR_TWO_EDITS = 8;
export const EDITS_MAX = 2;

/** How many edits are forgiven. None in a number: 501 is not 500 mis-spelt. */
export function editsFor(typed: string): number {
  if (typed.length < LETTERS_FOR_ONE_EDIT || /\d/.test(typed)) return 0;
  return typed.length < LETTERS_FOR_TWO_EDITS ? 1 : EDITS_MAX;
}

/** The grade of a whole word, or of a beginning, that is `edits` away. */
function gradeOf(edits: number, isWhole: boolean): Grade {
  if (edits === 0) return isWhole ? EXACT : PREFIX;
  return FUZZY + 2 * (edits - 1) + (isWhole ? 0 : 1);
}

/** The grade without forgiving anything. */
export function strictGrade(typed: string, word: string): Grade {
  if (word === typed) return EXACT;
  return word.startsWith(typed) ? PREFIX : NO_MATCH;
}

/**
 * Edit distances (optimal string alignment) between what was typed and words that are given letter by
 * letter. Row n of the table is of a word's first n letters, so that words which begin alike share rows:
 * `drop` goes back to where the next word differs. Only cells within `edits` of the diagonal are worked
 * out, because the others are above it.
 */
export class EditTable {
  private readonly typed: Uint16Array;
  private readonly letters: Uint16Array;
  private readonly cells: Uint8Array;
  private readonly width: number;
  /** Per row: the fewest edits between what was typed and any beginning of the word up to there. */
  private readonly beginning: Uint8Array;
  private rows = 0;

  constructor(
    typed: string,
    private readonly edits: number,
    lettersMax: number,
  ) {
    this.typed = Uint16Array.from(typed, (letter) => letter.charCodeAt(0));
    this.width = this.typed.length + 1;
    this.letters = new Uint16Array(lettersMax);
    // A cell outside the band is never worked out, in no row of no word: it stays too far.
    this.cells = new Uint8Array((lettersMax + 1) * this.width).fill(edits + 1);
    this.beginning = new Uint8Array(lettersMax + 1);
    for (let typedLetters = 0; typedLetters <= Math.min(edits, this.typed.length); typedLetters++) {
      this.cells[typedLetters] = typedLetters;
    }
    this.beginning[0] = this.cells[this.width - 1] ?? 0;
  }

  /** Keeps the rows of the word's first letters. */
  drop(letters: number): void {
    this.rows = Math.min(this.rows, letters);
  }

  /** The next letter of the word. False when no word that begins so can fit better than this one does. */
  add(letter: number): boolean {
    const row = this.rows + 1;
    const { typed, cells, width, edits } = this;
    const at = row * width;
    const above = at - width;
    const before = this.letters[row - 2];
    this.letters[row - 1] = letter;
    this.rows = row;
    const low = Math.max(0, row - edits);
    const high = Math.min(typed.length, row + edits);
    let least = edits + 1;
    for (let column = low; column <= high; column++) {
      let cell: number;
      if (column === 0) cell = row;
      else {
        const same = typed[column - 1] === letter;
        cell = (cells[above + column - 1] ?? 0) + (same ? 0 : 1);
        cell = Math.min(cell, (cells[at + column - 1] ?? 0) + 1, (cells[above + column] ?? 0) + 1);
        const isExchange =
          !same && column > 1 && before === typed[column - 1] && typed[column - 2] === letter;
        if (isExchange) cell = Math.min(cell, (cells[above - width + column - 2] ?? 0) + 1);
      }
      cell = Math.min(cell, edits + 1);
      cells[at + column] = cell;
      if (cell < least) least = cell;
    }
    const whole = high === typed.length ? (cells[at + high] ?? 0) : edits + 1;
    this.beginning[row] = Math.min(this.beginning[row - 1] ?? 0, whole);
    return least <= edits;
  }

  /** The grade of the word whose letters were all added. */
  get whole(): Grade {
    const column = this.typed.length;
    const isNear = Math.abs(this.rows - column) <= this.edits;
    const edits = isNear ? (this.cells[this.rows * this.width + column] ?? 0) : this.edits + 1;
    return Math.min(this.begun, edits <= this.edits ? gradeOf(edits, true) : NO_MATCH);
  }

  /** The grade of every longer word that begins with the letters so far and cannot fit better. */
  get begun(): Grade {
    const edits = this.beginning[this.rows] ?? 0;
    return edits <= this.edits ? gradeOf(edits, false) : NO_MATCH;
  }

  /** Of a single word, from its first letter on. */
  grade(word: string): Grade {
    this.drop(0);
    for (let at = 0; at < word.length; at++) {
      if (!this.add(word.charCodeAt(at))) return this.begun;
    }
    return this.whole;
  }
}

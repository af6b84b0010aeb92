/**
 * Folds many names that are made of the same words: what a piece between two blanks becomes is worked out
 * once. It gives what `words.ts` gives, for a blank always parts words.
 */
import { indexWords, wordsOf } from "./words";

/** Pieces that are remembered; brands and sizes of 100,000 products are some ten thousand. */
const PIECES_MAX = 50_000;

interface Piece {
  readonly words: readonly string[];
  /** The numbers of its words, and of those without their article. */
  readonly numbers: readonly number[];
}

export class FoldedWords {
  /** By number. */
  readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly pieces = new Map<string, Piece>();

  /** The folded words of a text, and into `numbers` those under which it is found; some may come twice. */
  fold(text: string, numbers: number[]): string[] {
    const words: string[] = [];
    if (text === "") return words;
    for (const part of text.split(" ")) {
      const piece = this.pieces.get(part) ?? this.learn(part);
      for (const word of piece.words) words.push(word);
      for (const number of piece.numbers) numbers.push(number);
    }
    return words;
  }

  private learn(part: string): Piece {
    const words = wordsOf(part);
    const piece = { words, numbers: indexWords(words).map((word) => this.numberOf(word)) };
    if (this.pieces.size >= PIECES_MAX) this.pieces.clear();
    this.pieces.set(part, piece);
    return piece;
  }

  private numberOf(word: string): number {
    let number = this.numbers.get(word);
    if (number === undefined) {
      number = this.texts.push(word) - 1;
      this.numbers.set(word, number);
    }
    return number;
  }
}

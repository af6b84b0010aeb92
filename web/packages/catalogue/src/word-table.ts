/** Words by number, so that a search grades each distinct word once and records hold numbers. */

export class WordTable {
  private readonly numbers = new Map<string, number>();

  /** Each word's number. */
  numbersOf(words: Iterable<string>): Uint32Array {
    return Uint32Array.from(words, (word) => {
      let number = this.numbers.get(word);
      if (number === undefined) this.numbers.set(word, (number = this.numbers.size));
      return number;
    });
  }

  /** In the order of their numbers. */
  get words(): Iterable<string> {
    return this.numbers.keys();
  }

  get size(): number {
    return this.numbers.size;
  }

  /** For when no record holds a number any more. */
  clear(): void {
    this.numbers.clear();
  }
}

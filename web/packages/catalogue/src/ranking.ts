/** In which order hits stand: what can be sold, then what was spelt right, then favourites, then the better fit. */
import { FUZZY, type Grade } from "./grades";
import type { TextGrade } from "./searching-texts";

/** Ordinals and ranks share one 53-bit number; an image of more products than this could not be ranked. */
const ORDINALS_MAX = 2 ** 21;
const LETTERS_MAX = 2 ** 16 - 1;

export interface Standing {
  readonly isSellable: boolean;
  readonly isFavourite: boolean;
  /** Of the name it sorts by: shorter names first. */
  readonly letters: number;
}

/** The lower the better; below 2^32. Hits of the same rank stand by name, then by id. */
export function rankOf({ worst, sum }: TextGrade, { isSellable, isFavourite, letters }: Standing): number {
  let rank = isSellable ? 0 : 1;
  rank = rank * 2 + (isMisspelt(worst) ? 1 : 0);
  rank = rank * 2 + (isFavourite ? 0 : 1);
  rank = rank * 8 + Math.min(worst, 7);
  rank = rank * 128 + Math.min(sum, 127);
  return rank * (LETTERS_MAX + 1) + Math.min(letters, LETTERS_MAX);
}

export const isMisspelt = (worst: Grade): boolean => worst >= FUZZY;

/** The best few of many ordinals, without sorting all of them. */
export class BestOrdinals {
  private readonly keys: Float64Array;
  private count = 0;

  constructor(private readonly limit: number) {
    this.keys = new Float64Array(limit);
  }

  offer(rank: number, ordinal: number): void {
    const key = rank * ORDINALS_MAX + ordinal;
    const { keys, limit } = this;
    if (this.count === limit && key >= (keys[limit - 1] ?? 0)) return;
    let at = this.count < limit ? this.count++ : limit - 1;
    for (; at > 0 && (keys[at - 1] ?? 0) > key; at--) keys[at] = keys[at - 1] ?? 0;
    keys[at] = key;
  }

  get best(): { rank: number; ordinal: number }[] {
    return Array.from(this.keys.subarray(0, this.count), (key) => ({
      rank: Math.floor(key / ORDINALS_MAX),
      ordinal: key % ORDINALS_MAX,
    }));
  }
}

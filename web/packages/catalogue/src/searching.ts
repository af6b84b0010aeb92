/** A search through the image and the rows in front of it, as one list. */
import { EXACT, INSIDE, NO_MATCH, PREFIX, editsFor, type Grade } from "./grades";
import type { Image } from "./image";
import { HIDDEN, SELLABLE, type Offers } from "./offers";
import type { Overlay } from "./overlay";
import { parseQuery, type Query } from "./query";
import { BestOrdinals, isMisspelt, rankOf } from "./ranking";
import { ordinalOf, productAt, sortKeyOf } from "./reading";
import { isUuid } from "./rows";
import { ImageSearch } from "./searching-image";
import { gradeProductCode, TextSearch } from "./searching-texts";
import type { Hit, Match, Product, View } from "./types";

/** More than this nobody reads. */
export const SEARCH_HITS_MAX = 200;

interface Ranked {
  readonly rank: number;
  readonly sortKey: string;
  readonly grade: Grade;
  readonly isSellable: boolean;
  readonly product: Product;
}

export class Searcher {
  private readonly imageSearch: ImageSearch;

  constructor(
    private readonly image: Image,
    private readonly overlay: Overlay,
    private readonly offers: Offers,
  ) {
    this.imageSearch = new ImageSearch(image);
  }

  search(text: string, limit: number, view: View): Hit[] {
    const query = parseQuery(text);
    const count = Math.min(Math.max(0, Math.trunc(limit)), SEARCH_HITS_MAX);
    if (query === null || count === 0) return [];
    let hits = this.collect(query, false, count, view);
    const isForgiving = query.terms.some(({ words }) => words.some((word) => editsFor(word.text) > 0));
    // What is mis-spelt stands behind all that can be sold and is spelt right.
    const isFull = hits.length === count && hits.every((hit) => hit.isSellable);
    if (isForgiving && !isFull) hits = this.collect(query, true, count, view);
    return hits.map(({ product, grade }) => {
      const price = this.offers.price(product.id, ordinalOf(this.image, product.id), view);
      return { product, price, match: matchOf(grade) };
    });
  }

  private collect(query: Query, forgiving: boolean, count: number, view: View): Ranked[] {
    const hits = [...this.fromImage(query, forgiving, count, view), ...this.fromRows(query, forgiving, view)];
    hits.sort(compareHits);
    return hits.slice(0, count);
  }

  private fromImage(query: Query, forgiving: boolean, count: number, view: View): Ranked[] {
    const { image } = this;
    const standing = this.offers.standing(view);
    const favourites = new Set<number>();
    for (const id of view.favourites ?? []) if (isUuid(id)) favourites.add(ordinalOf(image, id));
    const { fits, worst, sum } = this.imageSearch.grade(query, forgiving);
    const best = new BestOrdinals(count);
    const grade = { worst: 0, sum: 0 };
    const stands = { isSellable: false, isFavourite: false, letters: 0 };
    for (let at = 0; at < fits.length; at++) {
      const ordinal = fits[at] ?? 0;
      if (standing[ordinal] === HIDDEN) continue;
      grade.worst = worst[ordinal] ?? NO_MATCH;
      grade.sum = sum[ordinal] ?? 0;
      stands.isSellable = standing[ordinal] === SELLABLE;
      stands.isFavourite = favourites.size > 0 && favourites.has(ordinal);
      stands.letters = image.letters[ordinal] ?? 0;
      best.offer(rankOf(grade, stands), ordinal);
    }
    return best.best.map(({ rank, ordinal }) => ({
      rank,
      sortKey: sortKeyOf(image, ordinal),
      grade: worst[ordinal] ?? 0,
      isSellable: standing[ordinal] === SELLABLE,
      product: productAt(image, ordinal),
    }));
  }

  private fromRows(query: Query, forgiving: boolean, view: View): Ranked[] {
    const hits: Ranked[] = [];
    const search = new TextSearch(query, this.overlay.words, forgiving);
    for (const { id, product, sortKey, wordNumbers, codes } of this.overlay.products.values()) {
      if (product === null || codes === null) continue;
      const grade = search.grade(wordNumbers, (code) => gradeProductCode(codes, code));
      if (grade.worst === NO_MATCH) continue;
      const isSellable = product.active && this.offers.isPriced(id, view);
      const isFavourite = view.favourites?.has(id) === true;
      const rank = rankOf(grade, { isSellable, isFavourite, letters: sortKey.length });
      hits.push({ rank, sortKey, grade: grade.worst, isSellable, product });
    }
    return hits;
  }
}

function compareHits(left: Ranked, right: Ranked): number {
  if (left.rank !== right.rank) return left.rank - right.rank;
  if (left.sortKey !== right.sortKey) return left.sortKey < right.sortKey ? -1 : 1;
  return left.product.id < right.product.id ? -1 : 1;
}

function matchOf(grade: Grade): Match {
  if (isMisspelt(grade)) return "fuzzy";
  return grade === EXACT ? "exact" : grade === PREFIX ? "prefix" : grade === INSIDE ? "inside" : "fuzzy";
}

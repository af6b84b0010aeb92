/** A catalogue without any index: what the real one must agree with. */
import type { Row } from "../src/rows";
import { codeKey, withoutArticle, wordsOf } from "../src/words";

type Value = Record<string, unknown>;

export interface NaiveHit {
  id: string;
  amount: number | null;
}

export class NaiveCatalogue {
  private readonly rows = new Map<string, Value>();

  apply(rows: readonly Row[]): void {
    for (const { kind, key, value } of rows) {
      if (value === null) this.rows.delete(`${kind} ${key}`);
      else this.rows.set(`${kind} ${key}`, value as Value);
    }
  }

  get all(): [string, Value][] {
    return [...this.rows].sort(([left], [right]) => (left < right ? -1 : 1));
  }

  of(kind: string): Value[] {
    return this.all.filter(([key]) => key.startsWith(`${kind} `)).map(([, value]) => value);
  }

  byBarcode(code: string): string | null {
    const same = (other: unknown): boolean => padded(String(other)) === padded(code);
    const found = this.of("product").filter((product) => (product.barcodes as unknown[]).some(same));
    found.sort(
      (left, right) =>
        Number(right.active) - Number(left.active) || byText(left.product_id, right.product_id),
    );
    return found[0] === undefined ? null : String(found[0].product_id);
  }

  price(productId: string, branchId: number, today: string): number | null {
    const region = this.of("branch").find((branch) => branch.branch_id === branchId)?.region_id;
    const offers = this.of("price").flatMap((price) => {
      const list = this.of("price_list").find((each) => each.price_list_id === price.price_list_id);
      const from = String(price.valid_from);
      const until = price.valid_until === null ? "9999-99-99" : (price.valid_until as string);
      if (list === undefined || price.product_id !== productId || from > today || until < today) return [];
      const isOwn = list.branch_id === branchId;
      const isRegions = list.branch_id === null && (region === undefined || list.region_id === region);
      return isOwn || isRegions ? [{ list, isOwn, from, amount: Number(price.amount) }] : [];
    });
    offers.sort(
      (left, right) =>
        Number(right.list.priority) - Number(left.list.priority) ||
        Number(right.isOwn) - Number(left.isOwn) ||
        byText(right.from, left.from) ||
        byText(left.list.price_list_id, right.list.price_list_id),
    );
    return offers[0]?.amount ?? null;
  }

  /** The hits in their order, by comparing everything with everything. */
  search(
    text: string,
    limit: number,
    branchId: number,
    today: string,
    favourites: ReadonlySet<string>,
  ): NaiveHit[] {
    const terms = text.split(/\s+/u).filter((term) => wordsOf(term).length > 0);
    if (terms.length === 0) return [];
    const hits = this.of("product").flatMap((product) => {
      const id = String(product.product_id);
      const grades = terms.map((term) => termGrade(product, term));
      let worst = Math.max(...grades);
      let sum = grades.reduce((left, right) => left + right, 0);
      const whole = terms.length > 1 ? codeGrade(product, text.trim()) : Infinity;
      if (whole < worst) worst = sum = whole;
      if (worst === Infinity) return [];
      const amount = this.price(id, branchId, today);
      const name = wordsOf(String(product.name_en) || String(product.name_ar)).join(" ");
      const isSellable = product.active === true && amount !== null;
      const order = [
        isSellable ? 0 : 1,
        worst >= 3 ? 1 : 0,
        favourites.has(id) ? 0 : 1,
        worst,
        sum,
        name.length,
      ];
      return [{ id, amount, name, order }];
    });
    hits.sort((left, right) => {
      for (const [place, value] of left.order.entries()) {
        const difference = value - (right.order[place] ?? 0);
        if (difference !== 0) return difference;
      }
      return byText(left.name, right.name) || byText(left.id, right.id);
    });
    return hits.slice(0, limit).map(({ id, amount }) => ({ id, amount }));
  }

  /** Ids in a category and below, by name. */
  browse(categoryId: string | null): string[] {
    const parents = new Map(this.of("category").map((each) => [String(each.category_id), each.parent_id]));
    const isIn = (category: unknown, depth = 0): boolean =>
      category === categoryId ||
      (category !== null &&
        category !== undefined &&
        depth < 50 &&
        isIn(parents.get(category as string) ?? null, depth + 1));
    const names = (product: Value): string =>
      wordsOf(String(product.name_en) || String(product.name_ar)).join(" ");
    return this.of("product")
      .filter((product) => product.active === true && (categoryId === null || isIn(product.category_id)))
      .sort((left, right) => byText(names(left), names(right)) || byText(left.product_id, right.product_id))
      .map((product) => String(product.product_id));
  }
}

const byText = (left: unknown, right: unknown): number => {
  const [one, other] = [String(left), String(right)];
  return one < other ? -1 : one > other ? 1 : 0;
};

const padded = (code: string): string => (/^(\d{8}|\d{12,14})$/.test(code) ? code.padStart(14, "0") : code);

function termGrade(product: Value, term: string): number {
  const names = [...wordsOf(String(product.name_en)), ...wordsOf(String(product.name_ar))];
  const words = names.flatMap((word) => [word, withoutArticle(word) ?? word]);
  const grades = wordsOf(term).map((typed) => {
    const edits = typed.length < 4 || /\d/.test(typed) ? 0 : typed.length < 8 ? 1 : 2;
    const bare = withoutArticle(typed);
    return Math.min(
      ...words.map((word) => wordGrade(typed, word, edits)),
      ...words.map((word) => (bare !== null && word.startsWith(bare) ? 1 : Infinity)),
    );
  });
  return Math.min(Math.max(...grades), codeGrade(product, term));
}

function wordGrade(typed: string, word: string, edits: number): number {
  let best = Infinity;
  for (let length = 0; length <= word.length; length++) {
    const distance = editDistance(typed, word.slice(0, length));
    const isWhole = length === word.length;
    if (distance === 0) best = Math.min(best, isWhole ? 0 : 1);
    else if (distance <= edits) best = Math.min(best, 1 + 2 * distance + (isWhole ? 0 : 1));
  }
  return best;
}

/** Optimal string alignment, the whole table. */
export function editDistance(left: string, right: string): number {
  const table = Array.from({ length: left.length + 1 }, (_, row) =>
    Array.from({ length: right.length + 1 }, (_unused, column) =>
      row === 0 ? column : column === 0 ? row : 0,
    ),
  );
  const at = (row: number, column: number): number => table[row]?.[column] ?? Infinity;
  for (let row = 1; row <= left.length; row++) {
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cell = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (same ? 0 : 1),
      );
      if (left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cell = Math.min(cell, at(row - 2, column - 2) + 1);
      }
      (table[row] ?? [])[column] = cell;
    }
  }
  return at(left.length, right.length);
}

function codeGrade(product: Value, term: string): number {
  const key = codeKey(term);
  const skuKey = codeKey(String(product.sku));
  let best = skuKey === key ? 0 : skuKey.startsWith(key) ? 1 : Infinity;
  for (const barcode of product.barcodes as string[]) {
    if (!/^(\d{8}|\d{12,14})$/.test(barcode)) {
      for (const typed of [term, term.toUpperCase(), term.toLowerCase()]) {
        if (barcode === typed) best = 0;
        else if (typed.length >= 4 && barcode.startsWith(typed)) best = Math.min(best, 1);
      }
      continue;
    }
    if (!/^\d{4,}$/.test(key)) continue;
    if (barcode.endsWith(key)) best = Math.min(best, 2);
    for (const digits of [8, 12, 13, 14]) {
      const form = String(Number(barcode)).padStart(digits, "0");
      if (form.length !== digits) continue;
      if (form === key) best = 0;
      else if (form.startsWith(key)) best = Math.min(best, 1);
    }
  }
  return best;
}

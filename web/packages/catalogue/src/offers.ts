/** Today's price of a product, out of the image and the rows that stand in front of it. */
import { dayOf } from "./dates";
import { ABSENT, ACTIVE, type Image } from "./image";
import type { Lookups } from "./lookups";
import type { Overlay } from "./overlay";
import { BestPrice, listsOf, type RankedList } from "./prices";
import { idOf, ordinalOf } from "./reading";
import type { Price, View } from "./types";

/** How a product of the image stands: a row in front of it (or nothing there), not for sale, for sale. */
export const HIDDEN = 0;
export const UNSELLABLE = 1;
export const SELLABLE = 2;

/** What holds for one branch on one day, until a row changes. */
interface Known {
  readonly branchId: number;
  readonly today: string;
  readonly day: number;
  readonly lists: ReadonlyMap<string, RankedList>;
  /** The same by their places in the image's table. */
  readonly ranked: readonly (RankedList | undefined)[];
  standing: Uint8Array | null;
  /** Of products that have a later row. */
  readonly isPriced: Map<string, boolean>;
}

export class Offers {
  private known: Known | null = null;

  constructor(
    private readonly image: Image,
    private readonly overlay: Overlay,
    private readonly lookups: Lookups,
  ) {}

  /** Rows came: what was worked out no longer counts. */
  changed(): void {
    this.known = null;
  }

  price(productId: string, ordinal: number, view: View): Price | null {
    const known = this.knownFor(view);
    const best = new BestPrice();
    const { image, overlay } = this;
    const isTouched = overlay.hasPricesOf(productId);
    if (ordinal >= 0) {
      for (let at = image.priceStart[ordinal] ?? 0; at < (image.priceStart[ordinal + 1] ?? 0); at++) {
        const ranked = known.ranked[image.priceList[at] ?? 0];
        const from = image.priceFrom[at] ?? 0;
        if (ranked === undefined || from > known.day || (image.priceUntil[at] ?? 0) < known.day) continue;
        if (isTouched && overlay.hidesPrice(productId, ranked.list.id, from)) continue;
        const currency = image.tables.currencies[image.priceCurrency[at] ?? 0] ?? "";
        best.offer(ranked, image.priceAmount[at] ?? 0, currency, from);
      }
    }
    if (!isTouched) return best.price;
    for (const { price } of overlay.pricesOf(productId)) {
      if (price === null || price.from > known.day || price.until < known.day) continue;
      const ranked = known.lists.get(price.listId);
      if (ranked !== undefined) best.offer(ranked, price.amount, price.currency, price.from);
    }
    return best.price;
  }

  /** Whether a product with a later row has a price; worked out once, for a search asks it of many. */
  isPriced(productId: string, view: View): boolean {
    const { isPriced } = this.knownFor(view);
    let answer = isPriced.get(productId);
    if (answer === undefined) {
      answer = this.price(productId, ordinalOf(this.image, productId), view) !== null;
      isPriced.set(productId, answer);
    }
    return answer;
  }

  /** How each ordinal stands. */
  standing(view: View): Uint8Array {
    const known = this.knownFor(view);
    known.standing ??= this.workOutStanding(known, view);
    return known.standing;
  }

  private knownFor(view: View): Known {
    const { branchId, today } = view;
    if (this.known?.branchId === branchId && this.known.today === today) return this.known;
    const regionId = this.lookups.branches.get(String(branchId))?.regionId ?? null;
    const lists = listsOf(this.lookups.priceLists.values(), branchId, regionId);
    const ranked = this.image.tables.lists.map((id) => lists.get(id));
    // A day that is none is before every price.
    this.known = {
      branchId,
      today,
      day: dayOf(today) ?? 0,
      lists,
      ranked,
      standing: null,
      isPriced: new Map(),
    };
    return this.known;
  }

  private workOutStanding(known: Known, view: View): Uint8Array {
    const { image, overlay } = this;
    const standing = new Uint8Array(image.size);
    for (let ordinal = 0; ordinal < image.size; ordinal++) {
      const flags = image.flags[ordinal] ?? 0;
      if ((flags & ABSENT) !== 0) continue;
      standing[ordinal] = UNSELLABLE;
      if ((flags & ACTIVE) === 0) continue;
      for (let at = image.priceStart[ordinal] ?? 0; at < (image.priceStart[ordinal + 1] ?? 0); at++) {
        const isToday = (image.priceFrom[at] ?? 0) <= known.day && known.day <= (image.priceUntil[at] ?? 0);
        if (isToday && known.ranked[image.priceList[at] ?? 0] !== undefined) standing[ordinal] = SELLABLE;
      }
    }
    for (const id of overlay.productsWithPrices()) {
      const ordinal = ordinalOf(image, id);
      const flags = image.flags[ordinal] ?? ABSENT;
      if ((flags & ABSENT) !== 0 || (flags & ACTIVE) === 0) continue;
      standing[ordinal] = this.price(idOf(image, ordinal), ordinal, view) === null ? UNSELLABLE : SELLABLE;
    }
    for (const id of overlay.products.keys()) {
      const ordinal = ordinalOf(image, id);
      if (ordinal >= 0) standing[ordinal] = HIDDEN;
    }
    return standing;
  }
}

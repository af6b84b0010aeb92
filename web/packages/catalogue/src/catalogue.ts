/**
 * The till's copy of the reference feed: an image that is used in place, and the rows that came after it.
 *
 * No I/O and no clock. Whoever holds it stores the parts of `toImage` and the rows that came later, and
 * puts both back after a start: applying rows again, in their order, changes nothing.
 */
import type { Settings } from "@octonext/core/settings";
import { browse, countCategories } from "./browsing";
import { tradeItem } from "./codes";
import { ABSENT, emptyImage, readImage, writeImage, type Image, type Part } from "./image";
import type { Intake } from "./intake";
import { imageOf } from "./intake-image";
import { isSmallKind, Lookups } from "./lookups";
import { mergeImage } from "./merging";
import { Offers } from "./offers";
import { Overlay } from "./overlay";
import {
  codeRange,
  codeValueOf,
  idOf,
  isAbsent,
  ordinalOf,
  pricesAt,
  productAt,
  skuKeyOf,
  skuRange,
} from "./reading";
import { isUuid, priceRow, productRow, readPrice, readPriceKey, readProduct, type Row } from "./rows";
import { Searcher } from "./searching";
import type {
  Applied,
  BadRow,
  Branch,
  Cashier,
  Category,
  Hit,
  Offer,
  Price,
  PriceList,
  Product,
  Region,
  Stats,
  Tax,
  View,
} from "./types";
import { codeKey } from "./words";

/** Rows in front of the image cost memory and time; from these many on `mergeDue` asks for a new image. */
export const LATER_ROWS_MIN = 10_000;
/** A large image is worth waiting for more of them: so a first sync makes few images. */
export const LATER_ROWS_SHARE = 0.25;

export class Catalogue {
  private offers: Offers;
  private searcher: Searcher;
  private badRows = 0;
  private isMerging = false;
  private counted: Category[] | null = null;

  private constructor(
    private image: Image,
    private readonly lookups: Lookups,
    private readonly overlay: Overlay,
  ) {
    this.offers = new Offers(image, overlay, lookups);
    this.searcher = new Searcher(image, overlay, this.offers);
  }

  static empty(): Catalogue {
    return new Catalogue(emptyImage(), new Lookups(), new Overlay());
  }

  /** From what `toImage` gave; the parts are used in place and must not be changed. Raises ImageError. */
  static fromImage(parts: readonly Uint8Array[]): Catalogue {
    const { image, small } = readImage(parts);
    const catalogue = new Catalogue(image, new Lookups(), new Overlay());
    catalogue.apply(small);
    return catalogue;
  }

  /**
   * What was taken in so far, pausing where it can (what it sorts, it sorts in one go); no rows may be taken
   * in meanwhile. The small kinds are shared with the intake.
   */
  static async fromIntake(intake: Intake, pause: () => Promise<void>): Promise<Catalogue> {
    const steps = imageOf(intake);
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) await pause();
    const catalogue = new Catalogue(step.value, intake.lookups, new Overlay());
    catalogue.badRows = intake.badRows;
    return catalogue;
  }

  /** Puts rows in place, the newest version of each last. Those that are malformed are left out and named. */
  apply(rows: Iterable<Row>): Applied {
    let applied = 0;
    let ignored = 0;
    const bad: BadRow[] = [];
    for (const row of rows) {
      const isApplied = this.applyRow(row);
      if (isApplied === null) ignored++;
      else if (isApplied) applied++;
      else bad.push({ kind: row.kind, key: row.key });
    }
    this.badRows += bad.length;
    this.changed();
    return { applied, ignored, bad };
  }

  // --- the image -------------------------------------------------------------------------------

  /** Whether so many rows stand in front of the image that a new one should be made now. */
  get mergeDue(): boolean {
    const { size, priceList } = this.image;
    return this.overlay.rows >= Math.max(LATER_ROWS_MIN, LATER_ROWS_SHARE * (size + priceList.length));
  }

  /** Makes the later rows part of the image, in one go. */
  merge(): void {
    const steps = this.mergeInSlices();
    while (steps.next().done !== true);
  }

  /**
   * The same, pausing between slices of a few milliseconds each. In between everything answers, and rows
   * may be applied: they stand in front of the new image. False when another merge is under way.
   */
  async mergeGently(pause: () => Promise<void>): Promise<boolean> {
    if (this.isMerging) return false;
    const steps = this.mergeInSlices();
    while (steps.next().done !== true) await pause();
    return true;
  }

  /**
   * Everything that was applied, as parts for storage, whose bytes are those in use: seal them, do not
   * change or transfer them. The later rows are merged first, unless that was done (gently) before.
   */
  toImage(): Part[] {
    if (this.overlay.rows > 0) this.merge();
    return writeImage(this.image, this.lookups.allRows());
  }

  /** Everything as rows again, in no order that means anything. */
  *rows(): Generator<Row> {
    yield* this.lookups.allRows();
    for (let ordinal = 0; ordinal < this.image.size; ordinal++) {
      const id = idOf(this.image, ordinal);
      if (!isAbsent(this.image, ordinal) && !this.overlay.products.has(id)) {
        yield productRow(productAt(this.image, ordinal));
      }
      for (const price of pricesAt(this.image, ordinal)) {
        if (!this.overlay.hidesPrice(id, price.listId, price.from)) yield priceRow(price);
      }
    }
    const { products, prices } = this.overlay.snapshot();
    for (const { product } of products) if (product !== null) yield productRow(product);
    for (const { price } of prices) if (price !== null) yield priceRow(price);
  }

  get stats(): Stats {
    const { image, overlay } = this;
    let products = 0;
    let prices = image.priceList.length;
    for (const flags of image.flags) if ((flags & ABSENT) === 0) products++;
    for (const { id, product } of overlay.products.values()) {
      const before = ordinalOf(image, id);
      products += (product === null ? 0 : 1) - (before >= 0 && !isAbsent(image, before) ? 1 : 0);
    }
    for (const id of overlay.productsWithPrices()) {
      const ordinal = ordinalOf(image, id);
      if (ordinal >= 0)
        prices -= pricesAt(image, ordinal).filter((price) =>
          overlay.hidesPrice(id, price.listId, price.from),
        ).length;
      for (const { price } of overlay.pricesOf(id)) if (price !== null) prices++;
    }
    let imageBytes = 0;
    for (const column of Object.values(image))
      if (ArrayBuffer.isView(column)) imageBytes += column.byteLength;
    return {
      products,
      prices,
      laterRows: overlay.rows,
      imageBytes,
      words: image.wordShared.length,
      badRows: this.badRows,
    };
  }

  // --- products --------------------------------------------------------------------------------

  /** The product with a barcode, in any of its forms; also one that is no longer sold. */
  productByBarcode(code: string): Product | null {
    const item = tradeItem(code.trim());
    const found = Array.from(this.overlay.withCode(item), (id) => this.productById(id));
    const value = codeValueOf(this.image, item);
    if (value !== null) {
      const { byCode, codeOwner } = this.image;
      // Half a step further there is no other whole number.
      const [start, end] = codeRange(this.image, value, value + 0.5);
      for (const slot of byCode.subarray(start, end)) found.push(this.imageProduct(codeOwner[slot] ?? 0));
    }
    return preferred(found);
  }

  /** The product with this SKU, letter for letter. */
  productBySku(sku: string): Product | null {
    const found: (Product | null)[] = [];
    for (const { product } of this.overlay.products.values()) if (product?.sku === sku) found.push(product);
    const [low, high] = skuRange(this.image, codeKey(sku));
    for (let place = low; place < high; place++) {
      const ordinal = this.image.bySku[place] ?? 0;
      if (skuKeyOf(this.image, ordinal) !== codeKey(sku)) break;
      const product = this.imageProduct(ordinal);
      if (product?.sku === sku) found.push(product);
    }
    return preferred(found);
  }

  /** Also one that is no longer sold. */
  productById(id: string): Product | null {
    const later = this.overlay.products.get(id);
    if (later !== undefined) return later.product;
    const ordinal = isUuid(id) ? ordinalOf(this.image, id) : -1;
    return ordinal < 0 || isAbsent(this.image, ordinal) ? null : productAt(this.image, ordinal);
  }

  /** What a piece or kilogram costs; null when nothing says so, and it cannot be sold. */
  price(productId: string, branchId: number, today: string): Price | null {
    if (!isUuid(productId)) return null;
    return this.offers.price(productId, ordinalOf(this.image, productId), { branchId, today });
  }

  /** The tax of a product's class; null when the jurisdiction has no such rule. */
  tax(product: Pick<Product, "taxClass">, jurisdiction: string): Tax | null {
    return this.lookups.tax(product.taxClass, jurisdiction);
  }

  /** A product with its price, as a search would give it. */
  offer(productId: string, view: View): Offer | null {
    const product = this.productById(productId);
    return product && { product, price: this.price(productId, view.branchId, view.today) };
  }

  /** The best fitting products: as they are typed, in any order of words, mis-spelt ones last. */
  search(text: string, limit: number, view: View): Hit[] {
    return this.searcher.search(text, limit, view);
  }

  /** Every category, with the number of products for sale in it and below it. */
  categories(): readonly Category[] {
    this.counted ??= countCategories(this.image, this.overlay, this.lookups.categories);
    return this.counted;
  }

  /** Products for sale in a category and below it (null: in all), by name. Without a price they are there too. */
  browse(categoryId: string | null, offset: number, limit: number, view: View): Offer[] {
    const ids = browse(this.image, this.overlay, this.lookups.categories, { categoryId, offset, limit });
    return ids.map((id) => this.offer(id, view)).filter((offer) => offer !== null);
  }

  // --- what is small ---------------------------------------------------------------------------

  branch(branchId: number): Branch | null {
    return this.lookups.branches.get(String(branchId)) ?? null;
  }

  branches(): Branch[] {
    return [...this.lookups.branches.values()];
  }

  region(regionId: number): Region | null {
    return this.lookups.regions.get(String(regionId)) ?? null;
  }

  priceList(id: string): PriceList | null {
    return this.lookups.priceLists.get(id) ?? null;
  }

  /** Who may sign in at a branch. */
  cashiers(branchId: number): Cashier[] {
    return this.lookups.cashiers(branchId);
  }

  /** Anybody the feed names, also those who left. */
  person(id: string): Cashier | null {
    return this.lookups.people.get(id) ?? null;
  }

  /** A branch's settings over its region's over the defaults. */
  settings(branchId: number): Settings {
    return this.lookups.settings(branchId);
  }

  // --- inside ----------------------------------------------------------------------------------

  /** Null for a kind that a till has no use for, false for a malformed row. */
  private applyRow(row: Row): boolean | null {
    const { kind, key, value } = row;
    if (isSmallKind(kind)) return this.lookups.apply(kind, row);
    if (kind === "product") {
      const product = value === null ? null : readProduct(key, value);
      if (product === null && (value !== null || !isUuid(key))) return false;
      this.overlay.putProduct(key, product);
      return true;
    }
    if (kind !== "price") return null;
    const named = readPriceKey(key);
    const price = value === null ? null : readPrice(key, value);
    if (named === null || (price === null && value !== null)) return false;
    this.overlay.putPrice(named, price);
    return true;
  }

  private *mergeInSlices(): Generator<void, void> {
    if (this.isMerging) throw new Error("a merge is under way");
    this.isMerging = true;
    try {
      const snapshot = this.overlay.snapshot();
      this.image = yield* mergeImage(this.image, snapshot);
      this.overlay.forget(snapshot);
      this.offers = new Offers(this.image, this.overlay, this.lookups);
      this.searcher = new Searcher(this.image, this.overlay, this.offers);
      this.changed();
    } finally {
      this.isMerging = false;
    }
  }

  private changed(): void {
    this.offers.changed();
    this.counted = null;
  }

  /** Null when a newer row stands in front of it. */
  private imageProduct(ordinal: number): Product | null {
    const id = idOf(this.image, ordinal);
    return this.overlay.products.has(id) ? null : this.productById(id);
  }
}

/** While a code moves from one product to another both may have it: the one for sale, then the smaller id. */
function preferred(products: readonly (Product | null)[]): Product | null {
  let best: Product | null = null;
  for (const product of products) {
    if (product === null) continue;
    const isBetter =
      best === null || (product.active === best.active ? product.id < best.id : product.active);
    if (isBetter) best = product;
  }
  return best;
}

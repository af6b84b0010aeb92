/** What the catalogue says of goods today, in the engine's words: hits for a list, and what may be sold. */
import type { Catalogue, Offer, Product } from "@octonext/catalogue";
import type { Sellable } from "@octonext/core";
import type { Json } from "@octonext/storage";

import { TillRefusal, type Category, type ProductHit } from "./api";
import { FAVOURITES } from "./collections";
import type { Till } from "./till";

const LIMIT_MAX = 200;
const FAVOURITES_MAX = 500;

export class Goods {
  private favourites: ReadonlySet<string> = new Set();

  constructor(
    private readonly till: Till,
    private readonly catalogue: () => Catalogue,
    private readonly read: () => Promise<void>,
  ) {}

  /** The catalogue is open: right after a sign-in it is still being read, and knows no code. */
  ready(): Promise<void> {
    return this.read();
  }

  async load(): Promise<void> {
    const stored = (await this.till.storage.get(FAVOURITES, "products")) as string[] | null;
    this.favourites = new Set(stored ?? []);
  }

  async search(text: string, limit: number): Promise<ProductHit[]> {
    await this.ready();
    const hits = this.catalogue().search(text, bounded(limit), this.view());
    return hits.map((hit) => this.hit(hit));
  }

  async categories(): Promise<Category[]> {
    await this.ready();
    return this.catalogue()
      .categories()
      .map((category) => ({ ...category }));
  }

  async browse(request: {
    categoryId: string | null;
    favourites?: boolean;
    offset: number;
    limit: number;
  }): Promise<ProductHit[]> {
    await this.ready();
    const { categoryId, offset } = request;
    const limit = bounded(request.limit);
    if (request.favourites === true) return this.favouriteHits(offset, limit);
    const offers = this.catalogue().browse(categoryId, Math.max(0, offset), limit, this.view());
    return offers.map((offer) => this.hit(offer));
  }

  async setFavourite(productId: string, favourite: boolean): Promise<void> {
    this.till.requireSession();
    const changed = new Set(this.favourites);
    if (favourite && changed.size < FAVOURITES_MAX) changed.add(productId);
    if (!favourite) changed.delete(productId);
    const value: Json = [...changed];
    await this.till.storage.commit({ puts: [{ collection: FAVOURITES, key: "products", value }] });
    this.favourites = changed;
  }

  /** The first of the codes that the catalogue knows, as a barcode or as an SKU. */
  byCode(codes: string[]): Product | null {
    const catalogue = this.catalogue();
    for (const code of codes) {
      const found = catalogue.productByBarcode(code) ?? catalogue.productBySku(code);
      if (found !== null) return found;
    }
    return null;
  }

  byId(id: string): Product | null {
    return this.catalogue().productById(id);
  }

  offered(product: Product): ProductHit {
    const { branchId } = this.till.identity;
    const price = this.catalogue().price(product.id, branchId, this.till.today());
    return this.hit({ product, price });
  }

  /** As a cart takes it. Raises `not_sellable`. */
  sellable(productId: string): Sellable {
    const { identity } = this.till;
    const product = this.byId(productId);
    if (product === null) throw new TillRefusal("not_sellable", { name: productId, why: "inactive" });
    const refuse = (why: string): TillRefusal =>
      new TillRefusal("not_sellable", { name: product.name.en, why });
    if (!product.active) throw refuse("inactive");
    const price = this.catalogue().price(productId, identity.branchId, this.till.today());
    if (price?.currency !== identity.currency) throw refuse("no_price");
    const tax = this.catalogue().tax(product, identity.jurisdiction);
    if (tax === null) throw refuse("unknown_tax");
    return {
      productId,
      sku: product.sku,
      name: { ...product.name },
      unit: product.unit,
      unitPrice: price.amount,
      taxInclusive: price.taxInclusive,
      taxCode: tax.taxCode,
      ratePpm: tax.ratePpm,
    };
  }

  private favouriteHits(offset: number, limit: number): ProductHit[] {
    const catalogue = this.catalogue();
    const offers = [...this.favourites].flatMap((id) => catalogue.offer(id, this.view()) ?? []);
    const sold = offers.filter(({ product }) => product.active);
    return sold.slice(offset, offset + limit).map((offer) => this.hit(offer));
  }

  private view() {
    return { branchId: this.till.identity.branchId, today: this.till.today(), favourites: this.favourites };
  }

  private hit({ product, price }: Offer): ProductHit {
    return {
      id: product.id,
      sku: product.sku,
      name: { ...product.name },
      unit: product.unit,
      barcode: product.barcodes[0] ?? null,
      price: price?.amount ?? null,
      taxInclusive: price?.taxInclusive ?? true,
      categoryId: product.categoryId,
      favourite: this.favourites.has(product.id),
    };
  }
}

function bounded(limit: number): number {
  return Math.min(LIMIT_MAX, Math.max(0, Math.trunc(limit)));
}

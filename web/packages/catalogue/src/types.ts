/** What the catalogue gives to those who ask it. Amounts are minor units, rates parts per million. */
import type { Permission, Role } from "@octonext/core/roles";

/** English and Arabic; Arabic may be empty. */
export interface BothNames {
  readonly en: string;
  readonly ar: string;
}

export interface Product {
  readonly id: string;
  readonly sku: string;
  readonly name: BothNames;
  readonly unit: "piece" | "kg";
  readonly categoryId: string | null;
  readonly taxClass: string;
  readonly barcodes: readonly string[];
  readonly active: boolean;
}

export interface Region {
  readonly id: number;
  readonly code: string;
  readonly jurisdiction: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly name: BothNames;
}

export interface Branch {
  readonly id: number;
  readonly code: string;
  readonly name: BothNames;
  readonly regionId: number;
  readonly shardId: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly jurisdiction: string;
  readonly active: boolean;
}

export interface PriceList {
  readonly id: string;
  readonly name: string;
  readonly regionId: number | null;
  /** Null: for every branch of the region. */
  readonly branchId: number | null;
  readonly currency: string;
  readonly taxInclusive: boolean;
  readonly priority: number;
}

export interface Tax {
  readonly jurisdiction: string;
  readonly taxClass: string;
  readonly taxCode: string;
  readonly ratePpm: number;
  readonly name: BothNames;
}

export interface Cashier {
  readonly id: string;
  readonly code: string;
  readonly name: BothNames;
  readonly role: Role;
  readonly permissions: readonly Permission[];
  /** None: every branch of the region. */
  readonly branchIds: readonly number[];
  /** Argon2id in PHC form. */
  readonly pinHash: string;
  readonly active: boolean;
}

export interface Category {
  readonly id: string;
  readonly parentId: string | null;
  readonly name: BothNames;
  /** Products for sale in it and in the categories below it. */
  readonly products: number;
}

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly phone: string | null;
  readonly email: string | null;
  readonly vatNumber: string | null;
  readonly note: string | null;
}

/** What a piece or kilogram costs at a branch on a day. */
export interface Price {
  readonly amount: number;
  readonly currency: string;
  readonly taxInclusive: boolean;
  readonly listId: string;
}

/** Where and when somebody looks: prices hold at a branch on a day (an ISO date). */
export interface View {
  readonly branchId: number;
  readonly today: string;
  /** Ids of products that come first among equals. */
  readonly favourites?: ReadonlySet<string>;
}

/** A product with today's price: null when it has none and cannot be sold. */
export interface Offer {
  readonly product: Product;
  readonly price: Price | null;
}

export type Match = "exact" | "prefix" | "inside" | "fuzzy";

export interface Hit extends Offer {
  /** How well the least fitting word of the query fits. */
  readonly match: Match;
}

/** A row that was left out, and why. */
export interface BadRow {
  readonly kind: string;
  readonly key: string;
}

export interface Applied {
  readonly applied: number;
  /** Of kinds that a till has no use for. */
  readonly ignored: number;
  readonly bad: readonly BadRow[];
}

export interface Stats {
  readonly products: number;
  readonly prices: number;
  /** Rows that are not yet in the image. */
  readonly laterRows: number;
  readonly imageBytes: number;
  /** The index's distinct words. */
  readonly words: number;
  /** Left out since this catalogue was made. */
  readonly badRows: number;
}

/** What a page shows: goods, carts, receipts, customers and reports. Amounts are minor units, quantities thousandths. */

/** English and Arabic; Arabic may be empty, then English stands in. */
export interface BothNames {
  en: string;
  ar: string;
}

export interface ShiftSummary {
  id: string;
  openedAt: string;
  openedBy: BothNames;
}

// --- catalogue ---------------------------------------------------------------------------------

export interface ProductHit {
  id: string;
  sku: string;
  name: BothNames;
  unit: "piece" | "kg";
  barcode: string | null;
  /** Today's price; null when it has none and cannot be sold. */
  price: number | null;
  taxInclusive: boolean;
  categoryId: string | null;
  favourite: boolean;
}

export interface Category {
  id: string;
  parentId: string | null;
  name: BothNames;
  products: number;
}

// --- cart --------------------------------------------------------------------------------------

export interface CartLine {
  /** Names the line within its cart. */
  key: string;
  kind: "sale" | "return";
  productId: string;
  sku: string;
  name: BothNames;
  unit: "piece" | "kg";
  quantity: number;
  unitPrice: number;
  /** What the catalogue says, when it was overridden. */
  listPrice: number | null;
  /** Of this line alone. */
  lineDiscount: number;
  /** Its share of the cart's discount. */
  cartDiscount: number;
  taxCode: string;
  ratePpm: number;
  tax: number;
  /** What the customer pays (or gets back, for a return), tax included, never negative. */
  total: number;
  note: string | null;
  discountReason: string | null;
  original: { branch: number; device: number; seq: number; line: number } | null;
}

export interface TaxTotal {
  code: string;
  ratePpm: number;
  net: number;
  tax: number;
}

export interface CartView {
  lines: CartLine[];
  /** Pieces and weighed lines. */
  items: number;
  subtotal: number;
  discount: number;
  cartDiscount: { amount: number; reason: string } | null;
  taxes: TaxTotal[];
  tax: number;
  /** Signed: sale lines less return lines. Negative is owed to the customer. */
  total: number;
  note: string | null;
  customer: Customer | null;
}

export interface HeldCart {
  id: string;
  label: string;
  heldAt: string;
  by: BothNames;
  lines: number;
  total: number;
}

export type ScanOutcome =
  | { kind: "added"; cart: CartView; lineKey: string }
  | { kind: "receipt"; receipt: ReturnableReceipt }
  | { kind: "unknown"; code: string }
  | { kind: "no_price"; product: ProductHit };

export type Discount = { percentPpm: number } | { amount: number };

// --- payment and receipts ----------------------------------------------------------------------

export interface TenderDraft {
  tender: string;
  /** Null is all that is due. */
  amount: number | null;
  reference: string | null;
}

export interface TenderOption {
  tender: string;
  /** What is due if all of the rest is paid with it; differs for cash where cash is rounded. */
  due: number;
  rounding: number;
  needsReference: boolean;
  external: boolean;
}

export interface ReceiptLine {
  number: number;
  productId: string;
  sku: string;
  name: BothNames;
  unit: "piece" | "kg";
  quantity: number;
  unitPrice: number;
  discount: number;
  taxCode: string;
  ratePpm: number;
  tax: number;
  total: number;
  note: string | null;
}

export interface Receipt {
  kind: "sale" | "return";
  /** Branch code, till code and seq: `KW01-T01-17`. */
  number: string;
  reference: { branch: number; device: number; seq: number };
  /** The first 8 hex digits of the entry's hash. */
  hash: string;
  at: string;
  cashier: BothNames;
  branch: BothNames;
  currency: string;
  exponent: number;
  lines: ReceiptLine[];
  taxes: TaxTotal[];
  subtotal: number;
  discount: number;
  tax: number;
  total: number;
  rounding: number;
  payments: { tender: string; amount: number; tendered: number | null; reference: string | null }[];
  change: number;
  customer: Customer | null;
  note: string | null;
  /** Of a return: what it takes back. */
  original: { branch: number; device: number; seq: number } | null;
  /** 0 for the first print; 1 and more are copies. */
  copy: number;
  /** Of an exchange: the other half, written in the same transaction. */
  exchange: Receipt | null;
  /** What a QR code on the receipt holds: a URL-free text that `scan` reads back. */
  qr: string;
  /** Base64 TLV of Saudi Arabia's simplified tax invoice; null elsewhere. */
  taxQr: string | null;
  synced: boolean;
}

export interface ReturnableReceipt {
  receipt: Receipt;
  /** Where the facts come from: `till` alone may not know returns at other tills. */
  source: "till" | "shard";
  /** Per line number: how much can still come back, as far as is known. */
  returnable: { number: number; quantity: number }[];
}

export interface Customer {
  id: string;
  name: string;
  phone: string | null;
  email: string | null;
  vatNumber: string | null;
  note: string | null;
}

// --- shifts ------------------------------------------------------------------------------------

export interface ShiftReport {
  kind: "X" | "Z";
  shift: ShiftSummary;
  at: string;
  closedAt: string | null;
  currency: string;
  openingFloat: number;
  /** Sums are null, and taxes and cash left out, where `expected` may not be known: they add up to it. */
  sales: { count: number; total: number | null; tax: number | null; discount: number };
  returns: { count: number; total: number | null; tax: number | null };
  voids: { lines: number; carts: number; amount: number };
  priceOverrides: number;
  drawerOpens: number;
  cashIn: number;
  cashOut: number;
  rounding: number;
  byTender: { tender: string; sales: number; returns: number }[];
  byTax: TaxTotal[];
  /** Null in an X report of somebody who must count blindly. */
  expected: number | null;
  counted: number | null;
  difference: number | null;
}

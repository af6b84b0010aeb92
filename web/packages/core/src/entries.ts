/**
 * The journal entries of a till: the shapes of their JSON, version 1. Twin of `sales/entries.py`.
 *
 * Names are those of the journal. Money is integer minor units, quantities are integer thousandths.
 */

export const TENDERS = [
  "cash",
  "card",
  "knet",
  "mada",
  "benefit",
  "voucher",
  "on_account",
  "exchange",
] as const;
export type Tender = (typeof TENDERS)[number];
/** The tender that sits in the drawer, is counted at the end of a shift, and alone may be rounded. */
export const CASH = "cash";
/** What one half of an exchange pays the other with; it nets to nothing. */
export const EXCHANGE = "exchange";

/** A receipt by its number: branch, device and seq. */
export interface ReceiptReference {
  branch: number;
  device: number;
  seq: number;
}

/** One line of a receipt; amounts are what the customer pays or gets back, never negative. */
export interface Line {
  product: string;
  quantity: number;
  /** For one piece or kilogram, as shown to the customer. */
  unit_price: number;
  /** Taken off this line, its share of a cart discount included. */
  discount?: number;
  tax_code: string;
  rate_ppm: number;
  /** Tax contained in `total`. */
  tax: number;
  total: number;
  original_line?: number | null;
  note?: string | null;
  discount_reason?: string | null;
  discount_approved_by?: string | null;
}

/** One tender: the amount that stays (or, on a return, is handed back). */
export interface Payment {
  tender: string;
  amount: number;
  /** What the customer handed over, change included; cash only. */
  tendered?: number | null;
  reference?: string | null;
}

export interface ShiftOpened {
  kind: "shift_opened";
  currency: string;
  opening_float: number;
}

export interface Sale {
  kind: "sale";
  currency: string;
  lines: Line[];
  payments: Payment[];
  total: number;
  tax: number;
  /** What is paid less `total`. */
  rounding?: number;
  note?: string | null;
  customer?: string | null;
}

export interface Return {
  kind: "return";
  currency: string;
  /** Null for a return without a receipt. */
  original?: ReceiptReference | null;
  lines: Line[];
  payments: Payment[];
  total: number;
  tax: number;
  rounding?: number;
  reason?: string | null;
  note?: string | null;
  customer?: string | null;
  /** Who allowed it, where the cashier may not. */
  approved_by?: string | null;
}

export interface Void {
  kind: "void";
  scope: "line" | "cart" | "receipt";
  amount: number;
  product?: string | null;
  quantity?: number | null;
  reason?: string | null;
}

export interface PriceOverridden {
  kind: "price_overridden";
  product: string;
  price_before: number;
  price_after: number;
  approved_by?: string | null;
  reason?: string | null;
}

export interface DrawerOpened {
  kind: "drawer_opened";
  reason?: string | null;
  approved_by?: string | null;
}

export interface CashMoved {
  kind: "cash_moved";
  currency: string;
  /** Put into the drawer, or (negative) taken out of it. */
  amount: number;
  reason?: string | null;
  approved_by?: string | null;
}

export interface StockCounted {
  kind: "stock_counted";
  lines: { product: string; counted: number }[];
}

export interface StockAdjusted {
  kind: "stock_adjusted";
  reason: string;
  lines: { product: string; quantity: number }[];
  note?: string | null;
}

export interface ShiftClosed {
  kind: "shift_closed";
  currency: string;
  counted: number;
  expected: number;
}

export interface CustomerSaved {
  kind: "customer_saved";
  customer: string;
  name: string;
  phone?: string | null;
  email?: string | null;
  vat_number?: string | null;
  note?: string | null;
}

export interface ReceiptReprinted {
  kind: "receipt_reprinted";
  receipt: ReceiptReference;
}

/** A person took over within a shift. */
export interface CashierSignedIn {
  kind: "cashier_signed_in";
}

/** What happened, before it has a place in a journal. */
export type Draft =
  | ShiftOpened
  | Sale
  | Return
  | Void
  | PriceOverridden
  | DrawerOpened
  | CashMoved
  | StockCounted
  | StockAdjusted
  | ShiftClosed
  | CustomerSaved
  | ReceiptReprinted
  | CashierSignedIn;

export type EntryKind = Draft["kind"];

/** What every entry says: its place in the journal, who, when and in which shift. */
export interface Stamp {
  seq: number;
  shift: string;
  cashier: string;
  /** The till's wall clock with its offset, as `formatAt` writes it. */
  at: string;
  hlc: number;
}

/** An entry in its place. */
export type Entry<Kind extends Draft = Draft> = Kind & Stamp & { v: 1 };

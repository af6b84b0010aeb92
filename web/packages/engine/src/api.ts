/**
 * What a page asks of the till engine, and what it is told. The engine runs in a dedicated worker; every
 * method is one message there and one back. All amounts are minor units, all quantities thousandths.
 *
 * A method that a cashier's input can make fail rejects with `TillRefusal`: a stable code, and what a
 * sentence about it needs. The page turns it into words; the engine knows no language.
 */
import type { Permission, Role } from "@octonext/core/roles";
import type { Settings } from "@octonext/core/settings";

import type {
  BothNames,
  CartView,
  Category,
  Customer,
  Discount,
  HeldCart,
  ProductHit,
  Receipt,
  ReturnableReceipt,
  ScanOutcome,
  ShiftReport,
  ShiftSummary,
  TenderDraft,
  TenderOption,
} from "./views";

export type { Permission, Role, Settings };
export type * from "./views";
export { TillRefusal, type RefusalCode, type RefusalParams } from "./refusal";

export interface Person {
  id: string;
  code: string;
  name: BothNames;
  role: Role;
}

export interface TillIdentity {
  deviceId: number;
  deviceCode: string;
  branchId: number;
  branchCode: string;
  branchName: BothNames;
  receiptPrefix: string;
  currency: string;
  /** Decimal places of the currency. */
  exponent: number;
  jurisdiction: string;
  timeZone: string;
}

/**
 * - `unenrolled`: no till lives in this browser yet.
 * - `lost`: the database is gone or damaged, and a copy of the journal is there: `restoreFromCopy`.
 * - `locked`: enrolled, nobody is signed in; uploads go on.
 * - `open`: somebody is signed in. Whether a shift is open is `shift`.
 * - `revoked`: head office ended this till; its keys are gone.
 * - `elsewhere`: another tab is the till (given by the client, not by the engine).
 */
export type Phase = "starting" | "unenrolled" | "lost" | "locked" | "open" | "revoked" | "elsewhere";

export type SyncErrorCode =
  | "unreachable"
  | "unknown_device"
  | "no_progress"
  | "forked"
  | "fenced"
  | "revoked"
  | "bad_signature"
  | "bad_chain"
  | "unknown_key"
  | "bad_frame"
  | "too_large"
  | "overloaded"
  | "storage";

export interface SyncStatus {
  state: "online" | "connecting" | "offline" | "stopped";
  /** Milliseconds since 1970: since when it is so. */
  since: number;
  unsynced: number;
  oldestUnsyncedAt: number | null;
  /** When the shard last acknowledged something. */
  lastAckedAt: number | null;
  lastError: { code: SyncErrorCode; detail: string; at: number } | null;
  /** Rows of the reference feed still on their way; null when the till is up to date. */
  feed: { received: number; left: number | null } | null;
  /** How wrong this machine's clock is, server time less ours; null while unknown. */
  clockOffsetMs: number | null;
}

export interface StorageStatus {
  /** What the browser answered to `navigator.storage.persist()`; null while it was not asked. */
  persisted: boolean | null;
  usedBytes: number;
  quotaBytes: number;
  level: "ok" | "low" | "critical";
  /** The second copy of the journal in OPFS. */
  copy: "ok" | "unavailable" | "failing";
}

export interface TillState {
  phase: Phase;
  identity: TillIdentity | null;
  /** Who has signed in at this till before and can do so without the network. */
  known: Person[];
  person: Person | null;
  permissions: Permission[];
  shift: ShiftSummary | null;
  sync: SyncStatus;
  storage: StorageStatus;
  settings: Settings;
  catalogue: { products: number; ready: boolean };
  held: number;
  /** The cart is empty and no payment is being written: an update may reload the page. */
  idle: boolean;
  appVersion: string;
}

// --- the engine --------------------------------------------------------------------------------

export interface Approval {
  /** Given with the action it is for; good once, for two minutes. */
  token: string;
  by: Person;
}

export interface RescueFile {
  name: string;
  bytes: Uint8Array;
  entries: number;
  /** The same in pieces that fit QR codes, each naming its place. */
  parts: string[];
}

export interface TillEngine {
  // Who
  enrol(request: { code: string; name: string }): Promise<void>;
  signIn(request: { code: string; pin: string }): Promise<void>;
  lock(): Promise<void>;
  approve(request: { permission: Permission; code: string; pin: string }): Promise<Approval>;
  /** Keeps the till from locking itself; the page calls it, at most every few seconds, while used. */
  touched(): Promise<void>;

  // Shift
  openShift(request: { openingFloat: number }): Promise<ShiftReport>;
  moveCash(request: { amount: number; reason: string; approval?: string }): Promise<void>;
  openDrawer(request: { reason: string; approval?: string }): Promise<void>;
  shiftReport(): Promise<ShiftReport>;
  closeShift(request: { counted: number; approval?: string }): Promise<ShiftReport>;
  /** Z reports of shifts closed here, newest first. */
  closedShifts(): Promise<ShiftReport[]>;

  // Catalogue
  search(text: string, limit: number): Promise<ProductHit[]>;
  categories(): Promise<Category[]>;
  browse(request: {
    categoryId: string | null;
    favourites?: boolean;
    offset: number;
    limit: number;
  }): Promise<ProductHit[]>;
  setFavourite(productId: string, favourite: boolean): Promise<void>;

  // Cart
  cart(): Promise<CartView>;
  /** A barcode, a GS1 element string or the QR code of a receipt. */
  scan(code: string): Promise<ScanOutcome>;
  addProduct(request: { productId: string; quantity?: number }): Promise<CartView>;
  /** More of what comes back needs what the return needed; more at an approved price or discount, that approval. */
  setQuantity(request: { lineKey: string; quantity: number; approval?: string }): Promise<CartView>;
  removeLine(request: { lineKey: string; reason: string | null }): Promise<CartView>;
  overridePrice(request: {
    lineKey: string;
    price: number;
    reason: string;
    approval?: string;
  }): Promise<CartView>;
  discountLine(request: {
    lineKey: string;
    discount: Discount | null;
    reason: string;
    approval?: string;
  }): Promise<CartView>;
  discountCart(request: { discount: Discount | null; reason: string; approval?: string }): Promise<CartView>;
  setNote(request: { lineKey: string | null; note: string | null }): Promise<CartView>;
  setCustomer(customerId: string | null): Promise<CartView>;
  cancelCart(reason: string | null): Promise<CartView>;
  hold(label: string): Promise<CartView>;
  heldCarts(): Promise<HeldCart[]>;
  recall(id: string): Promise<CartView>;
  discardHeld(request: { id: string; reason: string | null }): Promise<void>;

  // Returns
  /** By number as printed, of this till or (online) any other; by `branch-device-seq`; or by the QR code. */
  findReceipt(text: string): Promise<ReturnableReceipt>;
  returnLines(request: {
    reference: { branch: number; device: number; seq: number };
    lines: { number: number; quantity: number }[];
    reason: string;
    approval?: string;
  }): Promise<CartView>;
  returnWithoutReceipt(request: {
    productId: string;
    quantity: number;
    reason: string;
    approval?: string;
  }): Promise<CartView>;

  // Payment
  tenders(): Promise<TenderOption[]>;
  /** Resolves when the entry is durable and was read back, never before. */
  pay(request: { tenders: TenderDraft[] }): Promise<Receipt>;
  voidReceipt(request: { seq: number; reason: string; approval?: string }): Promise<Receipt>;
  receipts(limit: number): Promise<Receipt[]>;
  receipt(seq: number): Promise<Receipt>;
  /** The receipt again, marked as a copy; an entry of the journal. */
  reprint(seq: number): Promise<Receipt>;

  // Customers
  findCustomers(text: string): Promise<Customer[]>;
  saveCustomer(customer: Omit<Customer, "id"> & { id: string | null }): Promise<Customer>;

  // Stock
  countStock(request: { lines: { productId: string; counted: number }[]; approval?: string }): Promise<void>;

  // Keeping it running
  syncNow(): Promise<void>;
  requestPersistence(): Promise<boolean>;
  exportRescue(): Promise<RescueFile>;
  /** Hands another till's export over, through this one. */
  uploadRescue(file: Uint8Array): Promise<{ device: number; entries: number }>;
  restoreFromCopy(request: { code: string; pin: string }): Promise<{ entries: number; unsynced: number }>;
}

/** What `connectTill` of `client.ts` gives the page; follows React's `useSyncExternalStore`. */
export interface TillClient {
  engine: TillEngine;
  /** The newest state, the same object until it changes; phase `starting` before the worker answered. */
  state(): TillState;
  subscribe(listener: () => void): () => void;
  /** Another tab is the till (phase `elsewhere`): asks it to stop, resolves when this one took over. */
  takeOver(): Promise<void>;
}

/** `startWorker` is the page's, so that its bundler sees the worker's address. */
export type ConnectTill = (options: { startWorker: () => Worker; appVersion: string }) => TillClient;

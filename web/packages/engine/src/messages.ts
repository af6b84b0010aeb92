/** What a page and its worker, and two tabs among themselves, say to each other. */
import type { RefusalCode, RefusalParams, TillEngine, TillState } from "./api";

/** Every method of the engine; the type below fails to compile when one is missing. */
export const METHODS = [
  "enrol",
  "signIn",
  "lock",
  "approve",
  "touched",
  "openShift",
  "moveCash",
  "openDrawer",
  "shiftReport",
  "closeShift",
  "closedShifts",
  "search",
  "categories",
  "browse",
  "setFavourite",
  "cart",
  "scan",
  "addProduct",
  "setQuantity",
  "removeLine",
  "overridePrice",
  "discountLine",
  "discountCart",
  "setNote",
  "setCustomer",
  "cancelCart",
  "hold",
  "heldCarts",
  "recall",
  "discardHeld",
  "findReceipt",
  "returnLines",
  "returnWithoutReceipt",
  "tenders",
  "pay",
  "voidReceipt",
  "receipts",
  "receipt",
  "reprint",
  "findCustomers",
  "saveCustomer",
  "countStock",
  "syncNow",
  "requestPersistence",
  "exportRescue",
  "uploadRescue",
  "restoreFromCopy",
] as const satisfies readonly (keyof TillEngine)[];

export type Method = (typeof METHODS)[number];
type Missing = Exclude<keyof TillEngine, Method>;
/** Empty unless the list above lacks a method. */
export const ALL_METHODS_LISTED: Missing extends never ? true : Missing = true;

export type FromPage =
  | { type: "start"; appVersion: string }
  | { type: "call"; id: number; method: Method; args: unknown[] }
  /** The page was hidden, frozen or offline and is back: time may have passed unseen. */
  | { type: "look-again" }
  /** Finish what is being written, close the database, forget the keys. */
  | { type: "release" };

export type FromWorker =
  /** The thread runs: the page may be busy from now on. */
  | { type: "begun" }
  /** The parts of it that changed: the page draws again only what shows them. */
  | { type: "state"; changed: Partial<TillState> }
  | { type: "result"; id: number; value: unknown }
  | { type: "refused"; id: number; code: RefusalCode; params: RefusalParams }
  | { type: "released" }
  /** The engine cannot start at all, and why. */
  | { type: "failed"; detail: string };

export type BetweenTabs =
  /** A tab that is not the till asks what the till is doing. */
  { type: "who" } | { type: "state"; state: TillState } | { type: "take-over"; by: string };

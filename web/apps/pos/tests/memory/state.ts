/** The state of a till in memory, and the people who work at it. */
import type { Person, TillState } from "@octonext/engine/api";
import { DEFAULT_SETTINGS } from "@octonext/core/settings";

export const NOW = Date.UTC(2026, 2, 14, 11, 30);

export const PEOPLE: Person[] = [
  { id: "p1", code: "C01", name: { en: "Cashier One", ar: "الكاشير الأول" }, role: "cashier" },
  { id: "p2", code: "C02", name: { en: "Cashier Two", ar: "الكاشير الثاني" }, role: "cashier" },
  { id: "p3", code: "S01", name: { en: "Supervisor", ar: "المشرف" }, role: "supervisor" },
  { id: "p4", code: "M01", name: { en: "Manager", ar: "المدير" }, role: "manager" },
];
/** The PIN of everybody in memory. */
export const PIN = "1234";

export function memoryState(change: Partial<TillState> = {}): TillState {
  return {
    phase: "locked",
    identity: {
      deviceId: 7,
      deviceCode: "T01",
      branchId: 3,
      branchCode: "KW01",
      branchName: { en: "Branch One", ar: "الفرع الأول" },
      receiptPrefix: "KW01-T01",
      currency: "KWD",
      exponent: 3,
      jurisdiction: "KW",
      timeZone: "Asia/Kuwait",
    },
    known: PEOPLE,
    person: null,
    permissions: [],
    shift: null,
    sync: {
      state: "online",
      since: NOW - 3_600_000,
      unsynced: 0,
      oldestUnsyncedAt: null,
      lastAckedAt: NOW - 30_000,
      lastError: null,
      feed: null,
      clockOffsetMs: 120,
    },
    storage: { persisted: true, usedBytes: 48_000_000, quotaBytes: 2_000_000_000, level: "ok", copy: "ok" },
    settings: DEFAULT_SETTINGS,
    catalogue: { products: 100_000, ready: true },
    held: 0,
    idle: true,
    appVersion: "0.1.0",
    ...change,
  };
}

/** A till at which the first cashier sells, with every tender that the tests pay with. */
export function sellingState(): TillState {
  return memoryState({
    phase: "open",
    person: PEOPLE[0] ?? null,
    permissions: ["sell", "return_with_receipt"],
    shift: { id: "s1", openedAt: new Date(NOW).toISOString(), openedBy: { en: "Cashier One", ar: "" } },
    settings: {
      ...DEFAULT_SETTINGS,
      cashRounding: 5,
      tenders: ["cash", "knet", "card", "voucher", "on_account"],
    },
  });
}

/** What head office sets for the tills of a region or a branch (reference kind `till_settings`). */
import type { Role } from "./roles";

/** An EAN-13 that holds a weight or a price: prefix, item digits, value digits, check digit. */
export interface ScaleRule {
  prefix: string;
  itemDigits: number;
  holds: "weight" | "price";
  valueDigits: number;
  /** Decimal places of the value: kilograms for a weight, the currency's unit for a price. */
  decimals: number;
}

export interface Settings {
  /** Cash totals are rounded to multiples of this many minor units; null does not round. */
  cashRounding: number | null;
  /** Offered in this order. */
  tenders: string[];
  scaleRules: ScaleRule[];
  /** The largest discount each role gives alone, parts per million of the price. */
  discountLimitPpm: Record<Role, number>;
  /** Seconds without a touch until the till locks itself. */
  idleLockSeconds: number;
  /** Whoever lacks `see_expected` counts the drawer without being told what should be in it. */
  blindCount: boolean;
  receipt: {
    sellerName: { en: string; ar: string };
    vatNumber: string;
    address: { en: string; ar: string };
    phone: string;
    footer: { en: string; ar: string };
  };
}

export const DEFAULT_SETTINGS: Settings = {
  cashRounding: null,
  tenders: ["cash", "card", "voucher", "on_account"],
  scaleRules: [],
  discountLimitPpm: { cashier: 100_000, supervisor: 300_000, manager: 1_000_000 },
  idleLockSeconds: 300,
  blindCount: true,
  receipt: {
    sellerName: { en: "", ar: "" },
    vatNumber: "",
    address: { en: "", ar: "" },
    phone: "",
    footer: { en: "", ar: "" },
  },
};

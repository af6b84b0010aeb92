/** What head office sets for a till: rows of kind `till_settings`, a branch's over its region's. */
import { ROLES, type Role } from "@octonext/core/roles";
import { DEFAULT_SETTINGS, type ScaleRule, type Settings } from "@octonext/core/settings";
import { isCount, isFields, isListOf, isText, type Fields } from "./rows";

/** Every member of a row is optional. */
export interface SettingsPart {
  cashRounding?: number | null;
  tenders?: string[];
  scaleRules?: ScaleRule[];
  discountLimitPpm?: Partial<Record<Role, number>>;
  idleLockSeconds?: number;
  blindCount?: boolean;
  receipt?: Fields;
}

const LIST_MAX = 100;
const RATE_PPM_MAX = 1_000_000;
const KEY = /^(region|branch):\d+$/;

/** The row's settings; null when the key or any member is malformed. */
export function readSettings(key: string, value: unknown): SettingsPart | null {
  if (!KEY.test(key) || !isFields(value)) return null;
  const part: SettingsPart = {};
  const take = <T>(
    name: string,
    read: (given: unknown) => T | undefined,
    put: (read: T) => void,
  ): boolean => {
    if (value[name] === undefined) return true;
    const result = read(value[name]);
    if (result === undefined) return false;
    put(result);
    return true;
  };
  const isReadable =
    take("cash_rounding", roundingOf, (given) => (part.cashRounding = given)) &&
    take("tenders", tendersOf, (given) => (part.tenders = given)) &&
    take("scale_rules", rulesOf, (given) => (part.scaleRules = given)) &&
    take("discount_limit_ppm", limitsOf, (given) => (part.discountLimitPpm = given)) &&
    take("idle_lock_seconds", positive, (given) => (part.idleLockSeconds = given)) &&
    take(
      "blind_count",
      (given) => (typeof given === "boolean" ? given : undefined),
      (given) => (part.blindCount = given),
    ) &&
    take("receipt", receiptOf, (given) => (part.receipt = given));
  return isReadable ? part : null;
}

/** The settings that parts make, the later over the earlier, all over the defaults. */
export function settingsFrom(parts: readonly SettingsPart[]): Settings {
  let settings = DEFAULT_SETTINGS;
  for (const { receipt, discountLimitPpm, ...rest } of parts) {
    settings = {
      ...settings,
      ...rest,
      discountLimitPpm: { ...settings.discountLimitPpm, ...discountLimitPpm },
      receipt: receipt === undefined ? settings.receipt : mergeReceipt(settings.receipt, receipt),
    };
  }
  return settings;
}

function mergeReceipt(before: Settings["receipt"], row: Fields): Settings["receipt"] {
  const text = (name: string, otherwise: string): string => {
    const given = row[name];
    return typeof given === "string" ? given : otherwise;
  };
  return {
    sellerName: {
      en: text("seller_name_en", before.sellerName.en),
      ar: text("seller_name_ar", before.sellerName.ar),
    },
    vatNumber: text("vat_number", before.vatNumber),
    address: { en: text("address_en", before.address.en), ar: text("address_ar", before.address.ar) },
    phone: text("phone", before.phone),
    footer: { en: text("footer_en", before.footer.en), ar: text("footer_ar", before.footer.ar) },
  };
}

const positive = (given: unknown): number | undefined => (isCount(given) && given > 0 ? given : undefined);

const roundingOf = (given: unknown): number | null | undefined => (given === null ? null : positive(given));

const tendersOf = (given: unknown): string[] | undefined =>
  isListOf(given, isText, LIST_MAX) ? given : undefined;

const isRate = (given: unknown): given is number => isCount(given, RATE_PPM_MAX);

function limitsOf(given: unknown): Partial<Record<Role, number>> | undefined {
  if (!isFields(given)) return undefined;
  const limits: Partial<Record<Role, number>> = {};
  for (const role of ROLES) {
    const limit = given[role];
    if (limit === undefined) continue;
    if (!isRate(limit)) return undefined;
    limits[role] = limit;
  }
  return limits;
}

function rulesOf(given: unknown): ScaleRule[] | undefined {
  if (!isListOf(given, isFields, LIST_MAX)) return undefined;
  const rules = given.map(ruleOf);
  return rules.every((rule) => rule !== null) ? rules : undefined;
}

function ruleOf(given: Fields): ScaleRule | null {
  const { prefix, item_digits: itemDigits, holds, value_digits: valueDigits, decimals } = given;
  const isReadable =
    typeof prefix === "string" &&
    /^\d{1,12}$/.test(prefix) &&
    isCount(itemDigits, 12) &&
    isCount(valueDigits, 12) &&
    isCount(decimals, 12) &&
    (holds === "weight" || holds === "price");
  return isReadable ? { prefix, itemDigits, holds, valueDigits, decimals } : null;
}

const receiptOf = (given: unknown): Fields | undefined =>
  isFields(given) && Object.values(given).every((text) => isText(text)) ? given : undefined;

/** Both languages say everything, and every code of the engine has words. */
import { describe, expect, test } from "vitest";

import { TillRefusal, type RefusalCode, type SyncErrorCode } from "@octonext/engine/api";
import { PERMISSIONS } from "@octonext/core/roles";

import { ar } from "../src/i18n/ar";
import { fill } from "../src/i18n/dictionary";
import { en } from "../src/i18n/en";
import { formats, type Language } from "../src/i18n/format";
import { translator } from "../src/i18n/index";
import {
  permissionWords,
  refusalWords,
  SYNC_ERROR_WORDS,
  syncErrorWords,
  tenderWords,
} from "../src/i18n/refusals";
import { ar as sellAr } from "../src/sell/words.ar";
import { en as sellEn } from "../src/sell/words.en";
import { checkDictionary } from "./dictionary";

const REFUSALS: Record<RefusalCode, TillRefusal["params"]> = {
  approval_required: { permission: "open_drawer" },
  approval_invalid: {},
  wrong_pin: { left: 3 },
  locked_out: { retryAfterMs: 30_000 },
  online_sign_in_needed: {},
  offline: {},
  not_permitted: { permission: "move_cash" },
  enrolment_refused: {},
  unreachable: {},
  shift_open: {},
  shift_not_open: {},
  locked: {},
  cart_not_empty: {},
  cart_empty: {},
  not_sellable: { name: "Milk", why: "no_price" },
  discount_too_large: { max: 1500 },
  quantity_invalid: {},
  amount_invalid: {},
  tender_missing: { left: 1250 },
  tender_too_much: { tender: "card", due: 1250 },
  tender_unknown: { tender: "voucher" },
  reference_missing: { tender: "knet" },
  customer_missing: {},
  card_number: { field: "note" },
  receipt_not_found: { text: "KW01-T01-9" },
  receipt_unreadable: {},
  other_currency: { number: "KW01-T01-17", currency: "SAR" },
  ask_later: { retryAfterMs: 60_000 },
  return_too_much: { number: 2, max: 1000 },
  too_long: {},
  storage_full: {},
  storage_failed: { detail: "AbortError" },
  damaged_file: { detail: "checksum" },
  other_branch: {},
  internal: { detail: "TypeError" },
};

function words(language: Language) {
  const format = formats(language, "latin");
  return { t: translator({ en, ar }, language, format.number), format };
}

test("the shell says everything in both languages", () => {
  checkDictionary(en, ar);
});

test("the selling screens say everything in both languages", () => {
  checkDictionary(sellEn, sellAr);
});

describe.each(["en", "ar"] as const)("in %s", (language) => {
  const { t, format } = words(language);
  const context = { format, money: (minor: number) => format.money(minor, 3) };

  test.each(Object.keys(REFUSALS) as RefusalCode[])("%s has a sentence with nothing left open", (code) => {
    for (const params of [REFUSALS[code], {}]) {
      const text = refusalWords(t, new TillRefusal(code, params), context);
      expect(text).not.toMatch(/[{}]|undefined|NaN/u);
      expect(text).not.toBe(code);
    }
  });

  test.each(["no_price", "inactive", "pieces_only", "unknown_tax"])(
    "not sellable because of %s is said",
    (why) => {
      const text = refusalWords(t, new TillRefusal("not_sellable", { name: "Milk", why }), context);
      expect(text).toContain("Milk");
      expect(text).not.toBe(
        refusalWords(t, new TillRefusal("not_sellable", { name: "Milk", why: "?" }), context),
      );
    },
  );

  test("every sync error has its own sentence", () => {
    const codes = Object.keys(SYNC_ERROR_WORDS) as SyncErrorCode[];
    expect(new Set(codes.map((code) => syncErrorWords(t, code))).size).toBe(13);
  });

  test("every permission and tender has words", () => {
    for (const permission of PERMISSIONS) expect(permissionWords(t, permission)).not.toBe(permission);
    for (const tender of ["cash", "card", "knet", "benefit", "voucher", "on_account", "exchange"]) {
      expect(tenderWords(t, tender)).not.toBe(tender);
    }
  });
});

test("Arabic counts in six forms", () => {
  const { t } = words("ar");
  const said = [0, 1, 2, 3, 11, 100].map((count) => t("badge.unsynced", { count }));
  expect(new Set(said).size).toBe(6);
  expect(said[3]).toBe("3 قيود لم تُرسل");
  expect(said[4]).toBe("11 قيدًا لم تُرسل");
});

test("a Latin code within Arabic is kept together by isolates, an Arabic name is not", () => {
  expect(fill("رقم {x}", { x: "KW01-T01" }, "ar", String)).toBe("رقم \u2068KW01-T01\u2069");
  expect(fill("رقم {x}", { x: "الفرع" }, "ar", String)).toBe("رقم الفرع");
  expect(fill("Number {x}", { x: "KW01-T01" }, "en", String)).toBe("Number KW01-T01");
});

/** Every refusal of the engine, and every error of sync, in words a cashier can act on. */
import { useMemo } from "react";

import type { RefusalCode, SyncErrorCode, TillRefusal } from "@octonext/engine/api";

import { useFormats, useWords, type Words } from "./index";
import type { en } from "./en";
import type { Formats } from "./format";

type Key = keyof typeof en;

/** The permissions of `core/src/roles.ts`, as what somebody is asked to approve. */
export const PERMISSION_WORDS: Readonly<Record<string, Key & `permission.${string}`>> = {
  sell: "permission.sell",
  return_with_receipt: "permission.return_with_receipt",
  price_override: "permission.price_override",
  discount_above_limit: "permission.discount_above_limit",
  void_after_payment: "permission.void_after_payment",
  open_drawer: "permission.open_drawer",
  refund_without_receipt: "permission.refund_without_receipt",
  move_cash: "permission.move_cash",
  close_shift: "permission.close_shift",
  see_expected: "permission.see_expected",
  count_stock: "permission.count_stock",
};

const TENDER_WORDS: Readonly<Record<string, Key & `tender.${string}`>> = {
  cash: "tender.cash",
  card: "tender.card",
  knet: "tender.knet",
  mada: "tender.mada",
  benefit: "tender.benefit",
  voucher: "tender.voucher",
  on_account: "tender.on_account",
  exchange: "tender.exchange",
};

/** Why a product cannot be sold: `not_sellable`'s `why`. */
const WHY_WORDS: Readonly<Record<string, Key & `refusal.not_sellable.${string}`>> = {
  no_price: "refusal.not_sellable.no_price",
  inactive: "refusal.not_sellable.inactive",
  pieces_only: "refusal.not_sellable.pieces_only",
  unknown_tax: "refusal.not_sellable.unknown_tax",
};

export function permissionWords(t: Words, permission: string): string {
  const key = PERMISSION_WORDS[permission];
  return key === undefined ? permission : (t as (key: Key) => string)(key);
}

export function tenderWords(t: Words, tender: string): string {
  const key = TENDER_WORDS[tender];
  return key === undefined ? tender : (t as (key: Key) => string)(key);
}

export interface RefusalContext {
  format: Formats;
  money: (minor: number) => string;
}

type Params = TillRefusal["params"];

const text = (params: Params, name: string): string => String(params[name] ?? "");
const count = (params: Params, name: string): number => Number(params[name] ?? 0);

type Say = (t: Words, params: Params, context: RefusalContext) => string;

const SAY: Readonly<Record<RefusalCode, Say>> = {
  approval_required: (t, p) =>
    t("refusal.approval_required", { permission: permissionWords(t, text(p, "permission")) }),
  approval_invalid: (t) => t("refusal.approval_invalid"),
  wrong_pin: (t, p) =>
    p["left"] === undefined
      ? t("refusal.wrong_pin")
      : t("refusal.wrong_pin.left", { count: count(p, "left") }),
  locked_out: (t, p, { format }) =>
    count(p, "retryAfterMs") > 0
      ? t("refusal.locked_out.until", { span: format.span(Math.max(1000, count(p, "retryAfterMs"))) })
      : t("refusal.locked_out"),
  online_sign_in_needed: (t) => t("refusal.online_sign_in_needed"),
  offline: (t) => t("refusal.offline"),
  not_permitted: (t, p) =>
    t("refusal.not_permitted", { permission: permissionWords(t, text(p, "permission")) }),
  enrolment_refused: (t) => t("refusal.enrolment_refused"),
  unreachable: (t) => t("refusal.unreachable"),
  shift_open: (t) => t("refusal.shift_open"),
  shift_not_open: (t) => t("refusal.shift_not_open"),
  locked: (t) => t("refusal.locked"),
  cart_not_empty: (t) => t("refusal.cart_not_empty"),
  cart_empty: (t) => t("refusal.cart_empty"),
  not_sellable: (t, p) => {
    const why = WHY_WORDS[text(p, "why")];
    const name = text(p, "name");
    return why === undefined
      ? t("refusal.not_sellable", { name })
      : (t as (key: Key, params: { name: string }) => string)(why, { name });
  },
  discount_too_large: (t, p, { money }) =>
    p["max"] === undefined
      ? t("refusal.discount_too_large")
      : t("refusal.discount_too_large.max", { max: money(count(p, "max")) }),
  quantity_invalid: (t) => t("refusal.quantity_invalid"),
  amount_invalid: (t) => t("refusal.amount_invalid"),
  tender_missing: (t, p, { money }) => t("refusal.tender_missing", { left: money(count(p, "left")) }),
  tender_too_much: (t, p, { money }) =>
    t("refusal.tender_too_much", { tender: tenderWords(t, text(p, "tender")), due: money(count(p, "due")) }),
  tender_unknown: (t, p) => t("refusal.tender_unknown", { tender: tenderWords(t, text(p, "tender")) }),
  reference_missing: (t, p) => t("refusal.reference_missing", { tender: tenderWords(t, text(p, "tender")) }),
  customer_missing: (t) => t("refusal.customer_missing"),
  card_number: (t) => t("refusal.card_number"),
  receipt_not_found: (t, p) => t("refusal.receipt_not_found", { text: text(p, "text") }),
  receipt_unreadable: (t) => t("refusal.receipt_unreadable"),
  other_currency: (t, p, { format }) =>
    t("refusal.other_currency", {
      number: text(p, "number"),
      currency: format.currency(text(p, "currency")),
    }),
  ask_later: (t, p, { format }) =>
    t("refusal.ask_later", { span: format.span(Math.max(1000, count(p, "retryAfterMs"))) }),
  return_too_much: (t, p, { format }) =>
    t("refusal.return_too_much", { number: count(p, "number"), max: format.quantity(count(p, "max")) }),
  too_long: (t) => t("refusal.too_long"),
  storage_full: (t) => t("refusal.storage_full"),
  storage_failed: (t, p) => t("refusal.storage_failed", { detail: text(p, "detail") }),
  damaged_file: (t, p) => t("refusal.damaged_file", { detail: text(p, "detail") }),
  other_branch: (t) => t("refusal.other_branch"),
  internal: (t, p) => t("refusal.internal", { detail: text(p, "detail") }),
};

export function refusalWords(t: Words, refusal: TillRefusal, context: RefusalContext): string {
  return SAY[refusal.code](t, refusal.params, context);
}

export const SYNC_ERROR_WORDS: Readonly<Record<SyncErrorCode, Key & `sync.error.${string}`>> = {
  unreachable: "sync.error.unreachable",
  unknown_device: "sync.error.unknown_device",
  no_progress: "sync.error.no_progress",
  forked: "sync.error.forked",
  fenced: "sync.error.fenced",
  revoked: "sync.error.revoked",
  bad_signature: "sync.error.bad_signature",
  bad_chain: "sync.error.bad_chain",
  unknown_key: "sync.error.unknown_key",
  bad_frame: "sync.error.bad_frame",
  too_large: "sync.error.too_large",
  overloaded: "sync.error.overloaded",
  storage: "sync.error.storage",
};

export function syncErrorWords(t: Words, code: SyncErrorCode): string {
  return (t as (key: Key) => string)(SYNC_ERROR_WORDS[code]);
}

/** Words for a refusal, with the money of this branch. Numbers stand without a currency. */
export function useRefusalWords(exponent = 3): (refusal: TillRefusal) => string {
  const t = useWords();
  const format = useFormats();
  return useMemo(
    () => (refusal) => refusalWords(t, refusal, { format, money: (minor) => format.money(minor, exponent) }),
    [t, format, exponent],
  );
}

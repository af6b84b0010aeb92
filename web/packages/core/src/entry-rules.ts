/**
 * Whether a shard would understand an entry: bounds of its figures and texts, and no card number in any. What
 * is in a journal stays there, so a till asks before it writes. Twin of the bounds in `sales/entries.py`.
 */
import { containsCardNumber } from "./cards";
import type { Draft, Return, Sale } from "./entries";
import { findDisagreement } from "./figures";
import {
  AMOUNT_MAX,
  CODE_MAX,
  LINES_MAX,
  NUMBER_MAX,
  PAYMENTS_MAX,
  PPM,
  QUANTITY_MAX,
  SEQ_MAX,
  TEXT_MAX,
} from "./protocol";
import { ROUNDING_MAX } from "./rounding";
import { isUuid } from "./uuid7";

/** What is wrong with a member, and its place, such as `lines[0].note`; never what it says. */
export interface Invalid {
  field: string;
  problem: "bounds" | "too_long" | "card_number" | "figures";
}

type Check = (value: unknown) => Invalid["problem"] | null;

const CODE = /^[A-Za-z0-9:_./-]+$/;

const amount = within(-AMOUNT_MAX, AMOUNT_MAX);
const notNegative = within(0, AMOUNT_MAX);
const positive = within(1, AMOUNT_MAX);
const quantity = within(1, QUANTITY_MAX);

/** What a member must be, by its name; null is left to the encoder. */
const CHECKS: Readonly<Record<string, Check>> = {
  product: uuid,
  customer: uuid,
  approved_by: uuid,
  discount_approved_by: uuid,
  quantity,
  counted: notNegative,
  unit_price: notNegative,
  discount: notNegative,
  tax: notNegative,
  total: notNegative,
  rate_ppm: within(0, PPM),
  original_line: within(1, LINES_MAX),
  rounding: within(-ROUNDING_MAX, ROUNDING_MAX),
  opening_float: notNegative,
  price_before: notNegative,
  price_after: notNegative,
  expected: amount,
  amount,
  tendered: positive,
  branch: within(1, NUMBER_MAX),
  device: within(1, NUMBER_MAX),
  seq: within(1, SEQ_MAX),
  tax_code: code,
  tender: code,
  lines: (value) =>
    Array.isArray(value) && value.length >= 1 && value.length <= LINES_MAX ? null : "bounds",
  payments: (value) => (Array.isArray(value) && value.length <= PAYMENTS_MAX ? null : "bounds"),
};

/** Members that mean something else in entries of one kind. */
const OF_KIND: Readonly<Partial<Record<Draft["kind"], Readonly<Record<string, Check>>>>> = {
  void: { amount: notNegative },
  stock_adjusted: { reason: code, quantity: within(-QUANTITY_MAX, QUANTITY_MAX) },
  stock_counted: { counted: within(0, QUANTITY_MAX) },
};

/** The first thing that a shard would not take, or null. */
export function findInvalid(draft: Draft): Invalid | null {
  const found = inspect(draft as unknown as Record<string, unknown>, "", OF_KIND[draft.kind] ?? {});
  if (found !== null || (draft.kind !== "sale" && draft.kind !== "return")) return found;
  const receipt: Sale | Return = draft;
  if (receipt.payments.some((payment) => payment.amount <= 0))
    return { field: "payments", problem: "bounds" };
  return findDisagreement(receipt) === null ? null : { field: "lines", problem: "figures" };
}

function inspect(
  members: Readonly<Record<string, unknown>>,
  path: string,
  own: Readonly<Record<string, Check>>,
): Invalid | null {
  for (const [name, value] of Object.entries(members)) {
    if (name === "kind" || value === null || value === undefined) continue;
    const field = path === "" ? name : `${path}.${name}`;
    const check = own[name] ?? CHECKS[name];
    const problem = check?.(value) ?? (typeof value === "string" && check !== uuid ? text(value) : null);
    if (problem !== null) return { field, problem };
    const inner = inspectWithin(value, field, own);
    if (inner !== null) return inner;
  }
  return null;
}

function inspectWithin(value: unknown, field: string, own: Readonly<Record<string, Check>>): Invalid | null {
  if (typeof value !== "object" || value === null) return null;
  if (!Array.isArray(value)) return inspect(value as Record<string, unknown>, field, own);
  for (const [place, each] of (value as Record<string, unknown>[]).entries()) {
    const found = inspect(each, `${field}[${place}]`, own);
    if (found !== null) return found;
  }
  return null;
}

function within(min: number, max: number): Check {
  return (value) =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max ? null : "bounds";
}

function text(value: string): Invalid["problem"] | null {
  if (Array.from(value).length > TEXT_MAX || value.includes("\0")) return "too_long";
  return containsCardNumber(value) ? "card_number" : null;
}

function code(value: unknown): Invalid["problem"] | null {
  return typeof value === "string" && value.length <= CODE_MAX && CODE.test(value) ? null : "bounds";
}

function uuid(value: unknown): Invalid["problem"] | null {
  return typeof value === "string" && isUuid(value) ? null : "bounds";
}

/**
 * From tenders to payments: what stays or is handed out, the change, and clearing the two halves of an
 * exchange against each other. Amounts are minor units and positive in both directions.
 */
import { containsCardNumber } from "./cards";
import { CASH, EXCHANGE, TENDERS, type Payment } from "./entries";
import { PAYMENTS_MAX, TEXT_MAX } from "./protocol";
import { CoreRefusal } from "./refusal";
import { cashDue } from "./rounding";

export interface GivenTender {
  tender: string;
  /** Null is all that is due after the others; at most one tender says so. */
  amount: number | null;
  reference: string | null;
}

export interface TenderRule {
  /** The money moves on a terminal that the till does not drive. */
  external: boolean;
  needsReference: boolean;
  needsCustomer: boolean;
}

const RULES: Readonly<Record<string, TenderRule>> = {
  cash: { external: false, needsReference: false, needsCustomer: false },
  card: { external: true, needsReference: true, needsCustomer: false },
  knet: { external: true, needsReference: false, needsCustomer: false },
  mada: { external: true, needsReference: false, needsCustomer: false },
  benefit: { external: true, needsReference: false, needsCustomer: false },
  voucher: { external: false, needsReference: true, needsCustomer: false },
  on_account: { external: false, needsReference: false, needsCustomer: true },
};

/** How a tender is taken; null for one that nobody pays with. */
export function tenderRule(tender: string): TenderRule | null {
  return Object.hasOwn(RULES, tender) ? (RULES[tender] ?? null) : null;
}

export interface Offered {
  tender: string;
  due: number;
  rounding: number;
  needsReference: boolean;
  external: boolean;
}

/** What is due with each tender if all is paid with it; unknown tenders are left out. */
export function tendersFor(
  total: number,
  tenders: readonly string[],
  cashRounding: number | null,
): Offered[] {
  const due = Math.abs(total);
  return tenders.flatMap((tender) => {
    const rule = tenderRule(tender);
    if (rule === null) return [];
    const rounded = tender === CASH ? cashDue(due, cashRounding) : due;
    const { needsReference, external } = rule;
    return [{ tender, due: rounded, rounding: rounded - due, needsReference, external }];
  });
}

export interface Terms {
  cashRounding: number | null;
  hasCustomer: boolean;
}

/** The payments of one entry: they add up to its total and rounding. */
export interface Paid {
  payments: Payment[];
  /** What is paid less what was due. */
  rounding: number;
  /** Cash that goes back to the customer of a sale. */
  change: number;
}

/** Payments of both halves; null for a half that the cart does not have. */
export interface Settlement {
  sale: Paid | null;
  returned: Paid | null;
  change: number;
}

/**
 * Pay a cart. `sale` and `returned` are the totals of its halves, null where it has none. Of an exchange the
 * halves clear each other as far as they go, and the tenders pay or hand out the difference.
 */
export function settleCart(
  totals: { sale: number | null; returned: number | null },
  tenders: readonly GivenTender[],
  terms: Terms,
): Settlement {
  if (totals.sale === null && totals.returned === null) throw new CoreRefusal("cart_empty");
  const sold = totals.sale ?? 0;
  const back = totals.returned ?? 0;
  const cleared = Math.min(sold, back);
  const clearing = cleared === 0 ? [] : [{ tender: EXCHANGE, amount: cleared }];
  const nothing: Paid = { payments: clearing, rounding: 0, change: 0 };
  if (sold >= back) {
    const paid = settle(sold - cleared, tenders, terms, "in", clearing);
    return {
      sale: totals.sale === null ? null : paid,
      returned: totals.returned === null ? null : nothing,
      change: paid.change,
    };
  }
  const paid = settle(back - cleared, tenders, terms, "out", clearing);
  return { sale: totals.sale === null ? null : nothing, returned: paid, change: 0 };
}

/**
 * Pay `due`. Only cash may be handed over in excess, and its change comes back; only what cash pays last is
 * rounded. `before` are payments that stand in the entry already. Throws CoreRefusal.
 */
export function settle(
  due: number,
  tenders: readonly GivenTender[],
  terms: Terms,
  direction: "in" | "out" = "in",
  before: readonly Payment[] = [],
): Paid {
  for (const tender of tenders) check(tender, terms);
  const open = tenders.filter(({ amount }) => amount === null);
  if (open.length > 1) throw new CoreRefusal("amount_invalid");
  const cash = tenders.filter(({ tender }) => tender === CASH);
  const others = tenders.filter(({ tender }) => tender !== CASH);
  const cashGiven = cash.reduce((sum, { amount }) => sum + (amount ?? 0), 0);
  const payments: Payment[] = [...before];
  let left = due;
  for (const { tender, amount, reference } of others) {
    // What is open takes the rest, after the cash that was counted already.
    const fixed = others.reduce((sum, each) => sum + (each.amount ?? 0), 0);
    const given = amount ?? Math.max(0, due - fixed - cashGiven);
    if (given > left) throw new CoreRefusal("tender_too_much", { tender, due: left });
    if (given > 0) payments.push({ tender, amount: given, reference });
    left -= given;
  }
  if (cash.length === 0) {
    if (left > 0) throw new CoreRefusal("tender_missing", { left });
    return finished(payments, 0, 0);
  }
  // An open card has taken what the cash does not cover, to the unit: then nothing is left to round.
  const closesExactly = left < due && open.length > 0 && cashGiven === left;
  const asked = closesExactly ? left : cashDue(left, terms.cashRounding);
  const given = cash.some(({ amount }) => amount === null) ? Math.max(asked, cashGiven) : cashGiven;
  if (given < asked) throw new CoreRefusal("tender_missing", { left: asked - given });
  if (given > asked && direction === "out")
    throw new CoreRefusal("tender_too_much", { tender: CASH, due: asked });
  if (asked > 0) payments.push({ tender: CASH, amount: asked, tendered: given > asked ? given : null });
  return finished(payments, asked - left, given - asked);
}

function finished(payments: Payment[], rounding: number, change: number): Paid {
  if (payments.length > PAYMENTS_MAX) throw new CoreRefusal("amount_invalid");
  return { payments, rounding, change };
}

function check({ tender, amount, reference }: GivenTender, terms: Terms): void {
  const rule = tenderRule(tender);
  if (rule === null || !TENDERS.some((each) => each === tender))
    throw new CoreRefusal("tender_unknown", { tender });
  if (amount !== null && (!Number.isSafeInteger(amount) || amount <= 0))
    throw new CoreRefusal("amount_invalid");
  const text = reference?.trim() ?? "";
  if (rule.needsReference && text === "") throw new CoreRefusal("reference_missing", { tender });
  if (rule.needsCustomer && !terms.hasCustomer) throw new CoreRefusal("customer_missing");
  if (Array.from(text).length > TEXT_MAX || text.includes("\0"))
    throw new CoreRefusal("too_long", { field: "reference" });
  if (containsCardNumber(text)) throw new CoreRefusal("card_number", { field: "reference" });
}

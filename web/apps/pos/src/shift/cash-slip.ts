/** The slip of cash put into the drawer or taken out: who signs it has the money, or gave it. */
import type { Person, TillIdentity } from "@octonext/engine/api";

import { decimalText } from "../i18n/format";
import { LABELS, withCurrency } from "../receipts/labels";
import { pair, paired, rule, stamp, type ReceiptRow } from "../receipts/rows";
import { printed } from "./printed";
import { signature } from "./report-rows";

export interface CashSlip {
  move: "in" | "out";
  /** Minor units, above zero. */
  amount: number;
  reason: string;
  person: Person | null;
  /** ISO 8601, by this till's clock. */
  at: string;
}

export function slipRows(slip: CashSlip, identity: TillIdentity): ReceiptRow[] {
  const title = printed(`shift.cash_${slip.move}`);
  return [
    { kind: "heading", ...identity.branchName },
    { kind: "title", ...title },
    rule,
    pair(printed("settings.till"), identity.receiptPrefix),
    pair(LABELS.date, stamp(slip.at, identity.timeZone)),
    ...(slip.person === null ? [] : [pair(LABELS.cashier, paired(slip.person.name))]),
    pair(printed("common.reason"), slip.reason),
    pair(withCurrency(title, identity.currency), decimalText(slip.amount, identity.exponent), true),
    rule,
    signature(),
  ];
}

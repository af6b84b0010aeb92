/** An X or Z report as rows of paper: what the screen shows, for the drawer's bag and the accountant's folder. */
import type { ShiftReport, TillIdentity } from "@octonext/engine/api";

import { decimalText } from "../i18n/format";
import { LABELS, tenderLabel, withCurrency, type Both } from "../receipts/labels";
import { centred, pair, paired, rule, stamp, type ReceiptRow } from "../receipts/rows";
import { printed, type PrintedWord } from "./printed";

/** Room for a name written by hand; the narrow paper breaks it off sooner. */
const SIGNATURE_LINE = "_".repeat(12);
/** Stands for a sum that is shown after counting. */
const HIDDEN = "\u2014";

export function reportRows(report: ShiftReport, identity: TillIdentity): ReceiptRow[] {
  return [
    { kind: "heading", ...identity.branchName },
    { kind: "title", ...printed(report.kind === "X" ? "report.x" : "report.z") },
    rule,
    pair(printed("settings.till"), identity.receiptPrefix),
    ...shift(report, identity.timeZone),
    ...drawer(report, identity.exponent),
    ...sold(report, identity.exponent),
    ...control(report, identity.exponent),
    rule,
    signature(),
  ];
}

/** What a hand writes on: beneath a report, and beneath a slip of cash. */
export function signature(): ReceiptRow {
  return pair(printed("report.signature"), SIGNATURE_LINE);
}

/** `Z-KW01-T01-20261122-2330`: sorted by till, then by time. */
export function reportName(report: ShiftReport, identity: TillIdentity): string {
  const at = stamp(report.closedAt ?? report.at, identity.timeZone);
  return `${report.kind}-${identity.receiptPrefix}-${at.replaceAll(/[-:]/gu, "").replace(" ", "-")}`;
}

function shift(report: ShiftReport, timeZone: string): ReceiptRow[] {
  return [
    line("report.opened", stamp(report.shift.openedAt, timeZone)),
    line("report.opened_by", paired(report.shift.openedBy)),
    report.closedAt === null
      ? line("report.printed", stamp(report.at, timeZone))
      : line("report.closed", stamp(report.closedAt, timeZone)),
  ];
}

function drawer(report: ShiftReport, exponent: number): ReceiptRow[] {
  const money = (minor: number) => decimalText(minor, exponent);
  const { counted, difference } = report;
  return [
    ...group(withCurrency(printed("report.drawer"), report.currency)),
    line("report.opening_float", money(report.openingFloat)),
    line("report.cash_in", money(report.cashIn)),
    line("report.cash_out", money(report.cashOut)),
    hideable("report.expected", report.expected, exponent, true),
    // Whoever counts blindly reads why, instead of an empty place.
    ...(report.expected === null ? centred(legend()) : []),
    ...(counted === null ? [] : [line("report.counted", money(counted), true)]),
    ...(difference === null ? [] : [pair(differenceLabel(difference), money(difference), true)]),
  ];
}

function legend(): Both {
  const { en, ar } = printed("report.hidden");
  return { en: `${HIDDEN} ${en}`, ar: `${HIDDEN} ${ar}` };
}

function differenceLabel(difference: number): Both {
  const name = printed("report.difference");
  const word = printed(difference === 0 ? "report.exact" : difference > 0 ? "report.over" : "report.short");
  return { en: `${name.en}: ${word.en}`, ar: `${name.ar}: ${word.ar}` };
}

function sold(report: ShiftReport, exponent: number): ReceiptRow[] {
  const money = (minor: number) => decimalText(minor, exponent);
  const { sales, returns } = report;
  return [
    ...group(withCurrency(printed("report.sales"), report.currency)),
    hideable("report.sales", sales.total, exponent, false, sales.count),
    hideable("report.returns", less(0, returns.total), exponent, false, returns.count),
    hideable("report.net", less(sales.total, returns.total), exponent, true),
    hideable("report.tax", less(sales.tax, returns.tax), exponent),
    line("report.discounts", money(sales.discount)),
    line("report.rounding", money(report.rounding)),
    ...(report.byTender.length === 0 ? [] : group(printed("report.by_tender"))),
    ...report.byTender.map((each) => pair(tenderLabel(each.tender), money(each.sales - each.returns))),
    ...taxes(report, money),
  ];
}

/** As a receipt shows them, summed over the shift. */
function taxes({ byTax }: ShiftReport, money: (minor: number) => string): ReceiptRow[] {
  if (byTax.length === 0) return [];
  return [
    ...group(printed("report.by_tax")),
    {
      kind: "columns",
      cells: ["%", `${LABELS.net.en} ${LABELS.net.ar}`, `${LABELS.tax.en} ${LABELS.tax.ar}`],
      head: true,
    },
    ...byTax.map((tax): ReceiptRow => ({
      kind: "columns",
      cells: [`${tax.code} ${decimalText(tax.ratePpm, 4, true)}%`, money(tax.net), money(tax.tax)],
      head: false,
    })),
  ];
}

function control(report: ShiftReport, exponent: number): ReceiptRow[] {
  return [
    ...group(printed("report.control")),
    line("report.voided_lines", decimalText(report.voids.lines, 0)),
    line("report.cancelled_carts", decimalText(report.voids.carts, 0)),
    line("report.voided_amount", decimalText(report.voids.amount, exponent)),
    line("report.price_overrides", decimalText(report.priceOverrides, 0)),
    line("report.drawer_opens", decimalText(report.drawerOpens, 0)),
  ];
}

function group(title: Both): ReceiptRow[] {
  return [rule, { kind: "title", ...title }];
}

function line(word: PrintedWord, value: string, strong = false): ReceiptRow {
  return pair(printed(word), value, strong);
}

function hideable(
  word: PrintedWord,
  minor: number | null,
  exponent: number,
  strong = false,
  count?: number,
): ReceiptRow {
  const { en, ar } = printed(word);
  const number = count === undefined ? "" : ` (${decimalText(count, 0)})`;
  const name = { en: en + number, ar: ar + number };
  return pair(name, minor === null ? HIDDEN : decimalText(minor, exponent), strong);
}

/** Null where one of them may not be shown. */
export function less(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one - other;
}

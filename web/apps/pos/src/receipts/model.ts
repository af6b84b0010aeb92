/** A receipt as rows: what the law and the customer need, in the order of the paper. */
import type { Receipt, ReceiptLine, Settings } from "@octonext/engine/api";

import { decimalText } from "../i18n/format";
import { LABELS, tenderLabel, withCurrency } from "./labels";
import { centred, pair, paired, rule, stamp, type ReceiptRow } from "./rows";

export interface ReceiptContext {
  settings: Settings["receipt"];
  jurisdiction: string;
  timeZone: string;
}

export function receiptRows(receipt: Receipt, context: ReceiptContext): ReceiptRow[] {
  const other = receipt.exchange;
  return [
    ...head(receipt, context),
    ...body(receipt, context),
    // Both halves of an exchange are one paper: they were one transaction.
    ...(other === null
      ? []
      : [rule, title(other, context), pair(LABELS.number, other.number), rule, ...body(other, context)]),
    ...foot(receipt, context),
    ...(other === null ? [] : qrs(other)),
  ];
}

function head(receipt: Receipt, context: ReceiptContext): ReceiptRow[] {
  const { settings } = context;
  const seller =
    settings.sellerName.en === "" && settings.sellerName.ar === "" ? receipt.branch : settings.sellerName;
  return [
    { kind: "heading", en: seller.en, ar: seller.ar },
    ...centred(settings.address),
    ...(settings.phone === "" ? [] : centred({ en: settings.phone, ar: "" })),
    ...(settings.vatNumber === "" ? [] : [pair(LABELS.vatNumber, settings.vatNumber)]),
    title(receipt, context),
    ...(receipt.exchange === null ? [] : [{ kind: "title", ...LABELS.exchange } as const]),
    ...(receipt.copy > 0
      ? [
          {
            kind: "mark",
            en: `${LABELS.copy.en} ${receipt.copy}`,
            ar: `${LABELS.copy.ar} ${receipt.copy}`,
          } as const,
        ]
      : []),
    rule,
    pair(LABELS.number, receipt.number),
    pair(LABELS.date, stamp(receipt.at, context.timeZone)),
    pair(LABELS.branch, paired(receipt.branch)),
    pair(LABELS.cashier, paired(receipt.cashier)),
    ...(receipt.customer === null ? [] : [pair(LABELS.customer, receipt.customer.name)]),
    ...(receipt.customer?.vatNumber ? [pair(LABELS.vatNumber, receipt.customer.vatNumber)] : []),
    rule,
  ];
}

function title(receipt: Receipt, { settings }: ReceiptContext): ReceiptRow {
  const invoice = settings.vatNumber !== "";
  const sale = invoice ? LABELS.taxInvoice : LABELS.receipt;
  const refund = invoice ? LABELS.creditNote : LABELS.refund;
  return { kind: "title", ...(receipt.kind === "sale" ? sale : refund) };
}

function body(receipt: Receipt, context: ReceiptContext): ReceiptRow[] {
  const money = (minor: number) => decimalText(minor, receipt.exponent);
  const original = receipt.original;
  return [
    ...(original === null
      ? []
      : [pair(LABELS.original, `${original.branch}-${original.device}-${original.seq}`)]),
    ...receipt.lines.flatMap((line) => item(line, money)),
    rule,
    ...(receipt.discount === 0
      ? []
      : [pair(LABELS.subtotal, money(receipt.subtotal)), pair(LABELS.discount, money(-receipt.discount))]),
    ...taxBlock(receipt, context, money),
    pair(
      withCurrency(receipt.kind === "sale" ? LABELS.total : LABELS.refundTotal, receipt.currency),
      money(receipt.total),
      true,
    ),
    ...(receipt.rounding === 0 ? [] : [pair(LABELS.rounding, money(receipt.rounding))]),
    ...receipt.payments.flatMap((payment) => [
      pair(
        tenderLabel(payment.tender),
        money(payment.amount) + (payment.reference === null ? "" : ` (${payment.reference})`),
      ),
      ...(payment.tendered !== null && payment.tendered !== payment.amount
        ? [pair(LABELS.tendered, money(payment.tendered))]
        : []),
    ]),
    ...(receipt.change === 0 ? [] : [pair(LABELS.change, money(receipt.change), true)]),
    ...(receipt.note === null ? [] : centred({ en: receipt.note, ar: "" })),
  ];
}

function item(line: ReceiptLine, money: (minor: number) => string): ReceiptRow[] {
  const quantity = decimalText(line.quantity, 3, true) + (line.unit === "kg" ? " kg" : "");
  return [
    {
      kind: "item",
      en: line.name.en,
      ar: line.name.ar === line.name.en ? "" : line.name.ar,
      detail: `${quantity} × ${money(line.unitPrice)}`,
      amount: money(line.total),
      note: line.note,
    },
    ...(line.discount === 0 ? [] : [pair(LABELS.discount, money(-line.discount))]),
  ];
}

/** A country without value added tax gets no tax block; a registered seller always has one. */
function taxBlock(
  receipt: Receipt,
  { settings }: ReceiptContext,
  money: (minor: number) => string,
): ReceiptRow[] {
  if (settings.vatNumber === "" && receipt.tax === 0) return [];
  return [
    {
      kind: "columns",
      cells: ["%", `${LABELS.net.en} ${LABELS.net.ar}`, `${LABELS.tax.en} ${LABELS.tax.ar}`],
      head: true,
    },
    ...receipt.taxes.map((tax): ReceiptRow => ({
      kind: "columns",
      cells: [`${tax.code} ${decimalText(tax.ratePpm, 4, true)}%`, money(tax.net), money(tax.tax)],
      head: false,
    })),
    rule,
  ];
}

function foot(receipt: Receipt, { settings }: ReceiptContext): ReceiptRow[] {
  return [rule, pair(LABELS.hash, receipt.hash), ...centred(settings.footer), ...qrs(receipt)];
}

function qrs(receipt: Receipt): ReceiptRow[] {
  return [
    // The authority's code comes first: inspectors look for one.
    ...(receipt.taxQr === null ? [] : [{ kind: "qr", text: receipt.taxQr, ...LABELS.taxQr } as const]),
    ...(receipt.kind === "sale" ? [{ kind: "qr", text: receipt.qr, ...LABELS.scan } as const] : []),
  ];
}

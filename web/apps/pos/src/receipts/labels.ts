/** What is printed on a receipt, always in both languages: the paper does not know who reads it. */
import { ARABIC_CURRENCY } from "../i18n/format";

export interface Both {
  en: string;
  ar: string;
}

const both = (en: string, ar: string): Both => ({ en, ar });

export const LABELS = {
  receipt: both("Receipt", "إيصال"),
  refund: both("Refund receipt", "إيصال استرجاع"),
  taxInvoice: both("Simplified tax invoice", "فاتورة ضريبية مبسطة"),
  creditNote: both("Credit note", "إشعار دائن"),
  copy: both("COPY", "نسخة"),
  vatNumber: both("VAT no.", "الرقم الضريبي"),
  number: both("No.", "رقم"),
  date: both("Date", "التاريخ"),
  cashier: both("Cashier", "أمين الصندوق"),
  branch: both("Branch", "الفرع"),
  customer: both("Customer", "العميل"),
  original: both("Returns from", "استرجاع من"),
  discount: both("Discount", "خصم"),
  subtotal: both("Subtotal", "المجموع"),
  tax: both("Tax", "الضريبة"),
  net: both("Net", "الصافي"),
  total: both("Total", "الإجمالي"),
  refundTotal: both("To refund", "المبلغ المسترجع"),
  rounding: both("Cash rounding", "تقريب نقدي"),
  tendered: both("Received", "المستلم"),
  change: both("Change", "الباقي"),
  exchange: both("Exchange", "استبدال"),
  hash: both("Check", "تحقق"),
  scan: both("Scan for returns", "امسح للاسترجاع"),
  taxQr: both("Tax invoice", "الفاتورة الضريبية"),
} as const satisfies Record<string, Both>;

const TENDERS: Readonly<Record<string, Both>> = {
  cash: both("Cash", "نقداً"),
  card: both("Card", "بطاقة"),
  knet: both("KNET", "كي نت"),
  mada: both("mada", "مدى"),
  benefit: both("BENEFIT", "بنفت"),
  voucher: both("Voucher", "قسيمة"),
  on_account: both("On account", "على الحساب"),
  exchange: LABELS.exchange,
};

/** A tender that this version does not know is printed by its code: the payment happened. */
export function tenderLabel(tender: string): Both {
  return TENDERS[tender] ?? both(tender, tender);
}

export function withCurrency(label: Both, currency: string): Both {
  return both(`${label.en} ${currency}`, `${label.ar} ${ARABIC_CURRENCY[currency] ?? currency}`);
}

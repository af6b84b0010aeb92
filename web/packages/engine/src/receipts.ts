/**
 * Receipts as they are shown and printed: made once when the entry is written, with the names that the goods
 * had then, and kept beside it. What is not kept any more is read from the entry itself.
 */
import {
  receiptNumber,
  receiptQr,
  taxQr,
  toHex,
  type Entry,
  type Payment,
  type ReceiptReference,
  type Sale,
  type Written,
} from "@octonext/core";
import type { Json } from "@octonext/storage";

import {
  TillRefusal,
  type BothNames,
  type Customer,
  type Receipt,
  type ReceiptLine,
  type Settings,
} from "./api";
import { EntryReader } from "./entry-reader";
import { taxTotals } from "./tax-totals";
import type { Till } from "./till";

/** What a product is called and how it is sold; null when this till does not know it (any more). */
export type NameProduct = (id: string) => { sku: string; name: BothNames; unit: "piece" | "kg" } | null;

/** As it is kept: whether it is synced, and its other half, are looked up when it is shown. */
export type KeptReceipt = Omit<Receipt, "synced" | "exchange" | "copy"> & {
  exchangeSeq: number | null;
  /** The entries that say it was printed again: one that is read once more does not count twice. */
  reprints: number[];
};

/**
 * What stands for a receipt that was lost with the database, and is read from its entry each time: the names of
 * goods and people come back only with the feed.
 */
export type Stub = Pick<KeptReceipt, "exchangeSeq" | "reprints"> & { stub: true };

export type ReceiptEntry = Extract<Entry, { kind: "sale" | "return" }>;

export class Receipts {
  constructor(
    private readonly till: Till,
    private readonly nameProduct: NameProduct,
    private readonly customer: (id: string) => Customer | null,
  ) {}

  /** The receipts of entries that are just being written: for `Commit.receipts`. */
  keep(written: Written[], change: number): { seq: number; value: Json }[] {
    const halves = written.filter(({ entry }) => isReceipt(entry));
    return halves.map(({ entry, sealed }) => {
      const other = halves.find((each) => each.sealed.seq !== sealed.seq);
      const kept = this.of(entry as ReceiptEntry, sealed.hash, change, other?.sealed.seq ?? null);
      return { seq: sealed.seq, value: kept as unknown as Json };
    });
  }

  /** The last of them as it is shown. Nothing is read for it: what is durable is not refused any more. */
  justWritten(written: Written[], change: number): Receipt {
    const [last, other] = this.keep(written, change)
      .map(({ value }) => this.shown(value as unknown as KeptReceipt))
      .reverse();
    if (last === undefined) throw new RangeError("no receipt was written");
    return { ...last, exchange: other ?? null };
  }

  /** Raises `receipt_not_found`. */
  async show(seq: number): Promise<Receipt> {
    this.till.requireSession();
    const kept = await this.kept(seq);
    // The older half may have been given up already.
    const other = kept.exchangeSeq === null ? null : await this.kept(kept.exchangeSeq).catch(() => null);
    return { ...this.shown(kept), exchange: other === null ? null : this.shown(other) };
  }

  async newest(limit: number): Promise<Receipt[]> {
    this.till.requireSession();
    const found = await this.till.storage.journal.receipts(limit);
    const kept = await Promise.all(found.map(({ seq, value }) => this.whole(seq, value)));
    return kept.map((each) => this.shown(each));
  }

  /** The receipt again, as a copy that says so. */
  async reprint(seq: number): Promise<Receipt> {
    const { till } = this;
    till.require("sell");
    const [kept, shown] = [await this.kept(seq), await this.show(seq)];
    const { branchId: branch, deviceId: device } = till.identity;
    await till.record([{ kind: "receipt_reprinted", receipt: { branch, device, seq } }], (written) => {
      const reprints = [...kept.reprints, ...written.map(({ sealed }) => sealed.seq)];
      return { receipts: [{ seq, value: { ...kept, reprints } as unknown as Json }] };
    });
    return { ...shown, copy: shown.copy + 1 };
  }

  /** The entry of a receipt that this till wrote. Raises `receipt_not_found`, `receipt_unreadable`. */
  async entry(seq: number): Promise<{ entry: ReceiptEntry; hash: Uint8Array }> {
    const { journal } = this.till.storage;
    const [sealed] = seq >= 1 ? await journal.entries(seq, seq) : [];
    if (sealed === undefined) throw new TillRefusal("receipt_not_found", { text: String(seq) });
    const entry = await new EntryReader(this.till).read(sealed);
    if (entry === null) throw new TillRefusal("receipt_unreadable");
    if (!isReceipt(entry)) throw new TillRefusal("receipt_not_found", { text: String(seq) });
    return { entry, hash: sealed.hash };
  }

  private async kept(seq: number): Promise<KeptReceipt> {
    return this.whole(seq, await this.till.storage.journal.receipt(seq));
  }

  private async whole(seq: number, value: Json | null): Promise<KeptReceipt> {
    const kept = value as unknown as KeptReceipt | Stub | null;
    if (kept !== null && !("stub" in kept)) return kept;
    const { entry, hash } = await this.entry(seq);
    const { exchangeSeq, reprints } = kept ?? { exchangeSeq: null, reprints: [] };
    return { ...this.of(entry, hash, changeOf(entry.payments), exchangeSeq), reprints };
  }

  private shown({ exchangeSeq: _, reprints, ...kept }: KeptReceipt): Receipt {
    const synced = kept.reference.seq <= this.till.storage.journal.acked.seq;
    return { ...kept, copy: reprints.length, synced, exchange: null };
  }

  private of(
    entry: ReceiptEntry,
    entryHash: Uint8Array,
    change: number,
    exchangeSeq: number | null,
  ): KeptReceipt {
    const { identity, people, settings, session } = this.till;
    const reference: ReceiptReference = {
      branch: identity.branchId,
      device: identity.deviceId,
      seq: entry.seq,
    };
    const cashier = people.nameOf(entry.cashier) ?? session?.person.name ?? { en: "", ar: "" };
    const hash = toHex(entryHash).slice(0, 8);
    const lines = entry.lines.map((line, place) => this.line(line, place + 1));
    const cash = entry.payments.some((payment) => (payment.tendered ?? null) !== null);
    return {
      kind: entry.kind,
      number: receiptNumber(identity.branchCode, identity.deviceCode, entry.seq),
      reference,
      hash,
      at: entry.at,
      cashier,
      branch: identity.branchName,
      currency: entry.currency,
      exponent: identity.exponent,
      lines,
      taxes: taxTotals(entry.lines),
      subtotal: lines.reduce((sum, line) => sum + line.total + line.discount, 0),
      discount: lines.reduce((sum, line) => sum + line.discount, 0),
      tax: entry.tax,
      total: entry.total,
      rounding: entry.rounding ?? 0,
      payments: entry.payments.map(({ tender, amount, tendered, reference: given }) => ({
        tender,
        amount,
        tendered: tendered ?? null,
        reference: given ?? null,
      })),
      change: cash ? change : 0,
      customer: entry.customer ? this.customer(entry.customer) : null,
      note: entry.note ?? null,
      original: entry.kind === "return" ? (entry.original ?? null) : null,
      exchangeSeq,
      reprints: [],
      qr: receiptQr(reference, hash),
      taxQr: identity.jurisdiction === TAX_QR_IN ? taxQrOf(settings, entry) : null,
    };
  }

  private line(line: Sale["lines"][number], number: number): ReceiptLine {
    const product = this.nameProduct(line.product);
    return {
      number,
      productId: line.product,
      sku: product?.sku ?? "",
      name: product?.name ?? { en: line.product, ar: "" },
      unit: product?.unit ?? "piece",
      quantity: line.quantity,
      unitPrice: line.unit_price,
      discount: line.discount ?? 0,
      taxCode: line.tax_code,
      ratePpm: line.rate_ppm,
      tax: line.tax,
      total: line.total,
      note: line.note ?? null,
    };
  }
}

/** Saudi Arabia asks for it on every simplified tax invoice. */
const TAX_QR_IN = "SA";

function taxQrOf({ receipt }: Settings, { at, total, tax, currency }: ReceiptEntry): string {
  const { sellerName, vatNumber } = receipt;
  return taxQr({ sellerName: sellerName.ar || sellerName.en, vatNumber, at, total, tax, currency });
}

export function isReceipt(entry: Entry): entry is ReceiptEntry {
  return entry.kind === "sale" || entry.kind === "return";
}

/** What went back over the counter: what was handed over in cash less what stayed. */
export function changeOf(payments: Payment[]): number {
  return payments.reduce((sum, { amount, tendered }) => sum + ((tendered ?? amount) - amount), 0);
}

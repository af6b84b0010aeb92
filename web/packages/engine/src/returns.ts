/** Taking goods back: by the receipt of this till or of another, without one, and voiding what was just paid. */
import {
  addReturn,
  addReturnWithoutReceipt,
  approveReturn,
  CASH,
  EXCHANGE,
  parseReceipt,
  parseReceiptQr,
  parsePrinted,
  receiptNumber,
  receiptQr,
  type Cart,
  type Draft,
  type FoundReceipt,
  type Line,
  type Payment,
  type ReceiptReference,
} from "@octonext/core";

import { TillRefusal, type CartView, type Receipt, type ReceiptLine, type ReturnableReceipt } from "./api";
import type { CartStore } from "./cart-store";
import type { Goods } from "./goods";
import type { Receipts } from "./receipts";
import { returnedHere, returnedPut } from "./returned";
import type { Sync } from "./sync";
import { taxTotals } from "./tax-totals";
import type { Authority, Till } from "./till";

/** How long the shard may take to say what came back elsewhere of a receipt that is here. */
const PATIENCE_MS = 3_000;
/** Receipts that were found and are not asked for again while somebody takes goods back. */
const FOUND_MAX = 8;

export class Returns {
  private readonly found = new Map<string, ReturnableReceipt>();

  constructor(
    private readonly till: Till,
    private readonly store: CartStore,
    private readonly goods: Goods,
    private readonly receipts: Receipts,
    private readonly sync: Sync,
  ) {}

  /**
   * Raises `receipt_not_found`, `other_currency`, `ask_later`, and `offline` for another till's receipt without the
   * network.
   */
  async find(text: string): Promise<ReturnableReceipt> {
    this.till.requireSession();
    const trimmed = text.trim();
    const reference = parseReceiptQr(trimmed)?.reference ?? parseReceipt(trimmed, this.till.identity);
    const found = reference === null ? await this.byNumber(trimmed) : await this.lookUp(reference);
    this.keepFound(found.receipt.reference, found);
    return found;
  }

  /** Another till's receipt, by what is printed on it: only the shard knows whose code that is. */
  private async byNumber(text: string): Promise<ReturnableReceipt> {
    const number = parsePrinted(text);
    const found = number === null ? null : await this.onShard({ number });
    if (found === null) throw new TillRefusal("receipt_not_found", { text });
    return found;
  }

  /** Something of it came back: what was found is not true any more. */
  forget(reference: ReceiptReference): void {
    this.found.delete(textOf(reference));
  }

  async returnLines(request: {
    reference: ReceiptReference;
    lines: { number: number; quantity: number }[];
    reason: string;
    approval?: string;
  }): Promise<CartView> {
    this.till.book.requireShift();
    const authority = this.till.authorise("return_with_receipt", request.approval);
    // Found a moment ago, as a rule: the shard is not waited for while somebody may want to scan.
    const found = this.found.get(textOf(request.reference)) ?? (await this.lookUp(request.reference));
    const { receipt } = found;
    if (receipt.kind !== "sale") throw new TillRefusal("receipt_not_found", { text: receipt.number });
    let { cart } = this.store;
    const here = await returnedHere(this.till, receipt.reference, false);
    for (const { number, quantity } of request.lines) {
      const line = receipt.lines.find((each) => each.number === number);
      if (line === undefined) throw new TillRefusal("return_too_much", { number, max: 0 });
      const left = found.returnable.find((each) => each.number === number)?.quantity ?? 0;
      const sold = {
        quantity: line.quantity,
        discount: line.discount,
        tax: line.tax,
        total: line.total,
        returned: line.quantity - left,
        returnedHere: here.get(number) ?? 0,
      };
      const goods = {
        productId: line.productId,
        sku: line.sku,
        name: line.name,
        unit: line.unit,
        unitPrice: line.unitPrice,
        // How the sold line adds up decides it; this is only for what has no receipt.
        taxInclusive: true,
        taxCode: line.taxCode,
        ratePpm: line.ratePpm,
      };
      const original = { ...receipt.reference, line: number };
      cart = addReturn(cart, { ...goods, original, sold }, quantity, request.reason);
    }
    return this.bringBack(cart, authority);
  }

  async returnWithoutReceipt(request: {
    productId: string;
    quantity: number;
    reason: string;
    approval?: string;
  }): Promise<CartView> {
    this.till.book.requireShift();
    const authority = this.till.authorise("refund_without_receipt", request.approval);
    const { productId, quantity, reason } = request;
    await this.goods.ready();
    const cart = addReturnWithoutReceipt(this.store.cart, this.goods.sellable(productId), quantity, reason);
    return this.bringBack(cart, authority);
  }

  /** All of a sale of this till comes back, paid out the way it was paid. */
  async voidReceipt(request: { seq: number; reason: string; approval?: string }): Promise<Receipt> {
    const { till } = this;
    till.book.requireShift();
    const authority = till.authorise("void_after_payment", request.approval);
    const { entry } = await this.receipts.entry(request.seq);
    if (entry.kind !== "sale") throw new TillRefusal("receipt_not_found", { text: String(request.seq) });
    const { branchId: branch, deviceId: device } = till.identity;
    const original = { branch, device, seq: request.seq };
    // What is in the cart to come back would come back twice.
    const inCart = this.store.cart.items.some(
      (item) => item.original && textOf(item.original) === textOf(original),
    );
    if (inCart) throw new TillRefusal("cart_not_empty");
    const back = await returnedHere(till, original, false);
    for (const [number] of back) throw new TillRefusal("return_too_much", { number, max: 0 });
    const lines = entry.lines.map((line, place) => voidedLine(line, place + 1));
    const { currency, total, tax, rounding, customer } = entry;
    const draft: Draft = {
      kind: "return",
      currency,
      original,
      lines,
      payments: paidBack(entry.payments),
      total,
      tax,
      rounding: rounding ?? 0,
      reason: `void: ${request.reason.trim()}`,
      customer: customer ?? null,
      approved_by: authority.approvedBy,
    };
    const known = await returnedPut(till, original, lines);
    const written = await till.record([draft], (entries) => ({
      receipts: this.receipts.keep(entries, 0),
      puts: [known(entries[0]?.sealed.seq ?? 0)],
    }));
    authority.spend();
    this.forget(original);
    return this.receipts.justWritten(written, 0);
  }

  private async bringBack(cart: Cart, { approvedBy, spend }: Authority): Promise<CartView> {
    const view = await this.store.change(approvedBy === null ? cart : approveReturn(cart, approvedBy));
    spend();
    return view;
  }

  private keepFound(reference: ReceiptReference, found: ReturnableReceipt): void {
    const oldest = this.found.keys().next();
    if (this.found.size >= FOUND_MAX && oldest.done !== true) this.found.delete(oldest.value);
    this.found.set(textOf(reference), found);
  }

  private async lookUp(reference: ReceiptReference): Promise<ReturnableReceipt> {
    const { branchId, deviceId } = this.till.identity;
    const own = reference.branch === branchId && reference.device === deviceId;
    const here = own ? await this.onTill(reference) : null;
    // This till does not know what came back at others; when nobody can be asked, what it knows has to do.
    if (here !== null && !this.sync.online) return here;
    try {
      const asked = this.onShard(reference);
      const found = await (here === null ? asked : Promise.race([asked, this.patience()]));
      if (found !== null) return found;
    } catch (error) {
      if (here === null) throw error;
    }
    if (here !== null) return here;
    throw new TillRefusal("receipt_not_found", { text: textOf(reference) });
  }

  private patience(): Promise<null> {
    return new Promise((resolve) => {
      this.till.environment.after(PATIENCE_MS, () => {
        resolve(null);
      });
    });
  }

  private async onTill(reference: ReceiptReference): Promise<ReturnableReceipt | null> {
    const receipt = await this.receipts.show(reference.seq).catch((error: unknown) => {
      // It may have been given up long ago; the shard has it.
      if (error instanceof TillRefusal && this.sync.online) return null;
      throw error;
    });
    if (receipt === null) return null;
    this.requireOwnCurrency(receipt);
    const back = await returnedHere(this.till, receipt.reference, false);
    return {
      receipt,
      source: "till",
      returnable: returnableOf(receipt.lines, (number) => back.get(number) ?? 0),
    };
  }

  private async onShard(named: ReceiptReference | { number: string }): Promise<ReturnableReceipt | null> {
    const answer = await this.sync.ask({ t: "find_receipt", ...named });
    if (answer.t === "refused" && answer.reason === "overloaded")
      throw new TillRefusal("ask_later", { retryAfterMs: answer.retry_after_ms ?? 0 });
    if (answer.t === "refused" && answer.reason !== "elsewhere") throw new TillRefusal("offline");
    if (answer.t !== "receipt" || answer.receipt === null) return null;
    const { receipt: found } = answer;
    const { branch, device, seq } = found;
    const reference = { branch, device, seq };
    const unsynced = await returnedHere(this.till, reference, true);
    const back = new Map(found.lines.map((line) => [line.number, line.returned]));
    const receipt = this.shown(found);
    this.requireOwnCurrency(receipt);
    const returned = (number: number) => (back.get(number) ?? 0) + (unsynced.get(number) ?? 0);
    return { receipt, source: "shard", returnable: returnableOf(receipt.lines, returned) };
  }

  /** What was paid in one currency is not handed out in another. */
  private requireOwnCurrency({ currency, number }: Receipt): void {
    if (currency !== this.till.identity.currency)
      throw new TillRefusal("other_currency", { number, currency });
  }

  /** A receipt as the shard has it: without its payments, and with the names that goods have here today. */
  private shown(found: FoundReceipt): Receipt {
    const { identity } = this.till;
    const { branch, device, seq } = found;
    const reference = { branch, device, seq };
    const own = device === identity.deviceId;
    const lines = found.lines.map((line): ReceiptLine => {
      const product = this.goods.byId(line.product);
      return {
        number: line.number,
        productId: line.product,
        sku: product?.sku ?? "",
        name: product === null ? { en: line.product, ar: "" } : { ...product.name },
        unit: product?.unit ?? "piece",
        quantity: line.quantity,
        unitPrice: line.unit_price,
        discount: line.discount,
        taxCode: line.tax_code,
        ratePpm: line.rate_ppm,
        tax: line.tax,
        total: line.total,
        note: null,
      };
    });
    return {
      kind: found.kind,
      number: own
        ? receiptNumber(identity.branchCode, identity.deviceCode, seq)
        : (found.number ?? textOf(reference)),
      reference,
      hash: "",
      at: found.at,
      cashier: { en: "", ar: "" },
      branch: branch === identity.branchId ? identity.branchName : { en: "", ar: "" },
      currency: found.currency,
      exponent: identity.exponent,
      lines,
      taxes: taxTotals(found.lines),
      subtotal: lines.reduce((sum, line) => sum + line.total + line.discount, 0),
      discount: lines.reduce((sum, line) => sum + line.discount, 0),
      tax: found.tax,
      total: found.total,
      rounding: found.rounding,
      payments: [],
      change: 0,
      customer: null,
      note: null,
      original: null,
      copy: 0,
      exchange: null,
      qr: receiptQr(reference, ""),
      taxQr: null,
      synced: true,
    };
  }
}

function returnableOf(lines: ReceiptLine[], returned: (number: number) => number) {
  return lines.map(({ number, quantity }) => ({
    number,
    quantity: Math.max(0, quantity - returned(number)),
  }));
}

function voidedLine(line: Line, number: number): Line {
  return {
    product: line.product,
    quantity: line.quantity,
    unit_price: line.unit_price,
    discount: line.discount ?? 0,
    tax_code: line.tax_code,
    rate_ppm: line.rate_ppm,
    tax: line.tax,
    total: line.total,
    original_line: number,
  };
}

/** The other half of an exchange stays as it is: what it paid for is handed out in cash. */
function paidBack(payments: Payment[]): Payment[] {
  const sums = new Map<string, Payment>();
  for (const { tender, amount, reference } of payments) {
    const out = tender === EXCHANGE ? CASH : tender;
    const key = `${out}|${reference ?? ""}`;
    const before = sums.get(key);
    sums.set(key, { tender: out, amount: amount + (before?.amount ?? 0), reference: reference ?? null });
  }
  return [...sums.values()];
}

function textOf({ branch, device, seq }: ReceiptReference): string {
  return `${branch}-${device}-${seq}`;
}

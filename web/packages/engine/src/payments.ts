/** Paying: the cart becomes a sale, a return, or both, durable before anybody sees a receipt. */
import { halvesOf, settleCart, tendersFor, type Draft, type ReceiptReference } from "@octonext/core";

import { TillRefusal, type Receipt, type TenderDraft, type TenderOption } from "./api";
import type { CartStore } from "./cart-store";
import type { Receipts } from "./receipts";
import { returnedPut } from "./returned";
import type { Till } from "./till";

export class Payments {
  constructor(
    private readonly till: Till,
    private readonly store: CartStore,
    private readonly receipts: Receipts,
    private readonly cameBack: (original: ReceiptReference) => void,
  ) {}

  tenders(): TenderOption[] {
    this.till.requireSession();
    const { settings } = this.till;
    return tendersFor(this.store.view().total, settings.tenders, settings.cashRounding);
  }

  async pay({ tenders }: { tenders: TenderDraft[] }): Promise<Receipt> {
    const { till, store } = this;
    till.require("sell");
    till.book.requireShift();
    if (store.empty) throw new TillRefusal("cart_empty");
    const offered = new Set(till.settings.tenders);
    for (const { tender } of tenders)
      if (!offered.has(tender)) throw new TillRefusal("tender_unknown", { tender });
    const { cart } = store;
    const { sale, returned } = halvesOf(cart);
    const terms = { cashRounding: till.settings.cashRounding, hasCustomer: cart.customer !== null };
    const totals = { sale: sale?.total ?? null, returned: returned?.total ?? null };
    const settled = settleCart(totals, tenders, terms);
    const { currency } = till.identity;
    const customer = cart.customer?.id ?? null;
    const drafts: Draft[] = [];
    if (returned !== null && settled.returned !== null) {
      const { payments, rounding } = settled.returned;
      // The note stands on the sale of an exchange, where there is one.
      const note = sale === null ? cart.note : null;
      const why = { reason: cart.returnReason, approved_by: cart.returnApprovedBy };
      const own = { payments, rounding, currency, customer, note, ...why };
      drafts.push({ kind: "return", ...returned, ...own });
    }
    if (sale !== null && settled.sale !== null) {
      const { payments, rounding } = settled.sale;
      drafts.push({ kind: "sale", ...sale, payments, rounding, currency, customer, note: cart.note });
    }
    const original = returned?.original ?? null;
    const known = original === null ? null : await returnedPut(till, original, returned?.lines ?? []);
    const written = await store.pay(drafts, (entries) => ({
      receipts: this.receipts.keep(entries, settled.change),
      puts: known === null ? [] : [known(entries[0]?.sealed.seq ?? 0)],
    }));
    if (original !== null) this.cameBack(original);
    return this.receipts.justWritten(written, settled.change);
  }
}

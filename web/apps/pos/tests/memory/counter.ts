/**
 * Selling in memory: prices and carts without tax, storage or sync. What the real engine refuses or computes
 * is tested there; here it only has to answer like one.
 */
import {
  TillRefusal,
  type CartLine,
  type CartView,
  type Discount,
  type HeldCart,
  type ProductHit,
  type Receipt,
  type TillEngine,
  type TillState,
} from "@octonext/engine/api";

import { categories, customers, products } from "./goods";
import { NOW } from "./state";
import { receiptOf } from "./receipt";

/** What a scale would say of everything that is sold by weight, in thousandths. */
const WEIGHED = 485;
/** The first receipt of the day is not the till's first. */
const RECEIPTS_BEFORE = 17;

const EMPTY: CartView = {
  lines: [],
  items: 0,
  subtotal: 0,
  discount: 0,
  cartDiscount: null,
  taxes: [],
  tax: 0,
  total: 0,
  note: null,
  customer: null,
};

/** The part of the till that the counter sees of it, and may change. */
export interface Desk {
  state(): TillState;
  change(change: Partial<TillState>): void;
}

export class Counter {
  cart = EMPTY;
  /** Every call of `pay`, in order. */
  readonly paid: Parameters<TillEngine["pay"]>[0][] = [];
  private readonly products = products();
  private readonly customers = customers();
  private readonly receipts: Receipt[] = [];
  private held: (HeldCart & { cart: CartView })[] = [];
  private keys = 0;

  constructor(private readonly desk: Desk) {}

  methods() {
    return {
      ...this.finding(),
      ...this.changing(),
      ...this.holding(),
      ...this.paying(),
      ...this.returning(),
    };
  }

  private finding() {
    return {
      categories: () => later(categories),
      browse: ({ categoryId, favourites, offset, limit }) =>
        later(() =>
          this.products
            .filter((each) =>
              favourites === true ? each.favourite : categoryId === null || each.categoryId === categoryId,
            )
            .slice(offset, offset + limit),
        ),
      search: (text, limit) =>
        later(() =>
          this.products
            .filter((each) =>
              [each.name.en.toLowerCase(), each.name.ar, each.sku].some((name) =>
                name.includes(text.toLowerCase()),
              ),
            )
            .slice(0, limit),
        ),
      setFavourite: (id, favourite) =>
        later(() => {
          this.product(id).favourite = favourite;
        }),
      scan: (code) =>
        later(() => {
          const product = this.products.find((each) => each.barcode === code || each.sku === code);
          if (product === undefined) return { kind: "unknown", code };
          if (product.price === null) return { kind: "no_price", product };
          const lineKey = this.add(product, product.unit === "kg" ? WEIGHED : 1000);
          return { kind: "added", cart: this.cart, lineKey };
        }),
      findCustomers: (text) =>
        later(() =>
          this.customers.filter(
            ({ name, phone }) => name.toLowerCase().includes(text.toLowerCase()) || phone?.includes(text),
          ),
        ),
      saveCustomer: (customer) =>
        later(() => {
          const saved = { ...customer, id: customer.id ?? `c${this.customers.length + 1}` };
          this.customers.push(saved);
          return saved;
        }),
    } satisfies Partial<TillEngine>;
  }

  private changing() {
    return {
      cart: () => later(() => this.cart),
      addProduct: ({ productId, quantity }) =>
        later(() => {
          this.add(this.product(productId), quantity ?? 1000);
          return this.cart;
        }),
      setQuantity: ({ lineKey, quantity }) => later(() => this.edit(lineKey, { quantity })),
      removeLine: ({ lineKey }) =>
        later(() => this.show(this.cart.lines.filter((line) => line.key !== lineKey))),
      overridePrice: ({ lineKey, price }) =>
        later(() => {
          const { listPrice, unitPrice } = this.line(lineKey);
          return this.edit(lineKey, { listPrice: listPrice ?? unitPrice, unitPrice: price });
        }),
      discountLine: ({ lineKey, discount, reason }) =>
        later(() => {
          const lineDiscount = amountOf(discount, gross(this.line(lineKey)));
          return this.edit(lineKey, { discountReason: reason, lineDiscount });
        }),
      discountCart: ({ discount, reason }) =>
        later(() => {
          const cartDiscount =
            discount === null ? null : { amount: amountOf(discount, this.cart.subtotal), reason };
          return this.show(this.cart.lines, { cartDiscount });
        }),
      setNote: ({ lineKey, note }) =>
        later(() => (lineKey === null ? this.show(this.cart.lines, { note }) : this.edit(lineKey, { note }))),
      setCustomer: (id) =>
        later(() =>
          this.show(this.cart.lines, { customer: this.customers.find((each) => each.id === id) ?? null }),
        ),
      cancelCart: () => later(() => (this.cart = EMPTY)),
    } satisfies Partial<TillEngine>;
  }

  private holding() {
    const drop = (id: string) => {
      this.held = this.held.filter((each) => each.id !== id);
      this.desk.change({ held: this.held.length });
    };
    return {
      hold: (label) =>
        later(() => {
          const { cart } = this;
          const by = this.desk.state().person?.name ?? { en: "", ar: "" };
          const heldAt = new Date(NOW).toISOString();
          const id = `h${++this.keys}`;
          this.held = [
            { id, label, heldAt, by, lines: cart.lines.length, total: cart.total, cart },
            ...this.held,
          ];
          this.desk.change({ held: this.held.length });
          return (this.cart = EMPTY);
        }),
      heldCarts: () => later(() => this.held),
      recall: (id) =>
        later(() => {
          this.cart = this.held.find((each) => each.id === id)?.cart ?? EMPTY;
          drop(id);
          return this.cart;
        }),
      discardHeld: ({ id }) =>
        later(() => {
          drop(id);
        }),
    } satisfies Partial<TillEngine>;
  }

  private paying() {
    return {
      tenders: () =>
        later(() =>
          this.desk.state().settings.tenders.map((tender) => ({
            tender,
            due: tender === "cash" ? Math.round(this.cart.total / 5) * 5 : this.cart.total,
            rounding: 0,
            needsReference: tender === "card" || tender === "knet" || tender === "voucher",
            external: tender === "card" || tender === "knet",
          })),
        ),
      pay: (request) =>
        later(() => {
          this.paid.push(request);
          const cash = request.tenders.find(({ tender }) => tender === "cash")?.amount ?? null;
          const seq = this.receipts.length + RECEIPTS_BEFORE;
          const receipt = receiptOf(this.cart, seq, request.tenders[0]?.tender ?? "exchange", cash);
          this.receipts.unshift(receipt);
          this.cart = EMPTY;
          return receipt;
        }),
      receipts: (limit) => later(() => this.receipts.slice(0, limit)),
      reprint: (seq) =>
        later(() => {
          const found = this.receipts.find(({ reference }) => reference.seq === seq);
          if (found === undefined) throw new TillRefusal("receipt_not_found", { text: String(seq) });
          return { ...found, copy: 1 };
        }),
    } satisfies Partial<TillEngine>;
  }

  private returning() {
    return {
      findReceipt: (text) =>
        later(() => {
          const receipt = this.receipts.find(({ number }) => number === text);
          if (receipt === undefined) throw new TillRefusal("receipt_not_found", { text });
          // Of every receipt, the second line was returned before.
          const returnable = receipt.lines.map(({ number, quantity }) => ({
            number,
            quantity: number === 2 ? 0 : quantity,
          }));
          return { receipt, source: "till" as const, returnable };
        }),
      returnLines: ({ reference, lines }) =>
        later(() => {
          const receipt = this.receipts.find((each) => each.reference.seq === reference.seq);
          for (const { number, quantity } of lines) {
            const line = receipt?.lines.find((each) => each.number === number);
            if (line !== undefined) this.add(this.product(line.productId), quantity, "return");
          }
          return this.cart;
        }),
      returnWithoutReceipt: ({ productId, quantity }) =>
        later(() => {
          this.add(this.product(productId), quantity, "return");
          return this.cart;
        }),
    } satisfies Partial<TillEngine>;
  }

  private product(id: string): ProductHit {
    const found = this.products.find((each) => each.id === id);
    if (found === undefined) throw new TillRefusal("internal", { detail: id });
    return found;
  }

  private line(key: string): CartLine {
    const found = this.cart.lines.find((each) => each.key === key);
    if (found === undefined) throw new TillRefusal("internal", { detail: key });
    return found;
  }

  /** The key of the line that holds it now: a piece that is there already becomes more of it. */
  private add(product: ProductHit, quantity: number, kind: "sale" | "return" = "sale"): string {
    if (product.price === null)
      throw new TillRefusal("not_sellable", { name: product.name.en, why: "no_price" });
    const there = this.cart.lines.find(
      (line) => line.productId === product.id && line.unit === "piece" && line.kind === "sale",
    );
    if (there !== undefined && kind === "sale") {
      this.edit(there.key, { quantity: there.quantity + quantity });
      return there.key;
    }
    const line = totalled({
      key: `l${++this.keys}`,
      kind,
      productId: product.id,
      sku: product.sku,
      name: product.name,
      unit: product.unit,
      quantity,
      unitPrice: product.price,
      listPrice: null,
      lineDiscount: 0,
      cartDiscount: 0,
      taxCode: "none",
      ratePpm: 0,
      tax: 0,
      total: 0,
      note: null,
      discountReason: null,
      original: null,
    });
    this.show([...this.cart.lines, line]);
    return line.key;
  }

  private edit(key: string, change: Partial<CartLine>): CartView {
    return this.show(
      this.cart.lines.map((line) => (line.key === key ? totalled({ ...line, ...change }) : line)),
    );
  }

  private show(lines: CartLine[], rest: Partial<CartView> = {}): CartView {
    const subtotal = lines.reduce((sum, line) => sum + (line.kind === "sale" ? line.total : -line.total), 0);
    const after = { ...this.cart, ...rest, lines };
    const off = after.cartDiscount?.amount ?? 0;
    const lineOff = lines.reduce((sum, line) => sum + line.lineDiscount, 0);
    return (this.cart = {
      ...after,
      items: lines.reduce((sum, line) => sum + (line.unit === "kg" ? 1 : line.quantity / 1000), 0),
      subtotal: subtotal + lineOff,
      discount: off + lineOff,
      total: subtotal - off,
    });
  }
}

/** An answer that comes as from a worker: never in the same turn, and a refusal is a rejection. */
export function later<T>(make: () => T): Promise<T> {
  return Promise.resolve().then(make);
}

function gross(line: CartLine): number {
  return Math.round((line.quantity * line.unitPrice) / 1000);
}

function totalled(line: CartLine): CartLine {
  return { ...line, total: gross(line) - line.lineDiscount };
}

function amountOf(discount: Discount | null, price: number): number {
  if (discount === null) return 0;
  return "amount" in discount ? discount.amount : Math.round((price * discount.percentPpm) / 1_000_000);
}

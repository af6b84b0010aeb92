/**
 * A till engine in memory for tests of screens: prices and carts without tax, storage or sync. What the
 * real engine refuses or computes is tested there; here it only has to answer like one.
 */
import type {
  CartLine,
  CartView,
  Customer,
  HeldCart,
  ProductHit,
  Receipt,
  TillClient,
  TillEngine,
  TillState,
} from "@octonext/engine/api";
import { TillRefusal } from "@octonext/engine/api";
import { DEFAULT_SETTINGS } from "@octonext/core/settings";

type Listed = [
  sku: string,
  en: string,
  ar: string,
  price: number | null,
  unit: "piece" | "kg",
  category: string,
];

const PRODUCTS: Listed[] = [
  ["1001", "Full cream milk 1 l", "حليب كامل الدسم ١ لتر", 450, "piece", "dairy"],
  ["1002", "Laban 500 ml", "لبن ٥٠٠ مل", 250, "piece", "dairy"],
  ["1003", "White cheese", "جبنة بيضاء", 2_750, "kg", "dairy"],
  ["2001", "Flat bread, 5 pieces", "خبز عربي ٥ قطع", 150, "piece", "bakery"],
  ["2002", "Croissant", "كرواسون", 350, "piece", "bakery"],
  ["3001", "Bananas", "موز", 590, "kg", "fruit"],
  ["3002", "Tomatoes", "طماطم", 425, "kg", "fruit"],
  ["3003", "Medjool dates, gift box 800 g", "تمر مجدول علبة هدية ٨٠٠ غ", 6_900, "piece", "fruit"],
  ["4001", "Cardamom coffee 250 g", "قهوة بالهيل ٢٥٠ غ", 2_150, "piece", "drinks"],
  ["4002", "Water 6 x 1.5 l", "ماء ٦ × ١٫٥ لتر", 995, "piece", "drinks"],
  ["4003", "Black tea, 100 bags", "شاي أسود ١٠٠ كيس", 1_350, "piece", "drinks"],
  ["5001", "Washing powder 6 kg", "مسحوق غسيل ٦ كجم", 4_990, "piece", "household"],
  ["5002", "Lamp without a price", "مصباح بلا سعر", null, "piece", "household"],
];

const CATEGORIES = [
  ["dairy", "Dairy", "ألبان"],
  ["bakery", "Bakery", "مخبوزات"],
  ["fruit", "Fruit & vegetables", "فواكه وخضار"],
  ["drinks", "Drinks", "مشروبات"],
  ["household", "Household", "منزل"],
] as const;

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

export interface SmallTill {
  client: TillClient;
  engine: TillEngine;
  /** Every call of `pay`, in order. */
  paid: Parameters<TillEngine["pay"]>[0][];
  cart(): CartView;
  fill(lines: number): void;
  /** From now on this method answers as told. */
  answer<K extends keyof TillEngine>(method: K, how: TillEngine[K]): void;
}

export function smallTill(): SmallTill {
  const products: ProductHit[] = PRODUCTS.map(([sku, en, ar, price, unit, categoryId], at) => ({
    id: sku,
    sku,
    name: { en, ar },
    unit,
    barcode: `628100704${sku}`,
    price,
    taxInclusive: true,
    categoryId,
    favourite: at % 2 === 0,
  }));
  let cart = EMPTY;
  let key = 0;
  let held: (HeldCart & { cart: CartView })[] = [];
  const receipts: Receipt[] = [];
  const customers: Customer[] = [
    { id: "c1", name: "Noura Test", phone: "+965 5550 0101", email: null, vatNumber: null, note: null },
    {
      id: "c2",
      name: "شركة تجربة",
      phone: "+965 5550 0102",
      email: null,
      vatNumber: "300000000000003",
      note: "—",
    },
  ];
  const paid: SmallTill["paid"] = [];
  const listeners = new Set<() => void>();
  let state = openState();

  const change = (next: Partial<TillState>) => {
    state = { ...state, ...next };
    for (const listener of listeners) listener();
  };
  const show = (lines: CartLine[], rest: Partial<CartView> = {}): CartView => {
    const sign = (line: CartLine) => (line.kind === "sale" ? line.total : -line.total);
    const subtotal = lines.reduce((sum, line) => sum + sign(line), 0);
    const after = { ...cart, ...rest, lines };
    const off = after.cartDiscount?.amount ?? 0;
    const lineOff = lines.reduce((sum, line) => sum + line.lineDiscount, 0);
    cart = {
      ...after,
      items: lines.reduce((sum, line) => sum + (line.unit === "kg" ? 1 : line.quantity / 1000), 0),
      subtotal: subtotal + lineOff,
      discount: off + lineOff,
      total: subtotal - off,
    };
    return cart;
  };
  const total = (line: CartLine): CartLine => ({
    ...line,
    total: Math.round((line.quantity * line.unitPrice) / 1000) - line.lineDiscount,
  });
  const edit = (lineKey: string, what: (line: CartLine) => CartLine) =>
    show(cart.lines.map((line) => (line.key === lineKey ? total(what(line)) : line)));
  const add = (product: ProductHit, quantity: number, kind: "sale" | "return" = "sale"): string => {
    if (product.price === null)
      throw new TillRefusal("not_sellable", { name: product.name.en, why: "no_price" });
    const there = cart.lines.find(
      (line) => line.productId === product.id && line.unit === "piece" && line.kind === "sale",
    );
    if (there !== undefined && kind === "sale") {
      edit(there.key, (line) => ({ ...line, quantity: line.quantity + quantity }));
      return there.key;
    }
    const line = total({
      key: `l${++key}`,
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
    show([...cart.lines, line]);
    return line.key;
  };
  const productOf = (id: string): ProductHit => {
    const found = products.find((each) => each.id === id);
    if (found === undefined) throw new TillRefusal("internal", { detail: id });
    return found;
  };
  const amountOf = (discount: Parameters<TillEngine["discountCart"]>[0]["discount"], price: number) =>
    discount === null
      ? 0
      : "amount" in discount
        ? discount.amount
        : Math.round((price * discount.percentPpm) / 1_000_000);

  const engine: Partial<TillEngine> = {
    touched: () => Promise.resolve(),
    openDrawer: () => Promise.resolve(),
    cart: () => Promise.resolve(cart),
    categories: () =>
      Promise.resolve(
        CATEGORIES.map(([id, en, ar]) => ({ id, parentId: null, name: { en, ar }, products: 3 })),
      ),
    browse: ({ categoryId, favourites, offset, limit }) =>
      Promise.resolve(
        products
          .filter((each) =>
            favourites === true ? each.favourite : categoryId === null || each.categoryId === categoryId,
          )
          .slice(offset, offset + limit),
      ),
    search: (text, limit) =>
      Promise.resolve(
        products
          .filter((each) =>
            [each.name.en.toLowerCase(), each.name.ar, each.sku].some((name) =>
              name.includes(text.toLowerCase()),
            ),
          )
          .slice(0, limit),
      ),
    setFavourite: (id, favourite) => {
      productOf(id).favourite = favourite;
      return Promise.resolve();
    },
    scan: (code) => {
      const product = products.find((each) => each.barcode === code || each.sku === code);
      if (product === undefined) return Promise.resolve({ kind: "unknown", code });
      if (product.price === null) return Promise.resolve({ kind: "no_price", product });
      const lineKey = add(product, product.unit === "kg" ? 485 : 1000);
      return Promise.resolve({ kind: "added", cart, lineKey });
    },
    addProduct: async ({ productId, quantity }) => {
      add(productOf(productId), quantity ?? 1000);
      return Promise.resolve(cart);
    },
    setQuantity: ({ lineKey, quantity }) => Promise.resolve(edit(lineKey, (line) => ({ ...line, quantity }))),
    removeLine: ({ lineKey }) => Promise.resolve(show(cart.lines.filter((line) => line.key !== lineKey))),
    overridePrice: ({ lineKey, price }) =>
      Promise.resolve(
        edit(lineKey, (line) => ({ ...line, listPrice: line.listPrice ?? line.unitPrice, unitPrice: price })),
      ),
    discountLine: ({ lineKey, discount, reason }) =>
      Promise.resolve(
        edit(lineKey, (line) => ({
          ...line,
          discountReason: reason,
          lineDiscount: amountOf(discount, Math.round((line.quantity * line.unitPrice) / 1000)),
        })),
      ),
    discountCart: ({ discount, reason }) =>
      Promise.resolve(
        show(cart.lines, {
          cartDiscount: discount === null ? null : { amount: amountOf(discount, cart.subtotal), reason },
        }),
      ),
    setNote: ({ lineKey, note }) =>
      Promise.resolve(
        lineKey === null ? show(cart.lines, { note }) : edit(lineKey, (line) => ({ ...line, note })),
      ),
    setCustomer: (id) =>
      Promise.resolve(show(cart.lines, { customer: customers.find((each) => each.id === id) ?? null })),
    cancelCart: () => {
      cart = EMPTY;
      return Promise.resolve(cart);
    },
    hold: (label) => {
      held = [
        {
          id: `h${++key}`,
          label,
          heldAt: "2026-03-01T09:20:00Z",
          by: "Sara",
          lines: cart.lines.length,
          total: cart.total,
          cart,
        },
        ...held,
      ];
      cart = EMPTY;
      change({ held: held.length });
      return Promise.resolve(cart);
    },
    heldCarts: () => Promise.resolve(held),
    recall: (id) => {
      cart = held.find((each) => each.id === id)?.cart ?? EMPTY;
      held = held.filter((each) => each.id !== id);
      change({ held: held.length });
      return Promise.resolve(cart);
    },
    discardHeld: ({ id }) => {
      held = held.filter((each) => each.id !== id);
      change({ held: held.length });
      return Promise.resolve();
    },
    tenders: () =>
      Promise.resolve(
        state.settings.tenders.map((tender) => ({
          tender,
          due: tender === "cash" ? Math.round(cart.total / 5) * 5 : cart.total,
          rounding: 0,
          needsReference: tender === "card" || tender === "knet" || tender === "voucher",
          external: tender === "card" || tender === "knet",
        })),
      ),
    pay: (request) => {
      paid.push(request);
      const cash = request.tenders.find(({ tender }) => tender === "cash")?.amount ?? null;
      const receipt = receiptOf(cart, receipts.length + 17, request.tenders[0]?.tender ?? "exchange", cash);
      receipts.unshift(receipt);
      cart = EMPTY;
      return Promise.resolve(receipt);
    },
    receipts: (limit) => Promise.resolve(receipts.slice(0, limit)),
    reprint: (seq) => {
      const found = receipts.find(({ reference }) => reference.seq === seq);
      if (found === undefined) throw new TillRefusal("receipt_not_found", { text: String(seq) });
      return Promise.resolve({ ...found, copy: 1 });
    },
    findReceipt: async (text) => {
      const receipt = receipts.find(({ number }) => number === text);
      if (receipt === undefined) throw new TillRefusal("receipt_not_found", { text });
      return Promise.resolve({
        receipt,
        source: "till" as const,
        returnable: receipt.lines.map(({ number, quantity }) => ({
          number,
          quantity: number === 2 ? 0 : quantity,
        })),
      });
    },
    returnLines: ({ reference, lines }) => {
      const receipt = receipts.find((each) => each.reference.seq === reference.seq);
      for (const { number, quantity } of lines) {
        const line = receipt?.lines.find((each) => each.number === number);
        if (line !== undefined) add(productOf(line.productId), quantity, "return");
      }
      return Promise.resolve(cart);
    },
    returnWithoutReceipt: ({ productId, quantity }) => {
      add(productOf(productId), quantity, "return");
      return Promise.resolve(cart);
    },
    findCustomers: (text) =>
      Promise.resolve(
        customers.filter(
          ({ name, phone }) => name.toLowerCase().includes(text.toLowerCase()) || phone?.includes(text),
        ),
      ),
    saveCustomer: (customer) => {
      const saved = { ...customer, id: customer.id ?? `c${customers.length + 1}` };
      customers.push(saved);
      return Promise.resolve(saved);
    },
  };
  return {
    engine: engine as TillEngine,
    client: {
      engine: engine as TillEngine,
      state: () => state,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      takeOver: () => Promise.resolve(),
    },
    paid,
    cart: () => cart,
    fill: (count) => {
      const sellable = products.filter((each) => each.price !== null);
      for (let at = 0; at < count; at += 1) {
        const product = sellable[at % sellable.length];
        // The same product again would grow its line; a long cart needs many products.
        if (product !== undefined)
          add(
            { ...product, id: `${product.id}${at}` },
            product.unit === "kg" ? 485 + at : 1000 * (1 + (at % 3)),
          );
      }
    },
    answer: (method, how) => {
      engine[method] = how;
    },
  };
}

export function openState(): TillState {
  const person = { id: "p1", code: "101", name: { en: "Sara", ar: "سارة" }, role: "cashier" as const };
  return {
    phase: "open",
    identity: {
      deviceId: 7,
      deviceCode: "T01",
      branchId: 3,
      branchCode: "KW01",
      branchName: { en: "Salmiya", ar: "السالمية" },
      receiptPrefix: "KW01-T01",
      currency: "KWD",
      exponent: 3,
      jurisdiction: "KW",
      timeZone: "Asia/Kuwait",
    },
    known: [person],
    person,
    permissions: ["sell", "return_with_receipt"],
    shift: { id: "s1", openedAt: "2026-03-01T05:00:00Z", openedBy: "Sara" },
    sync: {
      state: "online",
      since: 1_772_350_000_000,
      unsynced: 0,
      oldestUnsyncedAt: null,
      lastAckedAt: null,
      lastError: null,
      feed: null,
      clockOffsetMs: 0,
    },
    storage: { persisted: true, usedBytes: 1, quotaBytes: 1000, level: "ok", copy: "ok" },
    settings: {
      ...DEFAULT_SETTINGS,
      cashRounding: 5,
      tenders: ["cash", "knet", "card", "voucher", "on_account"],
    },
    catalogue: { products: PRODUCTS.length, ready: true },
    held: 0,
    idle: true,
    appVersion: "0.1.0",
  };
}

export function receiptOf(cart: CartView, seq: number, tender: string, tendered: number | null): Receipt {
  const total = Math.abs(cart.total);
  return {
    kind: cart.total < 0 ? "return" : "sale",
    number: `KW01-T01-${seq}`,
    reference: { branch: 3, device: 7, seq },
    hash: "9f2c51ab",
    at: "2026-03-01T09:41:00Z",
    cashier: { en: "Sara", ar: "سارة" },
    branch: { en: "Salmiya", ar: "السالمية" },
    currency: "KWD",
    exponent: 3,
    lines: cart.lines.map((line, at) => ({
      number: at + 1,
      productId: line.productId,
      sku: line.sku,
      name: line.name,
      unit: line.unit,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      discount: line.lineDiscount,
      taxCode: line.taxCode,
      ratePpm: line.ratePpm,
      tax: line.tax,
      total: line.total,
      note: line.note,
    })),
    taxes: [],
    subtotal: total + cart.discount,
    discount: cart.discount,
    tax: 0,
    total,
    rounding: 0,
    payments: [{ tender, amount: total, tendered, reference: null }],
    change: tendered === null ? 0 : tendered - total,
    customer: cart.customer,
    note: cart.note,
    original: null,
    copy: 0,
    exchange: null,
    qr: `ON1:3-7-${seq}:9f2c51ab`,
    taxQr: null,
    synced: false,
  };
}

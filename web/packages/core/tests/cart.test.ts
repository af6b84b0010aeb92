/** Carts: what they cost, and that a shard books whatever a cart makes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  addProduct,
  addReturn,
  addReturnWithoutReceipt,
  cartDiscountMax,
  cartFigures,
  CoreRefusal,
  discountCart,
  discountLine,
  discountPpm,
  emptyCart,
  extend,
  findDisagreement,
  findInvalid,
  halvesOf,
  overridePrice,
  removeLine,
  setCustomer,
  setNote,
  setQuantity,
  settleCart,
  type Cart,
  type CartDiscount,
  type Return,
  type Sale,
  type Sellable,
} from "../src/index";
import { refusal } from "./refusal";
import { shardAccepts } from "./shard-rules";

const PRODUCT = "01938f5e-7c00-7aaa-8000-012345678902";

function goods(changes: Partial<Sellable> = {}): Sellable {
  const names = { sku: "1", name: { en: "Milk", ar: "حليب" } };
  const money = { unitPrice: 1150, taxInclusive: true, taxCode: "SA-S", ratePpm: 150_000 };
  return { productId: PRODUCT, ...names, unit: "piece", ...money, ...changes };
}

/** The entries that a cart becomes when it is paid in cash, or cash is handed out. */
function entriesOf(cart: Cart, cashRounding: number | null): (Sale | Return)[] {
  const { sale, returned } = halvesOf(cart);
  const { total } = cartFigures(cart);
  const tenders = total === 0 ? [] : [{ tender: "cash", amount: null, reference: null }];
  const terms = { cashRounding, hasCustomer: false };
  const paid = settleCart({ sale: sale?.total ?? null, returned: returned?.total ?? null }, tenders, terms);
  const entries: (Sale | Return)[] = [];
  if (returned && paid.returned) {
    const { payments, rounding } = paid.returned;
    entries.push({
      kind: "return",
      currency: "SAR",
      ...returned,
      payments,
      rounding,
      reason: cart.returnReason,
    });
  }
  if (sale && paid.sale) {
    const { payments, rounding } = paid.sale;
    entries.push({ kind: "sale", currency: "SAR", ...sale, payments, rounding, note: cart.note });
  }
  return entries;
}

const price = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 0, max: 10 ** 9 }));
const product = fc.record({
  productId: fc.constantFrom(PRODUCT, PRODUCT.replace(/2$/, "3")),
  sku: fc.constant("1"),
  name: fc.constant({ en: "x", ar: "" }),
  unit: fc.constantFrom("piece", "kg"),
  unitPrice: price,
  taxInclusive: fc.boolean(),
  taxCode: fc.constantFrom("SA-S", "SA-Z"),
  ratePpm: fc.constantFrom(0, 50_000, 150_000, 333_333, 1_000_000),
});
const quantity = fc.oneof(
  fc.integer({ min: 1, max: 20 }).map((each) => each * 1000),
  fc.integer({ min: 1, max: 99_999 }),
);
const discount: fc.Arbitrary<CartDiscount> = fc.oneof(
  fc.record({ percentPpm: fc.integer({ min: 1, max: 1_000_000 }) }),
  fc.record({ amount: fc.integer({ min: 1, max: 200_000 }) }),
);
const given = discount.map((each) => ({ discount: each, reason: "because", approvedBy: null }));
const place = fc.nat({ max: 20 });
type Change = (cart: Cart) => Cart;
const keyAt = (cart: Cart, at: number): string =>
  cart.items[at % Math.max(1, cart.items.length)]?.key ?? "none";
const sold = fc.record({
  quantity: fc.integer({ min: 1, max: 30_000 }),
  discountPpm: fc.integer({ min: 0, max: 1_000_000 }),
});

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(product, quantity).map(
      ([what, much]): Change =>
        (cart) =>
          addProduct(cart, what, much).cart,
    ),
  },
  fc.tuple(product, quantity).map(
    ([what, much]): Change =>
      (cart) =>
        addReturnWithoutReceipt(cart, what, much, "why"),
  ),
  fc.tuple(place, quantity).map(
    ([at, much]): Change =>
      (cart) =>
        setQuantity(cart, keyAt(cart, at), much),
  ),
  place.map(
    (at): Change =>
      (cart) =>
        removeLine(cart, keyAt(cart, at)),
  ),
  fc.tuple(place, price).map(
    ([at, much]): Change =>
      (cart) =>
        overridePrice(cart, keyAt(cart, at), much),
  ),
  fc.tuple(place, fc.option(given)).map(
    ([at, each]): Change =>
      (cart) =>
        discountLine(cart, keyAt(cart, at), each),
  ),
  fc.option(given).map(
    (each): Change =>
      (cart) =>
        discountCart(cart, each, cartDiscountMax(cart)),
  ),
  fc
    .tuple(product, sold, fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 1, max: 3 }))
    .map(([what, facts, much, line]): Change => (cart) => {
      // A line as a till may have sold it: by weight, so that any part of it can come back.
      const kilo: Sellable = { ...what, unit: "kg" };
      const full = addProduct(emptyCart(), kilo, facts.quantity);
      const ppm = facts.discountPpm;
      const cheaper =
        ppm === 0
          ? full.cart
          : discountLine(full.cart, full.key, {
              discount: { percentPpm: ppm },
              reason: "",
              approvedBy: null,
            });
      const was = halvesOf(cheaper).sale?.lines[0];
      if (was === undefined) return cart;
      const original = { branch: 3, device: 7, seq: 17, line };
      const facts2 = {
        quantity: was.quantity,
        discount: was.discount ?? 0,
        tax: was.tax,
        total: was.total,
        returned: 0,
      };
      return addReturn(cart, { ...kilo, original, sold: facts2 }, much, "why");
    }),
);

/** Whatever is refused leaves the cart as it was. */
function apply(cart: Cart, step: Change): Cart {
  try {
    const next = step(cart);
    cartFigures(next);
    return next;
  } catch (error) {
    if (error instanceof CoreRefusal || error instanceof RangeError) return cart;
    throw error;
  }
}

describe("every cart", () => {
  const carts = fc
    .array(change, { minLength: 1, maxLength: 15 })
    .map((steps) => steps.reduce(apply, emptyCart()));

  it("becomes entries that a shard books", () => {
    fc.assert(
      fc.property(carts, fc.constantFrom(null, 5), (cart, rounding) => {
        if (cart.items.length === 0) return;
        for (const entry of entriesOf(cart, rounding)) {
          shardAccepts(entry);
          expect(findDisagreement(entry)).toBeNull();
          expect(findInvalid(entry)).toBeNull();
        }
      }),
      { numRuns: 400 },
    );
  });

  it("has figures that add up, and the same after JSON", () => {
    fc.assert(
      fc.property(carts, (cart) => {
        const view = cartFigures(cart);
        const { sale, returned } = halvesOf(cart);
        expect(view.total).toBe((sale?.total ?? 0) - (returned?.total ?? 0));
        expect(view.tax).toBe((sale?.tax ?? 0) - (returned?.tax ?? 0));
        const net = view.taxes.reduce((sum, each) => sum + each.net + each.tax, 0);
        expect(net).toBe(view.total);
        for (const [at, line] of view.lines.entries()) {
          const item = cart.items[at];
          if (item === undefined || item.sold !== null) continue;
          const after = extend(line.unitPrice, line.quantity) - line.lineDiscount - line.cartDiscount;
          expect(line.total).toBe(item.taxInclusive ? after : after + line.tax);
        }
        const spread = view.lines.reduce((sum, line) => sum + line.cartDiscount, 0);
        expect(view.cartDiscount?.amount ?? 0).toBe(spread);
        expect(cartFigures(JSON.parse(JSON.stringify(cart)) as Cart)).toEqual(view);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a return in parts", () => {
  it("gives back exactly what was paid, tax and all", () => {
    const parts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(product, parts, fc.option(given, { nil: null }), (what, pieces, off) => {
        const one: Sellable = { ...what, unit: "piece" };
        const count = pieces.reduce((sum, each) => sum + each, 0) * 1000;
        const full = addProduct(emptyCart(), one, count);
        let cart = full.cart;
        if (off !== null) cart = apply(cart, (each) => discountLine(each, full.key, off));
        const was = halvesOf(cart).sale?.lines[0];
        if (was === undefined) throw new Error("nothing was sold");
        let returned = 0;
        let total = 0;
        for (const piece of pieces) {
          const facts = {
            quantity: was.quantity,
            discount: was.discount ?? 0,
            tax: was.tax,
            total: was.total,
            returned,
          };
          const original = { branch: 1, device: 1, seq: 1, line: 1 };
          const back = addReturn(emptyCart(), { ...one, original, sold: facts }, piece * 1000, "");
          const half = halvesOf(back).returned;
          expect(half?.original).toEqual({ branch: 1, device: 1, seq: 1 });
          total += half?.total ?? 0;
          returned += piece * 1000;
        }
        expect(Math.abs(total - was.total)).toBeLessThanOrEqual(one.taxInclusive ? 0 : pieces.length);
        if (one.taxInclusive) expect(total).toBe(was.total);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a cart", () => {
  it("joins pieces of the same product, and keeps apart what was weighed or agreed", () => {
    const first = addProduct(emptyCart(), goods());
    const joined = addProduct(first.cart, goods(), 2000);
    expect(joined.key).toBe(first.key);
    expect(joined.cart.items).toHaveLength(1);
    expect(cartFigures(joined.cart)).toMatchObject({ items: 3, total: 3450, tax: 450, subtotal: 3450 });
    const cheaper = overridePrice(joined.cart, first.key, 1000);
    expect(addProduct(cheaper, goods()).cart.items).toHaveLength(2);
    const weighed = addProduct(emptyCart(), goods({ unit: "kg" }), 375).cart;
    expect(addProduct(weighed, goods({ unit: "kg" }), 375).cart.items).toHaveLength(2);
    expect(cartFigures(addProduct(weighed, goods({ unit: "kg" }), 375).cart).items).toBe(2);
  });

  it("remembers the catalogue's price when it is overridden, and forgets it when it is the same again", () => {
    const { cart, key } = addProduct(emptyCart(), goods());
    const cheaper = overridePrice(overridePrice(cart, key, 1000), key, 900);
    expect(cartFigures(cheaper).lines[0]).toMatchObject({ unitPrice: 900, listPrice: 1150, total: 900 });
    expect(cartFigures(overridePrice(cheaper, key, 1150)).lines[0]).toMatchObject({
      listPrice: null,
      total: 1150,
    });
  });

  it("spreads its discount over its sales only, and lets go of it with the last of them", () => {
    const one = addProduct(emptyCart(), goods({ unitPrice: 100 }));
    const two = addProduct(one.cart, goods({ unitPrice: 200 }));
    const back = addReturnWithoutReceipt(two.cart, goods({ unitPrice: 500 }), 1000, "broken");
    const off = { discount: { amount: 10 }, reason: "friend", approvedBy: null };
    const cart = discountCart(back, off, cartDiscountMax(back));
    expect(cartFigures(cart).lines.map((line) => line.cartDiscount)).toEqual([3, 7, 0]);
    expect(cartFigures(cart)).toMatchObject({
      total: -210,
      discount: 10,
      cartDiscount: { amount: 10, reason: "friend" },
    });
    expect(halvesOf(cart).sale?.lines[0]).toMatchObject({ discount: 3, discount_reason: "friend" });
    const left = removeLine(removeLine(cart, one.key), two.key);
    expect(left.discount).toBeNull();
    expect(removeLine(left, left.items[0]?.key ?? "").returnReason).toBeNull();
  });

  it("refuses what cannot be sold or taken back", () => {
    const { cart, key } = addProduct(emptyCart(), goods());
    expect(refusal(() => addProduct(cart, goods(), 500))).toEqual({
      code: "not_sellable",
      name: "Milk",
      why: "pieces_only",
    });
    expect(refusal(() => setQuantity(cart, key, 0))).toEqual({ code: "quantity_invalid" });
    expect(refusal(() => addProduct(cart, goods({ unitPrice: 10 ** 12 }), 2000))).toEqual({
      code: "quantity_invalid",
    });
    expect(refusal(() => overridePrice(cart, key, -1))).toEqual({ code: "amount_invalid" });
    const off =
      (amount: number): Change =>
      (each) =>
        discountLine(each, key, { discount: { amount }, reason: "", approvedBy: null });
    expect(refusal(() => off(1151)(cart))).toEqual({ code: "discount_too_large", max: 1150 });
    expect(refusal(() => off(0)(cart))).toEqual({ code: "amount_invalid" });
    expect(
      refusal(() => discountCart(emptyCart(), { discount: { amount: 1 }, reason: "", approvedBy: null }, 1)),
    ).toEqual({ code: "cart_empty" });
    expect(refusal(() => setNote(cart, null, "x".repeat(201)))).toEqual({ code: "too_long", field: "note" });
    expect(refusal(() => setNote(cart, key, "4111 1111 1111 1111"))).toEqual({
      code: "card_number",
      field: "note",
    });
    const original = { branch: 1, device: 1, seq: 1, line: 2 };
    const facts = { quantity: 3000, discount: 0, tax: 450, total: 3450, returned: 1000 };
    const line = { ...goods(), original, sold: facts };
    expect(refusal(() => addReturn(cart, line, 3000, "x"))).toEqual({
      code: "return_too_much",
      number: 2,
      max: 2000,
    });
    const back = addReturn(cart, line, 2000, "x");
    const returned = back.items[1]?.key ?? "";
    expect(refusal(() => setQuantity(back, returned, 3000))).toEqual({
      code: "return_too_much",
      number: 2,
      max: 2000,
    });
    expect(refusal(() => overridePrice(back, returned, 1))).toEqual({ code: "amount_invalid" });
    expect(addReturn(back, line, 1000, "x").items[1]?.quantity).toBe(1000);
    const other = { ...line, original: { ...original, seq: 2 } };
    expect(refusal(() => addReturn(back, other, 1000, "x"))).toEqual({ code: "cart_not_empty" });
    const huge = goods({ unitPrice: 10 ** 12, unit: "kg" });
    expect(refusal(() => cartFigures(addProduct(addProduct(cart, huge).cart, huge).cart))).toEqual({
      code: "amount_invalid",
    });
  });

  it("never costs less than nothing when a line gets cheaper than the discounts that were given", () => {
    const { cart, key } = addProduct(emptyCart(), goods());
    const off = { discount: { amount: 1000 }, reason: "", approvedBy: null };
    const line = overridePrice(discountLine(cart, key, off), key, 500);
    expect(cartFigures(line)).toMatchObject({ total: 0, discount: 500 });
    const whole = overridePrice(discountCart(cart, off, cartDiscountMax(cart)), key, 600);
    expect(cartFigures(whole)).toMatchObject({ total: 0, cartDiscount: { amount: 600 } });
  });

  it("carries notes and a customer, and measures a discount against a role's limit", () => {
    const { cart, key } = addProduct(emptyCart(), goods());
    const customer = { id: "c", name: "x", phone: null, email: null, vatNumber: null, note: null };
    const noted = setCustomer(setNote(setNote(cart, key, " cold "), null, "  "), customer);
    expect(cartFigures(noted)).toMatchObject({ note: null, customer, lines: [{ note: "cold" }] });
    expect(discountPpm({ amount: 1 }, 3)).toBe(333_334);
    expect(discountPpm({ percentPpm: 5 }, 3)).toBe(5);
    expect(discountPpm({ amount: 1 }, 0)).toBe(0);
  });
});

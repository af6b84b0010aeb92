/** What somebody agreed to holds for the goods it was agreed for, and for no more of them. */
import { afterEach, describe, expect, it } from "vitest";

import { addProduct, emptyCart, overridePrice, type Cart, type Draft } from "@octonext/core";

import type { Permission } from "../src/api";
import type { CartStore } from "../src/cart-store";
import { Carts } from "../src/carts";
import type { Till } from "../src/till";
import { cashier, CASHIER, Counter, LAMP, makeShard, MANAGER, MILK, refusalOf } from "./shop";

let counter: Counter;
const CASH = [{ tender: "cash", amount: null, reference: null }];
const HALF = { percentPpm: 500_000 };
const LAMP_PRICE = 12_005;

afterEach(async () => {
  await counter.stop();
});

async function opened(person = CASHIER): Promise<Counter> {
  counter = new Counter(await makeShard());
  return counter.open(person);
}

async function approved(permission: Permission): Promise<{ approval: string }> {
  const { token } = await counter.engine.approve({ permission, code: MANAGER.code, pin: MANAGER.pin });
  return { approval: token };
}

/** A lamp in the cart at half its price, which the manager allowed. */
async function lampAtHalf(): Promise<string> {
  const { engine } = counter;
  const lineKey = (await engine.addProduct({ productId: LAMP })).lines[0]?.key ?? "";
  const word = await approved("discount_above_limit");
  await engine.discountLine({ lineKey, discount: HALF, reason: "scratched", ...word });
  return lineKey;
}

async function lampFor(price: number): Promise<string> {
  const { engine } = counter;
  const lineKey = (await engine.addProduct({ productId: LAMP })).lines[0]?.key ?? "";
  await engine.overridePrice({ lineKey, price, reason: "shelf", ...(await approved("price_override")) });
  return lineKey;
}

describe("an approved percentage of a line", () => {
  it("is not given for more of it without another approval", async () => {
    const { engine } = await opened();
    const lineKey = await lampAtHalf();
    expect(await refusalOf(engine.setQuantity({ lineKey, quantity: 10_000 }))).toMatchObject({
      code: "approval_required",
      params: { permission: "discount_above_limit" },
    });
    expect(await engine.cart()).toMatchObject({ discount: 6_003, lines: [{ quantity: 1_000 }] });
    const word = await approved("discount_above_limit");
    const view = await engine.setQuantity({ lineKey, quantity: 10_000, ...word });
    expect(view.discount).toBe((LAMP_PRICE * 10) / 2);
    expect(await refusalOf(engine.setQuantity({ lineKey, quantity: 11_000, ...word }))).toMatchObject({
      code: "approval_invalid",
    });
  });

  it("holds for less of it, and for as much as it was approved for again", async () => {
    const { engine } = await opened();
    const lineKey = await lampAtHalf();
    await engine.setQuantity({ lineKey, quantity: 3_000, ...(await approved("discount_above_limit")) });
    expect((await engine.setQuantity({ lineKey, quantity: 1_000 })).discount).toBe(6_003);
    expect((await engine.setQuantity({ lineKey, quantity: 3_000 })).discount).toBe(18_008);
  });

  it("follows the quantity for whoever may give it alone, but not for who takes over", async () => {
    const { engine } = await opened(MANAGER);
    const { lines } = await engine.addProduct({ productId: LAMP });
    const lineKey = lines[0]?.key ?? "";
    await engine.discountLine({ lineKey, discount: HALF, reason: "scratched" });
    expect((await engine.setQuantity({ lineKey, quantity: 2_000 })).discount).toBe(LAMP_PRICE);
    await engine.lock();
    await engine.signIn({ code: CASHIER.code, pin: CASHIER.pin });
    expect(await refusalOf(engine.setQuantity({ lineKey, quantity: 3_000 }))).toMatchObject({
      code: "approval_required",
    });
  });
});

describe("an approved percentage of the cart", () => {
  it("takes off no more money when goods are added", async () => {
    const { engine } = await opened();
    await engine.addProduct({ productId: LAMP });
    const word = await approved("discount_above_limit");
    await engine.discountCart({ discount: HALF, reason: "opening day", ...word });
    expect((await engine.cart()).discount).toBe(6_003);
    const view = await engine.addProduct({ productId: LAMP, quantity: 9_000 });
    expect(view).toMatchObject({ discount: 6_003, total: LAMP_PRICE * 10 - 6_003 });
    const again = await approved("discount_above_limit");
    const whole = await engine.discountCart({ discount: HALF, reason: "opening day", ...again });
    expect(whole.discount).toBe((LAMP_PRICE * 10) / 2);
  });

  it("follows the goods that whoever may give it adds", async () => {
    const { engine } = await opened(MANAGER);
    await engine.addProduct({ productId: LAMP });
    await engine.discountCart({ discount: HALF, reason: "opening day" });
    const view = await engine.addProduct({ productId: LAMP });
    expect(view.discount).toBe(LAMP_PRICE);
  });
});

/** A line at another price that is made smaller; `agreed` is how much of it that price was agreed for. */
async function fewer(agreed: number | undefined): Promise<Draft[]> {
  const milk = { productId: MILK, sku: "MILK", name: { en: "Milk", ar: "" }, unit: "piece" as const };
  const priced = { ...milk, unitPrice: 450, taxInclusive: true, taxCode: "KW-O", ratePpm: 0 };
  const cart = overridePrice(addProduct(emptyCart(), priced, 3_000).cart, "1", 10);
  const items = cart.items.map((item) => ({ ...item, agreedQuantity: agreed }));
  const written: Draft[] = [];
  const change = (_: Cart, drafts: Draft[]) => Promise.resolve(written.push(...drafts));
  const store = { cart: { ...cart, items }, change } as unknown as CartStore;
  const authorise = () => {
    throw new Error("somebody was asked");
  };
  const none = () => null;
  const till = { require: none, requireSession: none, book: { requireShift: none }, authorise };
  const carts = new Carts(till as unknown as Till, store, {} as never, none);
  await carts.setQuantity({ lineKey: "1", quantity: 2_000 });
  return written;
}

/** A lamp that comes back without a receipt at another price, both of which the manager allowed. */
async function lampBackFor(price: number): Promise<string> {
  const { engine } = counter;
  const word = await approved("refund_without_receipt");
  const back = await engine.returnWithoutReceipt({
    productId: LAMP,
    quantity: 1_000,
    reason: "broken",
    ...word,
  });
  const lineKey = back.lines[0]?.key ?? "";
  await engine.overridePrice({ lineKey, price, reason: "shelf", ...(await approved("price_override")) });
  return lineKey;
}

describe("an approved price of what comes back without a receipt", () => {
  it("that is above the catalogue's is not given for more by who may only take goods back", async () => {
    const { engine, shard } = await opened();
    const helper = { ...MANAGER, id: "00000000-0000-4000-8000-0000000000c3", code: "500" };
    shard.publish(await cashier(helper, "supervisor", ["sell", "refund_without_receipt"]));
    const lineKey = await lampBackFor(100_000);
    const permission = "refund_without_receipt" as const;
    const { token } = await engine.approve({ permission, code: helper.code, pin: helper.pin });
    const asked = engine.setQuantity({ lineKey, quantity: 10_000, approval: token });
    expect(await refusalOf(asked)).toMatchObject({
      code: "not_permitted",
      params: { permission: "price_override" },
    });
    expect((await engine.cart()).total).toBe(-100_000);
  });

  it("is agreed to together with the return, once, and stands in the journal again", async () => {
    const { engine, shard } = await opened();
    const lineKey = await lampBackFor(13_000);
    const word = await approved("refund_without_receipt");
    expect((await engine.setQuantity({ lineKey, quantity: 2_000, ...word })).total).toBe(-26_000);
    expect(await refusalOf(engine.setQuantity({ lineKey, quantity: 3_000, ...word }))).toMatchObject({
      code: "approval_invalid",
    });
    expect((await engine.setQuantity({ lineKey, quantity: 1_000 })).total).toBe(-13_000);
    await counter.synced();
    const overridden = shard.entries().filter((entry) => entry.kind === "price_overridden");
    expect(overridden.map((entry) => entry.approved_by)).toEqual([MANAGER.id, MANAGER.id]);
  });

  it("that is below the catalogue's costs the shop nothing: only the return is agreed to", async () => {
    const { engine, shard } = await opened();
    const lineKey = await lampBackFor(10);
    const word = await approved("refund_without_receipt");
    expect((await engine.setQuantity({ lineKey, quantity: 2_000, ...word })).total).toBe(-20);
    await counter.synced();
    expect(shard.entries().filter((entry) => entry.kind === "price_overridden")).toHaveLength(1);
  });
});

describe("an approved price", () => {
  it("needs nobody for less of the line, whatever it was agreed for", async () => {
    for (const agreed of [3_000, 1_000, undefined])
      expect(await fewer(agreed)).toMatchObject([{ kind: "void", quantity: 1_000, amount: 10 }]);
  });

  it("is not given for more of the line without another approval, which stands in the journal", async () => {
    const { engine, shard } = await opened();
    const lineKey = await lampFor(1_000);
    expect(await refusalOf(engine.setQuantity({ lineKey, quantity: 5_000 }))).toMatchObject({
      code: "approval_required",
      params: { permission: "price_override" },
    });
    const word = await approved("price_override");
    expect((await engine.setQuantity({ lineKey, quantity: 5_000, ...word })).total).toBe(5_000);
    await engine.setQuantity({ lineKey, quantity: 1_000 });
    await engine.setQuantity({ lineKey, quantity: 5_000 });
    await engine.pay({ tenders: CASH });
    await counter.synced();
    const overridden = shard.entries().filter((entry) => entry.kind === "price_overridden");
    expect(overridden.map((entry) => entry.approved_by)).toEqual([MANAGER.id, MANAGER.id]);
  });

  it("that is above the catalogue's gives nothing away, so nobody is asked", async () => {
    const { engine } = await opened();
    const lineKey = await lampFor(20_000);
    expect((await engine.setQuantity({ lineKey, quantity: 5_000 })).total).toBe(100_000);
  });

  it("and a discount on the same line are agreed to at once", async () => {
    const { engine } = await opened();
    const lineKey = await lampFor(1_000);
    const given = { lineKey, discount: HALF, reason: "scratched" };
    await engine.discountLine({ ...given, ...(await approved("discount_above_limit")) });
    const word = await approved("discount_above_limit");
    expect((await engine.setQuantity({ lineKey, quantity: 4_000, ...word })).total).toBe(2_000);
  });

  it("cannot be agreed to by somebody who may only give discounts", async () => {
    const { engine, shard } = await opened();
    const helper = { ...MANAGER, id: "00000000-0000-4000-8000-0000000000c3", code: "500" };
    shard.publish(await cashier(helper, "supervisor", ["sell", "discount_above_limit"]));
    const lineKey = await lampFor(1_000);
    const given = { lineKey, discount: HALF, reason: "scratched" };
    await engine.discountLine({ ...given, ...(await approved("discount_above_limit")) });
    const permission = "discount_above_limit" as const;
    const { token } = await engine.approve({ permission, code: helper.code, pin: helper.pin });
    const asked = engine.setQuantity({ lineKey, quantity: 4_000, approval: token });
    expect(await refusalOf(asked)).toMatchObject({
      code: "not_permitted",
      params: { permission: "price_override" },
    });
  });
});

it("a discount within the limit follows the goods, as before", async () => {
  const { engine } = await opened();
  await engine.addProduct({ productId: MILK });
  await engine.discountCart({ discount: { percentPpm: 100_000 }, reason: "loyal" });
  expect((await engine.addProduct({ productId: MILK, quantity: 9_000 })).discount).toBe(450);
});

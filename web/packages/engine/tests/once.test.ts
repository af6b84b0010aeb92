import { afterEach, describe, expect, it } from "vitest";

import { CASHIER, Counter, LAMP, makeShard, MANAGER, MILK, refusalOf } from "./shop";

let counter: Counter;
const CASH = [{ tender: "cash", amount: null, reference: null }];

afterEach(async () => {
  await counter.stop();
});

async function opened(person = CASHIER): Promise<Counter> {
  counter = new Counter(await makeShard());
  return counter.open(person);
}

/** A lamp sold, and its line brought back into the cart. */
async function soldAndBack(): Promise<{ branch: number; device: number; seq: number }> {
  const { engine } = counter;
  await engine.addProduct({ productId: LAMP });
  const { reference } = await engine.pay({ tenders: CASH });
  await engine.returnLines({ reference, lines: [{ number: 1, quantity: 1_000 }], reason: "broken" });
  return reference;
}

describe("goods come back once", () => {
  it("although a cart with the same return was put aside", async () => {
    const { engine } = await opened();
    const reference = await soldAndBack();
    await engine.addProduct({ productId: MILK });
    await engine.hold("first");
    await engine.returnLines({ reference, lines: [{ number: 1, quantity: 1_000 }], reason: "broken" });
    await engine.pay({ tenders: CASH });
    const [held] = await engine.heldCarts();
    const view = await engine.recall(held?.id ?? "");
    expect(view.lines.map((line) => line.kind)).toEqual(["sale"]);
    await engine.pay({ tenders: CASH });
    expect((await engine.closeShift({ counted: 0 })).returns).toMatchObject({ count: 1, total: 12_005 });
  });

  it("in as many pieces as are left when a cart is recalled", async () => {
    const { engine } = await opened();
    await engine.addProduct({ productId: MILK, quantity: 3_000 });
    const { reference } = await engine.pay({ tenders: CASH });
    const back = (quantity: number) =>
      engine.returnLines({ reference, lines: [{ number: 1, quantity }], reason: "sour" });
    await back(2_000);
    await engine.hold("first");
    await back(2_000);
    await engine.pay({ tenders: CASH });
    const [held] = await engine.heldCarts();
    const view = await engine.recall(held?.id ?? "");
    expect(view).toMatchObject({ total: -450, lines: [{ quantity: 1_000 }] });
    await engine.pay({ tenders: CASH });
    expect((await engine.closeShift({ counted: 0 })).returns).toMatchObject({ count: 2, total: 3 * 450 });
  });

  it("and not as a void while they are in the cart already", async () => {
    const { engine } = await opened(MANAGER);
    const reference = await soldAndBack();
    expect(await refusalOf(engine.voidReceipt({ seq: reference.seq, reason: "wrong" }))).toMatchObject({
      code: "cart_not_empty",
    });
    await engine.pay({ tenders: CASH });
    expect(await refusalOf(engine.voidReceipt({ seq: reference.seq, reason: "wrong" }))).toMatchObject({
      code: "return_too_much",
    });
  });
});

describe("what a manager allowed", () => {
  it("is the quantity that came back without a receipt, not more of it", async () => {
    const { engine } = await opened();
    const permission = "refund_without_receipt" as const;
    const { token } = await engine.approve({ permission, code: MANAGER.code, pin: MANAGER.pin });
    const wanted = { productId: LAMP, quantity: 1_000, reason: "no receipt" };
    const { lines } = await engine.returnWithoutReceipt({ ...wanted, approval: token });
    const lineKey = lines[0]?.key ?? "";
    expect(await refusalOf(engine.setQuantity({ lineKey, quantity: 9_000 }))).toMatchObject({
      code: "approval_required",
      params: { permission },
    });
    expect((await engine.cart()).total).toBe(-12_005);
    const again = await engine.approve({ permission, code: MANAGER.code, pin: MANAGER.pin });
    const view = await engine.setQuantity({ lineKey, quantity: 2_000, approval: again.token });
    expect(view.total).toBe(-2 * 12_005);
    expect((await engine.setQuantity({ lineKey, quantity: 1_000 })).total).toBe(-12_005);
  });

  it("stands in the journal when they gave it themselves and somebody else goes on", async () => {
    const { engine, shard } = await opened(MANAGER);
    const { lines } = await engine.addProduct({ productId: LAMP });
    const lineKey = lines[0]?.key ?? "";
    await engine.discountLine({ lineKey, discount: { percentPpm: 500_000 }, reason: "scratched" });
    await engine.lock();
    await engine.signIn(CASHIER);
    const view = await engine.addProduct({ productId: MILK });
    expect(view.discount).toBe(6_003);
    await engine.pay({ tenders: CASH });
    await counter.synced();
    const sale = shard.entries().at(-1);
    expect(sale).toMatchObject({ kind: "sale", cashier: CASHIER.id });
    expect(JSON.stringify(sale)).toContain(`"discount_approved_by":"${MANAGER.id}"`);
  });
});

describe("a limit of discounts", () => {
  const small = { percentPpm: 100_000 };

  it("holds for a line's and the cart's together", async () => {
    const { engine } = await opened();
    const limit = counter.state.settings.discountLimitPpm.cashier;
    const { lines } = await engine.addProduct({ productId: LAMP });
    const lineKey = lines[0]?.key ?? "";
    await engine.discountLine({ lineKey, discount: { percentPpm: limit }, reason: "loyal" });
    expect(
      await refusalOf(engine.discountCart({ discount: { percentPpm: limit }, reason: "loyal" })),
    ).toMatchObject({ code: "approval_required", params: { permission: "discount_above_limit" } });
    await engine.discountLine({ lineKey, discount: null, reason: "" });
    await engine.discountCart({ discount: { percentPpm: limit }, reason: "loyal" });
    expect(
      await refusalOf(engine.discountLine({ lineKey, discount: { percentPpm: limit }, reason: "loyal" })),
    ).toMatchObject({ code: "approval_required" });
    expect(limit).toBeLessThanOrEqual(small.percentPpm);
  });

  it("still allows on top what is within it, and what was approved does not use it up", async () => {
    const { engine } = await opened();
    const limit = counter.state.settings.discountLimitPpm.cashier;
    const { lines } = await engine.addProduct({ productId: LAMP });
    const lineKey = lines[0]?.key ?? "";
    const permission = "discount_above_limit" as const;
    const { token } = await engine.approve({ permission, code: MANAGER.code, pin: MANAGER.pin });
    await engine.discountLine({ lineKey, discount: { percentPpm: 500_000 }, reason: "old", approval: token });
    const view = await engine.discountCart({ discount: { percentPpm: limit }, reason: "loyal" });
    expect(view.cartDiscount?.amount).toBeGreaterThan(0);
    expect(view.discount).toBeGreaterThan(6_003);
  });
});

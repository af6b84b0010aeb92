/** What a till still knows when its database was lost, or went back, and the second copy made it whole again. */
import { afterEach, describe, expect, it } from "vitest";

import type { Receipt } from "../src/api";
import { back, snapshot } from "./going-back";
import { CASHIER, Counter, LAMP, makeShard, MILK, refusalOf } from "./shop";

let counter: Counter;
const CASH = [{ tender: "cash", amount: null, reference: null }];
const LAMP_BACK = [{ number: 1, quantity: 1_000 }];

afterEach(async () => {
  await counter.stop();
});

async function offline(): Promise<Counter> {
  counter = await new Counter(await makeShard()).open();
  await counter.synced();
  counter.shard.cut();
  await counter.until((state) => state.sync.state === "offline");
  return counter;
}

async function sellLamp(): Promise<Receipt> {
  await counter.engine.addProduct({ productId: LAMP });
  return counter.engine.pay({ tenders: CASH });
}

async function takeBack({ reference }: Receipt): Promise<Receipt> {
  await counter.engine.returnLines({ reference, lines: LAMP_BACK, reason: "broken" });
  return counter.engine.pay({ tenders: CASH });
}

async function putReturnAside({ reference }: Receipt): Promise<void> {
  await counter.engine.returnLines({ reference, lines: LAMP_BACK, reason: "broken" });
  await counter.engine.hold("has to ask at home");
}

async function restore(): Promise<void> {
  await counter.stop();
  await counter.machine.loseDatabase();
  await counter.boot();
  await counter.engine.restoreFromCopy(CASHIER);
}

/** People and goods come with the feed; then the line is cut again. */
async function onlineForAMoment(): Promise<void> {
  const { shard, engine } = counter;
  shard.reachable = true;
  engine.lookAgain();
  await counter.until((state) => state.catalogue.products === 4 && state.permissions.length > 0);
  await counter.synced();
  shard.cut();
  await counter.until((state) => state.sync.state === "offline");
}

const numbers = (receipts: Receipt[]) => receipts.map(({ number }) => number);

describe("a till whose database was lost", () => {
  it("lists its receipts, and takes nothing back twice although nobody can be asked", async () => {
    await offline();
    const sold = await sellLamp();
    const returned = await takeBack(sold);
    const kept = await sellLamp();
    await restore();
    const { engine } = counter;
    expect(numbers(await engine.receipts(10))).toEqual(numbers([kept, returned, sold]));
    expect(await engine.receipt(kept.reference.seq)).toMatchObject({ total: kept.total, hash: kept.hash });
    await onlineForAMoment();
    expect((await engine.findReceipt(sold.number)).returnable).toEqual([{ number: 1, quantity: 0 }]);
    expect(await refusalOf(takeBack(sold))).toMatchObject({ code: "return_too_much" });
    expect((await engine.findReceipt(kept.number)).returnable).toEqual([{ number: 1, quantity: 1_000 }]);
  });

  it("shows names again when the feed is back", async () => {
    await offline();
    const sold = await sellLamp();
    await restore();
    await onlineForAMoment();
    const [receipt] = await counter.engine.receipts(1);
    expect(receipt).toMatchObject({
      number: sold.number,
      lines: [{ name: { en: "Lamp" } }],
      cashier: sold.cashier,
    });
  });

  it("still has the carts that were put aside", async () => {
    const { engine } = await offline();
    await engine.addProduct({ productId: MILK });
    await engine.hold("blue coat");
    await engine.addProduct({ productId: LAMP });
    await engine.hold("gone meanwhile");
    const gone = (await engine.heldCarts()).find(({ label }) => label === "gone meanwhile");
    await engine.recall(gone?.id ?? "");
    await engine.pay({ tenders: CASH });
    await restore();
    const [held, ...others] = await counter.engine.heldCarts();
    expect([held?.label, others]).toEqual(["blue coat", []]);
    await onlineForAMoment();
    expect(await counter.engine.recall(held?.id ?? "")).toMatchObject({ total: 450 });
  });

  it("pays nothing out twice for a return that was put aside", async () => {
    counter = await new Counter(await makeShard()).open();
    await counter.engine.addProduct({ productId: LAMP, quantity: 2_000 });
    const sold = await counter.engine.pay({ tenders: CASH });
    await takeBack(sold);
    await counter.synced();
    await putReturnAside(sold);
    await takeBack(sold);
    await counter.synced();
    await restore();
    await onlineForAMoment();
    const [held] = await counter.engine.heldCarts();
    expect((await counter.engine.recall(held?.id ?? "")).lines).toEqual([]);
  });

  it("takes no more back with a return that was put aside than was left", async () => {
    counter = await new Counter(await makeShard()).open();
    await counter.engine.addProduct({ productId: LAMP, quantity: 2_000 });
    const sold = await counter.engine.pay({ tenders: CASH });
    await takeBack(sold);
    await putReturnAside(sold);
    await counter.synced();
    await restore();
    await onlineForAMoment();
    const { engine } = counter;
    const [held] = await engine.heldCarts();
    const [line] = (await engine.recall(held?.id ?? "")).lines;
    expect(line).toMatchObject({ kind: "return", quantity: 1_000 });
    const more = engine.setQuantity({ lineKey: line?.key ?? "", quantity: 2_000 });
    expect(await refusalOf(more)).toMatchObject({ code: "return_too_much" });
    expect((await engine.pay({ tenders: CASH })).total).toBe(12_005);
  });

  it("knows the halves of an exchange, and how often a receipt was printed", async () => {
    const { engine } = await offline();
    const sold = await sellLamp();
    const { reference } = sold;
    await engine.returnLines({ reference, lines: LAMP_BACK, reason: "broken" });
    await engine.addProduct({ productId: MILK });
    const exchanged = await engine.pay({ tenders: CASH });
    await engine.reprint(exchanged.reference.seq);
    await restore();
    const shown = await counter.engine.receipt(exchanged.reference.seq);
    expect(shown).toMatchObject({ kind: "sale", copy: 1, exchange: { kind: "return", total: 12_005 } });
    await onlineForAMoment();
    expect((await counter.engine.reprint(exchanged.reference.seq)).copy).toBe(2);
  });
});

describe("a till whose database went back", () => {
  it("knows what came back meanwhile, and its receipts", async () => {
    const { engine, machine } = await offline();
    const sold = await sellLamp();
    const before = await snapshot(machine);
    const returned = await takeBack(sold);
    await engine.reprint(sold.reference.seq);
    await counter.stop();
    await back(machine, before);
    await counter.boot();
    await counter.engine.signIn(CASHIER);
    expect(numbers(await counter.engine.receipts(10))).toEqual(numbers([returned, sold]));
    expect((await counter.engine.receipt(sold.reference.seq)).copy).toBe(1);
    expect(await refusalOf(takeBack(sold))).toMatchObject({ code: "return_too_much" });
  });

  it("is caught up with once: an ordinary reload changes nothing", async () => {
    const { engine } = await offline();
    const sold = await sellLamp();
    await engine.reprint(sold.reference.seq);
    for (const _ of [1, 2]) {
      await counter.stop();
      await counter.boot();
      await counter.engine.signIn(CASHIER);
    }
    expect(await counter.engine.receipt(sold.reference.seq)).toMatchObject({ ...sold, copy: 1 });
  });
});

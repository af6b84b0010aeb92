/** What came back long ago is forgotten by a till, and is not paid out again for that. */
import { openTill } from "@octonext/storage";
import { afterEach, describe, expect, it } from "vitest";

import type { Receipt } from "../src/api";
import { RETURNED } from "../src/collections";
import { Exclusive } from "../src/exclusive";
import { StateBoard } from "../src/state";
import { Till } from "../src/till";
import { wire, type Parts } from "../src/wiring";
import { environmentOf } from "./shard";
import { CASHIER, Counter, LAMP, makeShard, MILK, refusalOf } from "./shop";

let counter: Counter;
const CASH = [{ tender: "cash", amount: null, reference: null }];
const BACK = [{ number: 1, quantity: 1_000 }];

afterEach(async () => {
  await counter.stop();
});

async function sell(productId = LAMP): Promise<Receipt> {
  await counter.engine.addProduct({ productId });
  return counter.engine.pay({ tenders: CASH });
}

async function takeBack({ reference }: Receipt): Promise<Receipt> {
  await counter.engine.returnLines({ reference, lines: BACK, reason: "broken" });
  return counter.engine.pay({ tenders: CASH });
}

async function offline(): Promise<void> {
  counter.shard.cut();
  await counter.until((state) => state.sync.state === "offline");
}

async function online(): Promise<void> {
  counter.shard.reachable = true;
  counter.engine.lookAgain();
  await counter.until((state) => state.catalogue.products === 4 && state.permissions.length > 0);
  await counter.synced();
}

/** Nothing of what the shard has is in the journal any more, as after a year; or after the database was lost. */
async function restored(): Promise<void> {
  await counter.stop();
  await counter.machine.loseDatabase();
  await counter.boot();
  await counter.engine.restoreFromCopy(CASHIER);
}

/** What is done once a minute, while the engine rests; gives the keys of what is left. */
async function forgetOld(during: (parts: Parts) => Promise<unknown> = () => Promise.resolve()) {
  await counter.stop();
  const opened = await openTill(counter.machine.boot());
  if (opened.kind !== "ready") throw new Error(`the till is ${opened.kind}`);
  const environment = environmentOf(counter.shard, counter.clock);
  const till = await Till.of(environment, new StateBoard("0.1.0", () => undefined), opened.storage);
  const parts = wire(till, { revoked: () => Promise.resolve(), lock: () => undefined });
  await parts.signIn.signIn(CASHIER);
  const exclusive = new Exclusive();
  // Whoever came first does something that takes long.
  const first = exclusive.run(() => during(parts));
  const count = await parts.oldReturns.forget(exclusive);
  await first;
  const left = (await opened.storage.all(RETURNED)).map(({ key }) => key);
  parts.sync.end();
  opened.storage.close();
  await counter.boot();
  await counter.engine.signIn(CASHIER);
  return { count, left };
}

const keyOf = ({ reference: { branch, device, seq } }: Receipt) => `${branch}-${device}-${seq}`;

describe("what came back of a receipt", () => {
  it("is forgotten once its entry is, and the shard refuses it a second time", async () => {
    counter = await new Counter(await makeShard()).open();
    const sold = await sell();
    await takeBack(sold);
    await counter.synced();
    await restored();
    await offline();
    expect(await forgetOld()).toEqual({ count: 1, left: [] });
    expect(await refusalOf(counter.engine.findReceipt(sold.number))).toMatchObject({
      code: "receipt_not_found",
    });
    expect(await refusalOf(takeBack(sold))).toMatchObject({ code: "receipt_not_found" });
    await online();
    expect((await counter.engine.findReceipt(sold.number)).returnable).toEqual([{ number: 1, quantity: 0 }]);
    expect(await refusalOf(takeBack(sold))).toMatchObject({ code: "return_too_much" });
  });

  it("is known as long as its entry is kept, and refused without anybody to ask", async () => {
    counter = await new Counter(await makeShard()).open();
    const sold = await sell();
    await takeBack(sold);
    await counter.synced();
    await offline();
    expect(await forgetOld()).toEqual({ count: 0, left: [keyOf(sold)] });
    expect(await refusalOf(takeBack(sold))).toMatchObject({ code: "return_too_much" });
  });

  it("is known as a whole as long as the shard does not have all of it", async () => {
    counter = await new Counter(await makeShard()).open();
    await counter.engine.addProduct({ productId: MILK, quantity: 3_000 });
    const sold = await counter.engine.pay({ tenders: CASH });
    await takeBack(sold);
    await counter.synced();
    await offline();
    await takeBack(sold);
    await restored();
    expect(await forgetOld()).toEqual({ count: 0, left: [keyOf(sold)] });
    await online();
    expect((await counter.engine.findReceipt(sold.number)).returnable).toEqual([
      { number: 1, quantity: 1_000 },
    ]);
  });

  it("is known while a cart that was put aside would bring it back again", async () => {
    counter = await new Counter(await makeShard()).open();
    const { engine } = counter;
    const [sold, other] = [await sell(), await sell(MILK)];
    await engine.returnLines({ reference: sold.reference, lines: BACK, reason: "broken" });
    await engine.hold("has to ask at home");
    await takeBack(sold);
    await takeBack(other);
    await counter.synced();
    await restored();
    expect(await forgetOld()).toEqual({ count: 1, left: [keyOf(sold)] });
    const [held] = await counter.engine.heldCarts();
    await online();
    expect((await counter.engine.recall(held?.id ?? "")).lines).toEqual([]);
    // Nothing refers to it now.
    expect(await forgetOld()).toEqual({ count: 1, left: [] });
  });

  it("is not forgotten when more of it comes back in that moment", async () => {
    counter = await new Counter(await makeShard()).open();
    await counter.engine.addProduct({ productId: MILK, quantity: 3_000 });
    const sold = await counter.engine.pay({ tenders: CASH });
    await takeBack(sold);
    await counter.synced();
    await restored();
    await online();
    const again = await forgetOld(async ({ till, sync, returns, payments }) => {
      await sync.begin();
      await waitFor(() => till.board.state.sync.state === "online");
      await returns.returnLines({ reference: sold.reference, lines: BACK, reason: "sour" });
      await payments.pay({ tenders: CASH });
    });
    expect(again).toEqual({ count: 0, left: [keyOf(sold)] });
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  const end = performance.now() + 8_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error("not reached");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

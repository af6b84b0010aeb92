import { afterEach, describe, expect, it } from "vitest";

import { back, snapshot } from "./going-back";
import { CASHIER, Counter, LAMP, makeShard, MILK, refusalOf } from "./shop";

let counter: Counter;
const CASH = [{ tender: "cash", amount: null, reference: null }];

afterEach(async () => {
  await counter.stop();
});

async function opened(): Promise<Counter> {
  counter = new Counter(await makeShard());
  return counter.open();
}

describe("a paid cart", () => {
  it("does not come back when the database went back and the copy completed it", async () => {
    const { engine, shard, machine } = await opened();
    await counter.synced();
    shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    await engine.addProduct({ productId: LAMP });
    const before = await snapshot(machine);
    await engine.pay({ tenders: CASH });
    await counter.stop();
    await back(machine, before);
    await counter.boot();
    await counter.engine.signIn(CASHIER);
    expect((await counter.engine.cart()).lines).toEqual([]);
    expect((await counter.engine.shiftReport()).sales.count).toBe(1);
    expect((await counter.engine.receipts(5)).map((each) => each.total)).toEqual([12_005]);
    // What is not paid yet does.
    await counter.engine.addProduct({ productId: MILK });
    await counter.stop();
    await counter.boot();
    await counter.engine.signIn(CASHIER);
    expect((await counter.engine.cart()).total).toBe(450);
  });

  it("is not offered again when nobody knows whether it was written: the disk is looked at anew", async () => {
    const { engine, shard, machine } = await opened();
    await counter.synced();
    await engine.addProduct({ productId: LAMP });
    machine.unreadable = 1;
    expect((await refusalOf(engine.pay({ tenders: CASH }))).code).toBe("storage_failed");
    expect(counter.state.phase).toBe("locked");
    await engine.signIn(CASHIER);
    expect((await engine.cart()).lines).toEqual([]);
    expect((await engine.receipts(5)).map((each) => each.total)).toEqual([12_005]);
    await engine.addProduct({ productId: MILK });
    await engine.pay({ tenders: CASH });
    await counter.synced();
    expect(shard.kinds()).toEqual(["shift_opened", "sale", "sale"]);
  });

  it("is paid once, however often and with whatever else it is asked for at the same time", async () => {
    const { engine, shard } = await opened();
    await engine.addProduct({ productId: LAMP });
    const asked = await Promise.allSettled([
      engine.pay({ tenders: CASH }),
      engine.pay({ tenders: CASH }),
      engine.hold("second"),
      engine.lock(),
      engine.closeShift({ counted: 0 }),
    ]);
    expect(asked.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
      "rejected",
    ]);
    await counter.synced();
    expect(shard.kinds()).toEqual(["shift_opened", "sale"]);
  });
});

describe("a till that stopped for a person to decide", () => {
  it("goes on saying why when its page was only looked at again", async () => {
    const { engine, shard } = await opened();
    await counter.synced();
    const device = shard.device();
    device.hashes[0] = new Uint8Array(32).fill(9);
    device.head = { seq: 1, hash: new Uint8Array(32).fill(9) };
    await engine.addProduct({ productId: MILK });
    await engine.pay({ tenders: CASH });
    await counter.until((state) => state.sync.state === "stopped");
    shard.cut();
    engine.lookAgain();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(counter.state.sync).toMatchObject({ state: "stopped", lastError: { code: "forked" } });
    await engine.syncNow();
    await counter.until((state) => state.sync.state === "offline");
  });
});

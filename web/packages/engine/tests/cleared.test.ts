/** The site's data is cleared while the till runs: nothing is sold into nowhere, and the copy gives it back. */
import { afterEach, describe, expect, it } from "vitest";

import { CASHIER, Counter, LAMP, makeShard, refusalOf } from "./shop";

let counter: Counter;
const CASH = [{ tender: "cash", amount: null, reference: null }];

afterEach(async () => {
  await counter.stop();
});

async function offlineWithOneSale(): Promise<void> {
  counter = await new Counter(await makeShard()).open();
  await counter.synced();
  counter.shard.cut();
  await counter.until((state) => state.sync.state === "offline");
  await counter.engine.addProduct({ productId: LAMP });
  await counter.engine.pay({ tenders: CASH });
}

describe("a database that is cleared", () => {
  it("while a sale is open refuses it, and the next sale is made after the restore", async () => {
    await offlineWithOneSale();
    const { engine, machine } = counter;
    await engine.addProduct({ productId: LAMP });
    await machine.clearWhileRunning({ files: false });
    expect(await refusalOf(engine.pay({ tenders: CASH }))).toMatchObject({ code: "storage_failed" });
    expect(counter.state).toMatchObject({ phase: "lost", sync: { unsynced: 1 } });
    expect(await engine.restoreFromCopy(CASHIER)).toMatchObject({ unsynced: 1 });
    expect((await engine.receipts(10)).map(({ reference }) => reference.seq)).toEqual([2]);
  });

  it("with its files asks for a new enrolment", async () => {
    await offlineWithOneSale();
    const { engine, machine } = counter;
    await machine.clearWhileRunning({ files: true });
    await refusalOf(engine.addProduct({ productId: LAMP }));
    expect(counter.state.phase).toBe("unenrolled");
  });

  it("behind a locked till is noticed by whoever signs in", async () => {
    await offlineWithOneSale();
    const { engine, machine } = counter;
    await engine.lock();
    await machine.clearWhileRunning({ files: false });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await refusalOf(engine.signIn(CASHIER))).code).toBe("locked");
    expect(counter.state.phase).toBe("lost");
    expect(await engine.restoreFromCopy(CASHIER)).toMatchObject({ unsynced: 1 });
  });
});

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

describe("a database whose connection was closed while there was no room", () => {
  it("is opened again by whoever signs in", async () => {
    counter = await new Counter(await makeShard()).open();
    await counter.synced();
    const { engine, machine } = counter;
    await engine.lock();
    machine.fill();
    const reserve = machine.disks.get("reserve");
    if (reserve === undefined) throw new Error("there is no reserve");
    machine.room -= reserve.current.length;
    reserve.current = new Uint8Array(0);
    machine.tellClosed();
    // What was just being written by itself may leave a doubt, which locks until somebody tries again.
    expect(["storage_full", "locked"]).toContain((await refusalOf(engine.signIn(CASHIER))).code);
    machine.room = Number.POSITIVE_INFINITY;
    machine.clock += 1_000;
    await engine.signIn(CASHIER);
    expect(counter.state.phase).toBe("open");
  });
});

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

  it("with its files is restored from the copy, which is written again", async () => {
    await offlineWithOneSale();
    const { engine, machine } = counter;
    await machine.clearWhileRunning({ files: true });
    expect((await refusalOf(engine.addProduct({ productId: LAMP }))).code).toBe("storage_failed");
    expect(counter.state).toMatchObject({ phase: "lost", sync: { unsynced: 1 } });
    expect(await engine.restoreFromCopy(CASHIER)).toMatchObject({ unsynced: 1 });
    expect((await engine.receipts(10)).map(({ reference }) => reference.seq)).toEqual([2]);
  });

  it("with its files asks for a new enrolment when the shard has everything", async () => {
    counter = await new Counter(await makeShard()).open();
    await counter.synced();
    const { engine, machine } = counter;
    await machine.clearWhileRunning({ files: true });
    await refusalOf(engine.addProduct({ productId: LAMP }));
    expect(counter.state.phase).toBe("unenrolled");
  });

  it("with its files, while no new ones can be made, gives its receipts away, and goes on with room", async () => {
    await offlineWithOneSale();
    const { engine, machine } = counter;
    await machine.clearWhileRunning({ files: true });
    machine.room = 0;
    expect((await refusalOf(engine.addProduct({ productId: LAMP }))).code).toBe("storage_failed");
    expect(counter.state).toMatchObject({
      phase: "lost",
      sync: { unsynced: 1 },
      storage: { level: "critical", copy: "unavailable" },
    });
    expect((await engine.exportRescue()).entries).toBe(1);
    expect((await refusalOf(engine.restoreFromCopy(CASHIER))).code).toBe("storage_full");
    machine.room = Number.POSITIVE_INFINITY;
    expect(await engine.restoreFromCopy(CASHIER)).toMatchObject({ unsynced: 1 });
    expect((await engine.receipts(10)).map(({ reference }) => reference.seq)).toEqual([2]);
  });

  it("while the browser does not say whether the files are there locks nobody out", async () => {
    await offlineWithOneSale();
    const { engine, machine } = counter;
    machine.untold = true;
    await machine.clearWhileRunning({ files: false });
    expect((await refusalOf(engine.addProduct({ productId: LAMP }))).code).toBe("storage_failed");
    machine.untold = false;
    expect(counter.state.phase).toBe("lost");
    expect(await engine.restoreFromCopy(CASHIER)).toMatchObject({ unsynced: 1 });
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

/** The line to the shard: what a reload does not forget, what a fault in it does not stop, how often it is tried. */
import { Connection } from "@octonext/core";
import { afterEach, describe, expect, it, vi } from "vitest";

import { Link } from "../src/link";
import { CASHIER, Counter, LAMP, makeShard } from "./shop";

let counter: Counter;
const CASH = [{ tender: "cash", amount: null, reference: null }];
const HOUR_MS = 3_600_000;

afterEach(async () => {
  vi.restoreAllMocks();
  await counter.stop();
});

async function opened(): Promise<Counter> {
  counter = await new Counter(await makeShard()).open();
  await counter.synced();
  return counter;
}

async function sellLamp(): Promise<void> {
  await counter.engine.addProduct({ productId: LAMP });
  await counter.engine.pay({ tenders: CASH });
}

async function reload(): Promise<void> {
  await counter.stop();
  await counter.boot();
}

describe("a reload", () => {
  it("does not forget when the shard last acknowledged something", async () => {
    const { clock } = await opened();
    clock.now += HOUR_MS;
    await sellLamp();
    await counter.synced();
    const acked = clock.now;
    expect(counter.state.sync.lastAckedAt).toBe(acked);
    // What is written after it is durable: so is this.
    await counter.engine.addProduct({ productId: LAMP });
    clock.now += HOUR_MS;
    await reload();
    expect(counter.state.sync.lastAckedAt).toBe(acked);
  });

  it("is not the beginning of being offline, unless the till was online until then", async () => {
    const { clock, shard, engine } = await opened();
    shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    const { since } = counter.state.sync;
    clock.now += HOUR_MS;
    await reload();
    await counter.until((state) => state.sync.state === "offline");
    expect(counter.state.sync.since).toBe(since);
    expect(counter.engine).not.toBe(engine);
    shard.reachable = true;
    counter.engine.lookAgain();
    await counter.until((state) => state.sync.state === "online");
    expect(counter.state.sync.since).toBe(clock.now);
    clock.now += HOUR_MS;
    shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    expect(counter.state.sync.since).toBe(clock.now);
  });
});

it("a fault in the connection's machine costs the connection, and the sync goes on", async () => {
  const { shard, engine } = await opened();
  vi.spyOn(Connection.prototype, "handle").mockImplementationOnce(() => {
    throw new RangeError("broken");
  });
  await sellLamp();
  await counter.until((state) => state.sync.state === "online" && state.sync.unsynced === 0);
  await sellLamp();
  await counter.synced();
  expect(shard.kinds()).toEqual(["shift_opened", "sale", "sale"]);
  expect((await engine.shiftReport()).sales.count).toBe(2);
});

it("a till that the shard does not know yet asks at the pace of its backoff, whoever waits for it", async () => {
  const shard = await makeShard();
  counter = await new Counter(shard).boot();
  shard.enrolCode("CODE");
  shard.behind = true;
  await counter.engine.enrol({ code: "CODE", name: "Front till" });
  const nudged = vi.spyOn(Link.prototype, "tryNow");
  const dialled = vi.spyOn(shard, "openLine");
  const signedIn = counter.engine.signIn(CASHIER);
  await vi.waitFor(() => {
    expect(dialled.mock.calls.length).toBeGreaterThan(2);
  }, 5_000);
  shard.behind = false;
  await signedIn;
  expect(counter.state.phase).toBe("open");
  expect(nudged).toHaveBeenCalledTimes(1);
});

import { describe, expect, it, vi } from "vitest";

import { KEEP_DAYS, KEEP_ENTRIES } from "../src/journal";
import { openTill } from "../src/open";
import { RESERVE_BYTES } from "../src/quota";
import { Machine } from "./machine";
import { newShop, opened, PERSON, PIN, sell, SHIFT, written } from "./shop";

// The same Argon2id at a thousandth of its cost.
vi.mock("hash-wasm", async (load) => {
  const real = await load<typeof import("hash-wasm")>();
  const argon2id: typeof real.argon2id = (options) =>
    real.argon2id({ ...options, memorySize: 16, iterations: 1 });
  return { ...real, argon2id };
});

const MIB = 1024 * 1024;

describe("when room runs out", () => {
  it("the alarm is raised long before, and the reserve is kept full", async () => {
    const machine = new Machine();
    const { storage } = await newShop(machine.boot());
    expect(machine.disks.get("reserve")?.current.length).toBe(RESERVE_BYTES);
    expect((await storage.figures()).level).toBe("ok");
    machine.quota = { usage: 900 * MIB, quota: 1000 * MIB };
    expect((await storage.figures()).level).toBe("low");
    machine.quota = { usage: 960 * MIB, quota: 1000 * MIB };
    expect((await storage.figures()).level).toBe("critical");
    expect((await storage.figures()).persisted).toBe(false);
    expect(await storage.requestPersistence()).toBe(true);
    expect((await storage.figures()).persisted).toBe(true);
  });

  it("the database's writing is tried again on the reserve, and then refused with nothing written", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    await sell(shop, machine.clock);
    machine.databaseFull = true;
    await expect(sell(shop, machine.clock)).rejects.toMatchObject({ code: "storage_full" });
    expect(machine.disks.get("reserve")?.current.length).toBe(0);
    expect(shop.storage.journal.head.seq).toBe(1);
    machine.databaseFull = false;
    await sell(shop, machine.clock);
    // Room came back: the reserve is filled again.
    await shop.storage.figures();
    expect((await shop.storage.figures()).level).toBe("ok");
    expect(machine.disks.get("reserve")?.current.length).toBe(RESERVE_BYTES);
    expect((await written(shop.storage)).length).toBe(2);
  });

  it("selling goes on when only the reserve's room is left", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    const { release } = machine.fillUntilReserveIsReleased();
    await sell(shop, machine.clock);
    expect(release()).toBe(true);
    expect((await written(shop.storage)).length).toBe(1);
    machine.quota = { usage: 990 * MIB, quota: 1000 * MIB };
    expect((await shop.storage.figures()).level).toBe("critical");
  });

  it("a connection that the browser closed for it is replaced, and the sale is written once", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    await sell(shop, machine.clock);
    machine.closesWhenFull = true;
    machine.fillUntilReserveIsReleased();
    await sell(shop, machine.clock);
    await sell(shop, machine.clock);
    expect(shop.storage.journal.head.seq).toBe(3);
    expect(shop.storage.doubtful).toBe(false);
    expect((await written(shop.storage)).length).toBe(3);
    // Without any room left it is refused, and nothing of it is there; then it goes on.
    machine.databaseFull = true;
    await expect(sell(shop, machine.clock)).rejects.toMatchObject({ code: "storage_full" });
    await expect(sell(shop, machine.clock)).rejects.toMatchObject({ code: "storage_full" });
    expect(shop.storage.journal.head.seq).toBe(3);
    machine.databaseFull = false;
    await sell(shop, machine.clock);
    expect((await written(shop.storage)).length).toBe(4);
  });

  it("the database is never written to on a full disk: the reserve goes first, then it is refused", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    machine.clock += 1_000;
    machine.fill();
    await sell(shop, machine.clock, 2);
    expect(machine.disks.get("reserve")?.current.length).toBe(0);
    expect((await shop.storage.figures()).level).toBe("critical");
    // What it had again of its reserve goes as well.
    machine.clock += 1_000;
    machine.fill();
    await sell(shop, machine.clock);
    machine.clock += 1_000;
    machine.fill();
    for (let tries = 0; tries < 2; tries++) {
      await expect(sell(shop, machine.clock)).rejects.toMatchObject({ code: "storage_full" });
    }
    expect(shop.storage.doubtful).toBe(false);
    expect(shop.storage.journal.head.seq).toBe(3);
    // Nor by a start, which changes nothing and can be tried again.
    machine.cut();
    await expect(openTill(machine.boot())).rejects.toMatchObject({ code: "storage_full" });
    machine.room = Number.POSITIVE_INFINITY;
    const { storage } = await opened(machine.boot(), "ready");
    expect((await written(storage)).length).toBe(3);
    expect(machine.torn).toBe(0);
  });

  it("keys are wiped all the same", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    await sell(shop, machine.clock);
    machine.clock += 1_000;
    machine.fill();
    await sell(shop, machine.clock);
    machine.clock += 1_000;
    machine.fill();
    await shop.storage.wipe("stolen");
    shop.storage.close();
    machine.room = Number.POSITIVE_INFINITY;
    expect((await openTill(machine.boot())).kind).toBe("revoked");
  });

  it("the alarm stays while the disk has no room, whatever the browser says of it", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    machine.fillUntilReserveIsReleased();
    await sell(shop, machine.clock);
    machine.room = RESERVE_BYTES;
    machine.quota = { usage: 20 * MIB, quota: 10_000 * MIB };
    expect((await shop.storage.figures()).level).toBe("critical");
    expect(machine.disks.get("reserve")?.current.length).toBeLessThan(RESERVE_BYTES);
    machine.room = Number.POSITIVE_INFINITY;
    machine.clock += 60_000;
    await shop.storage.figures();
    expect((await shop.storage.figures()).level).toBe("ok");
    expect(machine.disks.get("reserve")?.current.length).toBe(RESERVE_BYTES);
  });

  it("for the copy alone, or it breaks, selling goes on, and the copy is mended when it can be", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    machine.brokenFiles = true;
    for (let sale = 0; sale < 3; sale++) await sell(shop, machine.clock);
    expect((await shop.storage.figures()).copy).toBe("failing");
    machine.brokenFiles = false;
    for (let sale = 0; sale < 16; sale++) await sell(shop, machine.clock);
    expect((await shop.storage.figures()).copy).toBe("ok");
    machine.cut();
    await machine.loseDatabase();
    const lost = await opened(machine.boot(), "lost");
    expect((await lost.restore({ code: PERSON.code, pin: PIN })).unsynced).toBe(19);
  });
});

describe("pruning", () => {
  it("takes only what is acknowledged, old, and not of the open shift", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    const { storage } = shop;
    const old = 60;
    await sell(shop, machine.clock, old);
    const [last] = await storage.journal.entries(old, old);
    if (last === undefined) throw new Error("nothing was sold");
    machine.clock += (KEEP_DAYS + 1) * 86_400_000;
    expect(await storage.prune({ openKeyId: null })).toBe(0);
    await storage.markAcked(last);
    // Old enough, but among the last that stay whatever the clock says.
    expect(await storage.prune({ openKeyId: null })).toBe(0);
    await sell(shop, machine.clock, KEEP_ENTRIES);
    expect(await storage.prune({ openKeyId: SHIFT })).toBe(0);
    expect(await storage.prune({ openKeyId: null })).toBe(old - 1);
    expect(storage.journal.base.seq).toBe(old - 1);
    await storage.markAcked(storage.journal.head);
    expect(await storage.prune({ openKeyId: null })).toBe(1);
    expect(await storage.prune({ openKeyId: null, pressed: true })).toBe(0);
    expect(await storage.journal.outgoing(old - 2, 5)).toBe(null);
    expect((await storage.journal.outgoing(old, 5))?.entries.length).toBe(5);
    expect(await storage.journal.receipt(1)).toBe(null);
    machine.cut();
    const again = await opened(machine.boot(), "ready");
    expect((await written(again.storage)).length).toBe(KEEP_ENTRIES);
  }, 60_000);
});

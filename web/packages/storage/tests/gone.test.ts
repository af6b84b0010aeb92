/** A database that goes away, or is another one, while the till runs; and files that do not work. */
import { describe, expect, it, vi } from "vitest";

import { openDatabase, reopenDatabase } from "../src/database";
import { openTill } from "../src/open";
import { RESERVE_BYTES } from "../src/quota";
import { Machine } from "./machine";
import { entryAfter, newShop, opened, PERSON, PIN, sell, written, type Shop } from "./shop";

// The same Argon2id at a thousandth of its cost.
vi.mock("hash-wasm", async (load) => {
  const real = await load<typeof import("hash-wasm")>();
  const argon2id: typeof real.argon2id = (options) =>
    real.argon2id({ ...options, memorySize: 16, iterations: 1 });
  return { ...real, argon2id };
});

const nobody = (): void => undefined;

/** Three sales, of which the shard has two. */
async function selling(machine: Machine): Promise<Shop> {
  const shop = await newShop(machine.boot());
  await sell(shop, machine.clock, 3);
  const [second] = await shop.storage.journal.entries(2, 2);
  if (second === undefined) throw new Error("nothing was sold");
  await shop.storage.markAcked(second);
  return shop;
}

async function refused(shop: Shop, machine: Machine): Promise<void> {
  for (let tries = 0; tries < 2; tries++) {
    await expect(sell(shop, machine.clock)).rejects.toMatchObject({ code: "storage_failed" });
    expect(shop.storage.doubtful).toBe(true);
  }
  expect(shop.storage.journal.head.seq).toBe(3);
}

/** Writes into the database as it is, and closes the till's connection as a browser does. */
async function replaceRow(machine: Machine, name: string, change: (row: object) => object): Promise<void> {
  const database = await openDatabase(machine.factory, nobody);
  const row = (await database.get("places", name as "head")) as object;
  await database.put("places", change(row) as never, name as "head");
  database.close();
  machine.tellClosed();
}

describe("a database that was cleared while the till runs", () => {
  it.each([false, true])("is not made anew, and nothing is sold any more (files too: %s)", async (files) => {
    const machine = new Machine();
    const shop = await selling(machine);
    const before = await written(shop.storage);
    await machine.clearWhileRunning({ files });
    // An idle till notices as well.
    await vi.waitFor(() => {
      expect(shop.storage.doubtful).toBe(true);
    });
    await refused(shop, machine);
    expect(await machine.databases()).toBe(0);
    // The copy's files were deleted while they were open; what the shard lacks is written again.
    await shop.storage.abandon();
    const lost = await opened(machine.boot(), "lost");
    expect([lost.why, lost.unsynced]).toEqual(["missing", 1]);
    const { storage } = await lost.restore({ code: PERSON.code, pin: PIN });
    expect(await written(storage)).toEqual(before.slice(2));
  });

  it("together with the files, when the shard has everything, is cleared for good", async () => {
    const machine = new Machine();
    const shop = await selling(machine);
    await shop.storage.markAcked(shop.storage.journal.head);
    await machine.clearWhileRunning({ files: true });
    await shop.storage.abandon();
    expect((await openTill(machine.boot())).kind).toBe("unenrolled");
  });

  it("is noticed by the next write when no browser tells of it", async () => {
    const machine = new Machine();
    const shop = await selling(machine);
    await machine.loseDatabase();
    await refused(shop, machine);
    expect(await machine.databases()).toBe(0);
  });

  it("while a sale is being written is not sold into", async () => {
    const machine = new Machine();
    const shop = await selling(machine);
    const selling4 = sell(shop, machine.clock);
    await machine.clearWhileRunning({ files: false });
    await selling4.catch(nobody);
    await vi.waitFor(() => {
      expect(shop.storage.doubtful).toBe(true);
    });
    await expect(sell(shop, machine.clock)).rejects.toMatchObject({ code: "storage_failed" });
    expect(await machine.databases()).toBe(0);
  });
});

describe("files that were deleted under the copy", () => {
  it("are written again while the till runs, as often as it happens", async () => {
    const machine = new Machine();
    const shop = await selling(machine);
    for (let times = 0; times < 2; times++) {
      machine.disks.clear();
      expect((await shop.storage.figures()).copy).toBe("ok");
      await sell(shop, machine.clock);
    }
    const before = await written(shop.storage);
    machine.cut();
    await machine.loseDatabase();
    const lost = await opened(machine.boot(), "lost");
    expect(lost.unsynced).toBe(3);
    const { storage } = await lost.restore({ code: PERSON.code, pin: PIN });
    expect(await written(storage)).toEqual(before.slice(2));
  });
});

describe("a connection that the browser closed", () => {
  it("is replaced when the same database is there, also after a write", async () => {
    const machine = new Machine();
    const shop = await selling(machine);
    machine.tellClosed();
    await vi.waitFor(() => sell(shop, machine.clock));
    machine.tellClosed();
    await vi.waitFor(async () => {
      expect((await written(shop.storage)).length).toBe(4);
    });
    expect(shop.storage.doubtful).toBe(false);
  });

  it.each([
    ["another till's", "till", (row: object) => ({ ...row, device: 8 })],
    ["another enrolment's", "till", (row: object) => ({ ...row, salt: new Uint8Array(16) })],
    ["an older one", "head", (row: object) => ({ ...row, seq: 2 })],
    ["one that went on otherwise", "head", (row: object) => ({ ...row, hash: new Uint8Array(32) })],
  ])("is not replaced by %s", async (_, name, change) => {
    const machine = new Machine();
    const shop = await selling(machine);
    await replaceRow(machine, name, change);
    await vi.waitFor(() => {
      expect(shop.storage.doubtful).toBe(true);
    });
    await refused(shop, machine);
  });

  it("and that cannot be opened again leaves a doubt about a write that failed for another reason", async () => {
    const machine = new Machine();
    const shop = await selling(machine);
    const entry = await entryAfter(shop, shop.storage.journal.head, machine.clock);
    machine.heldFor = 1_000;
    machine.disconnect();
    await expect(shop.storage.commit({ entries: [entry] })).rejects.toMatchObject({ code: "storage_failed" });
    expect(shop.storage.doubtful).toBe(true);
    machine.heldFor = 0;
    expect((await opened(machine.boot(), "ready")).storage.journal.head.seq).toBe(3);
  });

  it("is never opened as a new database", async () => {
    const machine = new Machine();
    const { indexedDB } = machine.boot();
    await expect(reopenDatabase(indexedDB, nobody)).rejects.toMatchObject({
      code: "storage_failed",
      params: { detail: "the database is gone" },
    });
    expect(await machine.databases()).toBe(0);
  });
});

describe("the reserve", () => {
  it("that cannot be filled or cut keeps no till from opening, and the alarm is raised", async () => {
    const machine = new Machine();
    const shop = await selling(machine);
    shop.storage.close();
    const reserve = machine.disks.get("reserve");
    if (reserve === undefined) throw new Error("there is no reserve");
    reserve.current = reserve.durable = reserve.current.slice(0, 65_536);
    machine.brokenFiles = true;
    const { storage } = await opened(machine.boot(), "ready");
    expect((await storage.figures()).level).toBe("critical");
    // Nor is what failed for lack of room anything else for it.
    await storage.vault.unlock({ code: PERSON.code, pin: PIN });
    machine.databaseFull = true;
    const { seal, wrapped } = shop;
    await expect(sell({ storage, share: shop.share, seal, wrapped }, machine.clock)).rejects.toMatchObject({
      code: "storage_full",
    });
  });

  it("is not given up for a database of a newer app", async () => {
    const machine = new Machine();
    const shop = await selling(machine);
    shop.storage.close();
    const version = 9;
    const newer = await openDatabase(
      machine.boot().indexedDB,
      nobody,
      Array.from({ length: version }, () => (_: IDBDatabase, upgrade: IDBTransaction) => {
        upgrade.objectStore("places").put({ oldest: version }, "schema");
      }),
    );
    newer.close();
    expect(await openTill(machine.boot())).toEqual({ kind: "newer", version });
    expect(machine.disks.get("reserve")?.current.length).toBe(RESERVE_BYTES);
  });

  it("is given up before a database is opened without room", async () => {
    const machine = new Machine();
    const shop = await selling(machine);
    shop.storage.close();
    machine.clock += 1_000;
    machine.fill();
    expect((await openTill(machine.boot())).kind).toBe("ready");
    expect(machine.disks.get("reserve")?.current.length).toBe(0);
  });
});

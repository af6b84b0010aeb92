/** A disk with little room left: who may use the reserve, what is refused, and what is never taken for damage. */
import { describe, expect, it, vi } from "vitest";

import { openTill } from "../src/open";
import { RESERVE_BYTES } from "../src/quota";
import { Machine } from "./machine";
import { newShop, opened, PERSON, PIN, sell, written, type Shop } from "./shop";

// The same Argon2id at a thousandth of its cost.
vi.mock("hash-wasm", async (load) => {
  const real = await load<typeof import("hash-wasm")>();
  const argon2id: typeof real.argon2id = (options) =>
    real.argon2id({ ...options, memorySize: 16, iterations: 1 });
  return { ...real, argon2id };
});

const MIB = 1024 * 1024;
const CATALOGUE = { image: "catalogue", parts: [new Uint8Array(3 * MIB)], through: 0 };

/** Bytes in the reserve's file. */
function reserveOf(machine: Machine): number | undefined {
  return machine.disks.get("reserve")?.current.length;
}

/** One receipt sold, then so many bytes are left beside the reserve. */
async function cramped(machine: Machine, left: number): Promise<Shop> {
  const shop = await newShop(machine.boot());
  await sell(shop, machine.clock);
  machine.clock += 1_000;
  machine.fill();
  machine.room += left;
  return shop;
}

describe("the catalogue", () => {
  it.each([0, MIB / 8, MIB])(
    "never takes what receipts need, with %s bytes beside the reserve",
    async (left) => {
      const machine = new Machine();
      const { storage } = await cramped(machine, left);
      const delta = {
        feed: "reference",
        cursor: "1",
        segments: [{ image: "catalogue", bytes: new Uint8Array(MIB) }],
      };
      for (const storing of [storage.images.replace(CATALOGUE), storage.images.storeDelta(delta)]) {
        await expect(storing).rejects.toMatchObject({ code: "storage_full" });
      }
      expect(reserveOf(machine)).toBe(RESERVE_BYTES);
      expect((await storage.images.read("catalogue")).image).toBe(null);
    },
  );

  it("leaves to receipts also what the reserve was given up for, and is stored when there is room", async () => {
    const machine = new Machine();
    const shop = await cramped(machine, 0);
    await sell(shop, machine.clock);
    expect(reserveOf(machine)).toBe(0);
    await expect(shop.storage.images.replace(CATALOGUE)).rejects.toMatchObject({ code: "storage_full" });
    machine.room = Number.POSITIVE_INFINITY;
    await shop.storage.images.replace(CATALOGUE);
    const { image } = await shop.storage.images.read("catalogue");
    expect(image?.map((part) => part.length)).toEqual([3 * MIB]);
  });
});

describe("the reserve", () => {
  it("goes before a receipt is written into less than the database may need", async () => {
    const machine = new Machine();
    const shop = await cramped(machine, MIB / 2);
    await sell(shop, machine.clock);
    expect(reserveOf(machine)).toBe(0);
  });

  it("comes back step by step and never takes the last of the disk", async () => {
    const machine = new Machine();
    const shop = await cramped(machine, 0);
    await sell(shop, machine.clock);
    let fullest = Number.POSITIVE_INFINITY;
    for (let minute = 0; minute < 3; minute++) {
      machine.clock += 61_000;
      await shop.storage.figures();
      fullest = Math.min(fullest, machine.left);
    }
    expect(fullest).toBeGreaterThanOrEqual(MIB);
    expect(reserveOf(machine)).toBeGreaterThanOrEqual(5 * MIB);
    expect((await shop.storage.figures()).level).toBe("critical");
  });

  it("goes before a database that does not open is said to be damaged", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    await sell(shop, machine.clock, 3);
    shop.storage.close();
    machine.clock += 1_000;
    machine.closesWhenFull = true;
    machine.fillUntilReserveIsReleased();
    machine.fill();
    machine.room += MIB / 2;
    const { storage } = await opened(machine.boot(), "ready");
    expect((await written(storage)).length).toBe(3);
  });

  it("and all else are gone: a database that does not open is not said to be damaged", async () => {
    const machine = new Machine();
    const shop = await cramped(machine, 0);
    await sell(shop, machine.clock);
    shop.storage.close();
    machine.clock += 1_000;
    machine.fill();
    machine.room += 2 * MIB;
    machine.closesWhenFull = true;
    machine.databaseFull = true;
    await expect(openTill(machine.boot())).rejects.toMatchObject({ code: "storage_full" });
    machine.databaseFull = false;
    expect((await written((await opened(machine.boot(), "ready")).storage)).length).toBe(2);
  });
});

describe("a till that was stolen", () => {
  it("loses its keys on a full disk, with the reserve's room", async () => {
    const machine = new Machine();
    const shop = await cramped(machine, 0);
    await sell(shop, machine.clock);
    machine.clock += 1_000;
    machine.room = Number.POSITIVE_INFINITY;
    await shop.storage.figures();
    expect(reserveOf(machine)).toBe(RESERVE_BYTES);
    machine.fillUntilReserveIsReleased();
    await shop.storage.wipe("stolen");
    shop.storage.close();
    expect((await openTill(machine.boot())).kind).toBe("revoked");
  });

  it("and whose database could not be wiped is wiped by the next start", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    await sell(shop, machine.clock);
    machine.databaseFull = true;
    await expect(shop.storage.wipe("stolen")).rejects.toMatchObject({ code: "storage_full" });
    shop.storage.close();
    machine.databaseFull = false;
    for (let starts = 0; starts < 2; starts++) {
      const ended = await opened(machine.boot(), "revoked");
      expect([ended.reason, ended.unsynced]).toEqual(["stolen", 1]);
    }
  });
});

describe("a connection that the browser closed while there was no room", () => {
  it("is opened again by whoever looks at the disk or signs in", async () => {
    for (const again of ["figures", "reconnect"] as const) {
      const machine = new Machine();
      const shop = await cramped(machine, 0);
      await sell(shop, machine.clock);
      machine.clock += 1_000;
      machine.fill();
      machine.tellClosed();
      await expect(shop.storage.reconnect()).rejects.toMatchObject({ code: "storage_full" });
      machine.room = Number.POSITIVE_INFINITY;
      machine.clock += 1_000;
      await shop.storage[again]();
      await shop.storage.vault.unlock({ code: PERSON.code, pin: PIN });
      await sell(shop, machine.clock);
      expect(shop.storage.doubtful).toBe(false);
    }
  });
});

describe("a sale that the database does not give back", () => {
  it("is refused, and is in no copy either", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    await sell(shop, machine.clock);
    const reading = vi.spyOn(IDBObjectStore.prototype, "get").mockImplementationOnce(function (
      this: IDBObjectStore,
    ) {
      return this.count(-1) as IDBRequest;
    });
    await expect(sell(shop, machine.clock)).rejects.toMatchObject({ code: "storage_failed" });
    reading.mockRestore();
    expect(shop.storage.doubtful).toBe(true);
    shop.storage.close();
    await machine.loseDatabase();
    const lost = await opened(machine.boot(), "lost");
    expect(lost.unsynced).toBe(1);
    const { storage } = await lost.restore({ code: PERSON.code, pin: PIN });
    expect((await written(storage)).length).toBe(1);
  });
});

/** Files that the browser deleted while no new ones can be made: what the shard lacks lives in memory meanwhile. */
import { describe, expect, it, vi } from "vitest";

import { openTill } from "../src/open";
import { Machine } from "./machine";
import { newShop, opened, OTHER, PERSON, PIN, sell, written, type Shop } from "./shop";

// The same Argon2id at a thousandth of its cost.
vi.mock("hash-wasm", async (load) => {
  const real = await load<typeof import("hash-wasm")>();
  const argon2id: typeof real.argon2id = (options) =>
    real.argon2id({ ...options, memorySize: 16, iterations: 1 });
  return { ...real, argon2id };
});

/** Three receipts in files that were deleted. */
async function adrift(machine: Machine): Promise<Shop> {
  const shop = await newShop(machine.boot(), [PERSON, OTHER]);
  await sell(shop, machine.clock, 3);
  machine.disks.clear();
  machine.unmakable = true;
  expect((await shop.storage.figures()).copy).toBe("unavailable");
  return shop;
}

describe("a copy whose files were deleted", () => {
  it("takes what is sold and forgotten until it is in new files", async () => {
    const machine = new Machine();
    const shop = await adrift(machine);
    const [first] = await shop.storage.journal.entries(1, 1);
    if (first === undefined) throw new Error("nothing was sold");
    await shop.storage.markAcked(first);
    await sell(shop, machine.clock, 2);
    await shop.storage.vault.forget(OTHER.id);
    machine.unmakable = false;
    expect((await shop.storage.figures()).copy).toBe("ok");
    await sell(shop, machine.clock);
    const before = await written(shop.storage);
    machine.cut();
    await machine.loseDatabase();
    const lost = await opened(machine.boot(), "lost");
    expect(lost.unsynced).toBe(5);
    await expect(lost.restore({ code: OTHER.code, pin: PIN })).rejects.toMatchObject({
      code: "online_sign_in_needed",
    });
    const { storage } = await lost.restore({ code: PERSON.code, pin: PIN });
    expect(await written(storage)).toEqual(before.slice(1));
  });

  it("is written whole when only one of the two is gone, and can be opened by the next start", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    await sell(shop, machine.clock, 3);
    machine.disks.delete("journal-0");
    expect((await shop.storage.figures()).copy).toBe("ok");
    machine.cut();
    await machine.loseDatabase();
    expect((await opened(machine.boot(), "lost")).unsynced).toBe(3);
  });

  it("and whose database is gone too gives its receipts away, and is restored when there is room", async () => {
    const machine = new Machine();
    const shop = await adrift(machine);
    const before = await written(shop.storage);
    const environment = machine.boot();
    await machine.loseDatabase();
    const left = await shop.storage.abandon();
    const found = await openTill(environment, left);
    if (found.kind !== "lost") throw new Error(`the till is ${found.kind}`);
    expect(found.unsynced).toBe(3);
    expect((await found.rescue()).pushes.flatMap(({ entries }) => entries).length).toBe(3);
    expect(await machine.databases()).toBe(0);
    machine.unmakable = false;
    await vi.waitFor(() => {
      expect(machine.disks.has("journal-0")).toBe(true);
    }, 10_000);
    const { storage } = await found.restore({ code: PERSON.code, pin: PIN });
    expect(await written(storage)).toEqual(before);
    // The reserve as well, which could not be made before.
    await storage.figures();
    expect((await storage.figures()).level).toBe("ok");
  });

  it("is taken over when the browser does not say whether they are there", async () => {
    const machine = new Machine();
    const environment = machine.boot();
    const shop = await newShop(environment);
    await sell(shop, machine.clock, 3);
    machine.untold = true;
    const left = await shop.storage.abandon();
    machine.untold = false;
    const found = await openTill(environment, left);
    if (found.kind !== "ready") throw new Error(`the till is ${found.kind}`);
    expect((await found.storage.figures()).copy).toBe("ok");
    expect((await written(found.storage)).length).toBe(3);
  });
});

import { describe, expect, it, vi } from "vitest";

import { ATTEMPTS_MAX } from "../src/attempts";
import { MIGRATIONS, openDatabase, readPlace, SCHEMA_VERSION, type Migration } from "../src/database";
import { openTill } from "../src/open";
import { Machine } from "./machine";
import { DEVICE, newShop, opened, OTHER, PERSON, PIN, resume, sell, written } from "./shop";

// The same Argon2id at a thousandth of its cost.
vi.mock("hash-wasm", async (load) => {
  const real = await load<typeof import("hash-wasm")>();
  const argon2id: typeof real.argon2id = (options) =>
    real.argon2id({ ...options, memorySize: 16, iterations: 1 });
  return { ...real, argon2id };
});

/** Changes the database behind the till's back. */
async function tamper(
  machine: Machine,
  change: (stores: (name: string) => IDBObjectStore) => void,
): Promise<void> {
  machine.cut();
  const database = await new Promise<IDBDatabase>((resolve) => {
    const opening = machine.factory.open("octonext-till");
    opening.onsuccess = () => {
      resolve(opening.result);
    };
  });
  const writing = database.transaction(Array.from(database.objectStoreNames), "readwrite");
  change((name) => writing.objectStore(name));
  await new Promise((resolve) => {
    writing.oncomplete = resolve;
  });
  database.close();
}

async function shopWith(machine: Machine, sales: number): Promise<string[]> {
  const shop = await newShop(machine.boot(), [PERSON, OTHER]);
  await sell(shop, machine.clock, sales);
  return written(shop.storage);
}

describe("a till whose database", () => {
  it("has lost an entry in the middle is restored from the copy", async () => {
    const machine = new Machine();
    const before = await shopWith(machine, 5);
    await tamper(machine, (stores) => {
      stores("entries").delete(3);
    });
    const lost = await opened(machine.boot(), "lost");
    expect([lost.why, lost.device, lost.entries, lost.unsynced]).toEqual(["damaged", DEVICE, 5, 5]);
    const { storage } = await lost.restore({ code: PERSON.code, pin: PIN });
    expect(await written(storage)).toEqual(before);
    expect(await storage.vault.people()).toEqual(expect.arrayContaining([PERSON, OTHER]));
    storage.vault.lock();
    expect(await storage.vault.unlock({ code: OTHER.code, pin: PIN })).toEqual(OTHER);
  });

  it("is still held by a browser that was killed is waited for, and nothing is restored", async () => {
    const machine = new Machine();
    const before = await shopWith(machine, 2);
    machine.heldFor = 3;
    const { storage } = await opened(machine.boot(), "ready");
    expect(machine.heldFor).toBe(0);
    await storage.vault.unlock({ code: PERSON.code, pin: PIN });
    expect(await written(storage)).toEqual(before);
  });

  it("went back behind the copy is completed from it without anybody's PIN", async () => {
    const machine = new Machine();
    const before = await shopWith(machine, 5);
    const { storage } = await opened(machine.boot(), "ready");
    const [third] = await storage.journal.entries(3, 3);
    await tamper(machine, (stores) => {
      stores("entries").delete(4);
      stores("entries").delete(5);
      stores("places").put({ seq: 3, hash: third?.hash }, "head");
    });
    const found = await opened(machine.boot(), "ready");
    expect(found.healed).toBe(2);
    expect(await written(found.storage)).toEqual(before);
    await sell(await resume(found.storage), machine.clock);
  });

  it("went on otherwise than the copy is not mixed with it", async () => {
    const machine = new Machine();
    await shopWith(machine, 5);
    const { storage } = await opened(machine.boot(), "ready");
    const [third] = await storage.journal.entries(3, 3);
    await tamper(machine, (stores) => {
      for (const seq of [4, 5]) stores("entries").delete(seq);
      const hash = new Uint8Array(32).fill(9);
      stores("entries").put({ ...third, seq: 3, k: third?.keyId, h: hash });
      stores("places").put({ seq: 3, hash }, "head");
    });
    expect((await opened(machine.boot(), "lost")).why).toBe("behind");
  });

  it("lost its keys gives them back from the copy, with what only the database had", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    await sell(shop, machine.clock, 3);
    const { head } = shop.storage.journal;
    await shop.storage.markAcked(head);
    machine.brokenFiles = true;
    await sell(shop, machine.clock, 2);
    expect((await shop.storage.figures()).copy).toBe("failing");
    machine.brokenFiles = false;
    const before = await written(shop.storage);
    machine.cut("kept");
    await tamper(machine, (stores) => {
      stores("keyring").clear();
    });
    const lost = await opened(machine.boot(), "lost");
    const { storage } = await lost.restore({ code: PERSON.code, pin: PIN });
    expect(await written(storage)).toEqual(before);
    expect(storage.journal.acked.seq).toBe(3);
    // Receipts of what the shard has already, which no copy holds.
    expect((await storage.journal.receipts(9)).map(({ seq }) => seq)).toEqual([3, 2, 1]);
  });

  it("is gone counts wrong PINs in the copy, and forgets the person at the tenth", async () => {
    const machine = new Machine();
    await shopWith(machine, 2);
    machine.cut();
    await machine.loseDatabase();
    for (let tries = 1; tries <= ATTEMPTS_MAX; tries++) {
      const lost = await opened(machine.boot(), "lost");
      const code = tries === ATTEMPTS_MAX ? "online_sign_in_needed" : "wrong_pin";
      await expect(lost.restore({ code: PERSON.code, pin: "0000" })).rejects.toMatchObject({ code });
      if (tries === 3) {
        await expect(lost.restore({ code: PERSON.code, pin: PIN })).rejects.toMatchObject({
          code: "locked_out",
        });
      }
      machine.clock += 3_600_000;
      machine.cut();
    }
    const lost = await opened(machine.boot(), "lost");
    await expect(lost.restore({ code: PERSON.code, pin: PIN })).rejects.toThrow("online_sign_in_needed");
    // The entries are not lost for that, and somebody else may still open it.
    expect((await lost.rescue()).pushes.length).toBe(2);
    expect((await lost.restore({ code: OTHER.code, pin: PIN })).unsynced).toBe(2);
  });

  it("is gone gives up entries only when told how many", async () => {
    const machine = new Machine();
    await shopWith(machine, 2);
    machine.cut();
    await machine.loseDatabase();
    const lost = await opened(machine.boot(), "lost");
    await expect(lost.startOver({ loseUnsynced: 0 })).rejects.toThrow("2 entries would be lost");
    await lost.startOver({ loseUnsynced: 2 });
    expect((await openTill(machine.boot())).kind).toBe("unenrolled");
  });

  it("is gone, and whose copy is damaged in the middle, says so instead of restoring half", async () => {
    const machine = new Machine();
    const shop = await newShop(machine.boot());
    for (let sale = 0; sale < 3; sale++) await sell(shop, machine.clock);
    machine.cut();
    for (const disk of machine.disks.values()) {
      const place = Buffer.from(disk.current).indexOf("entry|2");
      if (place !== -1) disk.current[place + 60] = (disk.current[place + 60] ?? 0) ^ 1;
    }
    const whole = await opened(machine.boot(), "ready");
    expect((await whole.storage.figures()).copy).toBe("ok");
    machine.cut();
    await machine.loseDatabase();
    // The start before had mended the copy from the database.
    const lost = await opened(machine.boot(), "lost");
    expect(lost.unsynced).toBe(3);
  });
});

describe("a database of another version", () => {
  const added: Migration = (database) => {
    database.createObjectStore("later");
  };
  const breaking: Migration = (_, upgrade) => {
    upgrade.objectStore("places").put({ oldest: SCHEMA_VERSION + 1 }, "schema");
  };
  const nobody = (): void => undefined;

  it("that is older is brought up to date and loses nothing", async () => {
    const machine = new Machine();
    const before = await shopWith(machine, 3);
    machine.cut();
    const newer = await openDatabase(machine.boot().indexedDB, nobody, [...MIGRATIONS, added]);
    expect(newer.version).toBe(SCHEMA_VERSION + 1);
    expect(await newer.count("entries")).toBe(before.length);
    newer.close();
    // And the older app goes on with it, because nothing it needs was changed.
    const { storage } = await opened(machine.boot(), "ready");
    expect(await written(storage)).toEqual(before);
    await sell(await resume(storage), machine.clock);
  });

  it("that is newer than this app can work with is left alone", async () => {
    const machine = new Machine();
    const before = await shopWith(machine, 3);
    machine.cut();
    const migrations = [...MIGRATIONS, breaking];
    (await openDatabase(machine.boot().indexedDB, nobody, migrations)).close();
    expect(await openTill(machine.boot())).toEqual({ kind: "newer", version: SCHEMA_VERSION + 1 });
    const newer = await openDatabase(machine.boot().indexedDB, nobody, migrations);
    expect(await newer.count("entries")).toBe(before.length);
    expect((await readPlace(newer, "head"))?.seq).toBe(3);
  });
});

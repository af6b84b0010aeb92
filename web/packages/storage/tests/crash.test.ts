import { describe, expect, it, vi } from "vitest";

import { openTill } from "../src/open";
import { Machine, type Tearing } from "./machine";
import { newShop, opened, PERSON, PIN, resume, sell, SHIFT, TOTALS, written, type Shop } from "./shop";

// The same Argon2id at a thousandth of its cost: these tests sign in hundreds of times.
vi.mock("hash-wasm", async (load) => {
  const real = await load<typeof import("hash-wasm")>();
  const argon2id: typeof real.argon2id = (options) =>
    real.argon2id({ ...options, memorySize: 16, iterations: 1 });
  return { ...real, argon2id };
});

const TEARINGS: Tearing[] = ["lost", "torn", "kept"];
/** Three of these make the copy worth writing anew. */
const LONG = "x".repeat(700_000);

/** Does it once to count its steps, then again for every step at which the power may go. */
async function atEveryStep(
  prepare: (machine: Machine) => Promise<Shop>,
  act: (shop: Shop, machine: Machine, shown: string[]) => Promise<void>,
  judge: (machine: Machine, shown: string[], where: string) => Promise<void>,
): Promise<number> {
  const counting = new Machine();
  const shop = await prepare(counting);
  const before = counting.steps;
  await act(shop, counting, []);
  const steps = counting.steps - before;
  for (let step = 0; step <= steps; step++) {
    const tearing = TEARINGS[step % TEARINGS.length] ?? "lost";
    for (const each of step < steps ? [tearing] : TEARINGS) {
      const machine = new Machine();
      const shown: string[] = [];
      const till = await prepare(machine);
      machine.stopAfter(step);
      await act(till, machine, shown).catch(() => undefined);
      machine.cut(each);
      await judge(machine, shown, `${each} at step ${step} of ${steps}`);
    }
  }
  return steps;
}

async function sold(machine: Machine): Promise<Shop> {
  const shop = await newShop(machine.boot());
  await sell(shop, machine.clock, 2);
  return shop;
}

/** Everything shown is in the journal, nothing is half there, and the copy alone gives the same back. */
async function holds(machine: Machine, shown: string[], where: string): Promise<void> {
  const { storage } = await opened(machine.boot(), "ready");
  const kept = await written(storage);
  expect(kept, where).toEqual(expect.arrayContaining(shown));
  const shop = await resume(storage);
  const totals = (await storage.get(TOTALS, SHIFT)) as { sales: number };
  expect(totals.sales, `${where}: totals of another transaction`).toBe(storage.journal.head.seq);
  const next = await sell(shop, machine.clock);
  expect((await storage.figures()).copy, where).toBe("ok");
  const { acked } = storage.journal;
  const unsynced = kept.slice(acked.seq);
  machine.cut();
  await machine.loseDatabase();
  const lost = await opened(machine.boot(), "lost");
  const restored = await lost.restore({ code: PERSON.code, pin: PIN });
  expect(restored.person, where).toEqual(PERSON);
  expect(await written(restored.storage), `${where}: from the copy`).toEqual(
    expect.arrayContaining([...unsynced, next]),
  );
  expect(await restored.storage.get(TOTALS, SHIFT), where).toEqual({
    sales: restored.storage.journal.head.seq,
    label: "Secret-Total",
  });
}

describe("when the power goes at any step", () => {
  it("of selling and acknowledging, every receipt that was shown is in the journal and in the copy", async () => {
    const steps = await atEveryStep(
      sold,
      async (shop, machine, shown) => {
        shown.push(await sell(shop, machine.clock, 2));
        const [first] = await shop.storage.journal.entries(1, 1);
        if (first !== undefined) await shop.storage.markAcked(first);
        shown.push(await sell(shop, machine.clock));
      },
      holds,
    );
    expect(steps).toBeGreaterThan(25);
  }, 120_000);

  it("of writing the copy anew, one of its two files is whole", async () => {
    const steps = await atEveryStep(
      async (machine) => {
        const shop = await newShop(machine.boot());
        for (let index = 0; index < 4; index++) await sell(shop, machine.clock, 1, LONG);
        return shop;
      },
      async (shop) => {
        const [third] = await shop.storage.journal.entries(3, 3);
        if (third !== undefined) await shop.storage.markAcked(third);
      },
      holds,
    );
    expect(steps).toBeGreaterThan(8);
  }, 120_000);

  it("of restoring, the copy is as good as before", async () => {
    const counting = new Machine();
    await sold(counting);
    await counting.loseDatabase();
    const found = await opened(counting.boot(), "lost");
    const before = counting.steps;
    await found.restore({ code: PERSON.code, pin: PIN });
    const steps = counting.steps - before;
    expect(steps).toBeGreaterThan(20);
    for (let step = 0; step <= steps; step++) {
      const machine = new Machine();
      const shop = await sold(machine);
      const shown = await written(shop.storage);
      machine.cut();
      await machine.loseDatabase();
      const lost = await opened(machine.boot(), "lost");
      machine.stopAfter(step);
      await lost.restore({ code: PERSON.code, pin: PIN }).catch(() => undefined);
      machine.cut(TEARINGS[step % TEARINGS.length]);
      const after = await openTill(machine.boot());
      if (after.kind === "lost") await after.restore({ code: PERSON.code, pin: PIN });
      else expect(after.kind, `step ${step}`).toBe("ready");
      machine.cut();
      await holds(machine, shown, `restoring, step ${step}`);
    }
  }, 120_000);

  it("of replacing an image, the old or the new one is there", async () => {
    const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
    await atEveryStep(
      async (machine) => {
        const shop = await sold(machine);
        await shop.storage.images.storeDelta({
          feed: "reference",
          cursor: "1",
          segments: [{ image: "goods", bytes: bytes("a") }],
        });
        await shop.storage.images.replace({ image: "goods", parts: [bytes("old"), bytes("")], through: 1 });
        await shop.storage.images.storeDelta({
          feed: "reference",
          cursor: "2",
          segments: [{ image: "goods", bytes: bytes("b") }],
        });
        return shop;
      },
      async (shop) => {
        const parts = [new Uint8Array(1_100_000).fill(7), bytes("new")];
        await shop.storage.images.replace({ image: "goods", parts, through: 2 });
      },
      async (machine, _, where) => {
        const { storage } = await resume((await opened(machine.boot(), "ready")).storage);
        const { image, segments, through } = await storage.images.read("goods");
        const last = Buffer.from(image?.at(-1) ?? []).toString();
        expect([image?.length, segments.length, through], where).toEqual(
          last === "new" ? [2, 0, 2] : [2, 1, 2],
        );
        expect(image?.[0]?.length, where).toBe(last === "new" ? 1_100_000 : 3);
        expect(await storage.images.cursor("reference")).toBe("2");
      },
    );
  }, 60_000);
});

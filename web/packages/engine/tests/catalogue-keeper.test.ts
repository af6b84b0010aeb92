/** A catalogue on a slow line: what came can be found after a while, and every row counts once it is stored. */
import { expect, test } from "vitest";

import type { Bytes, DeltaRow } from "@octonext/core";
import { StorageError } from "@octonext/storage";

import { CatalogueKeeper } from "../src/catalogue-keeper";
import { segmentOf } from "../src/row-segment";
import type { Till } from "../src/till";
import { goods } from "./shop";

const idOf = (number: number): string => `00000000-0000-4000-9000-${number.toString(16).padStart(12, "0")}`;
const thing = (number: number): DeltaRow[] =>
  goods(idOf(number), `S-${number}`, `Thing ${number}`, "", "piece", String(10_000_000 + number), 500);
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** As much of a till as the keeper sees. */
class Place {
  now = 0;
  replaced = 0;
  unreadable = 0;
  reads = 0;
  segments: Bytes[] = [];
  /** What the next readings meet, one after the other. */
  readonly troubles: (() => void)[] = [];
  readonly vault = { unlocked: true };
  /** How long work goes aside for others. */
  pause = (): Promise<void> => Promise.resolve();
  /** Products and prices whenever the till was told of them. */
  readonly told: (readonly [number, number])[] = [];
  readonly board = {
    state: {
      sync: { feed: { received: 1, left: 9 } as object | null },
      catalogue: { products: 0, ready: false },
    },
    change: (part: object) => {
      Object.assign(this.board.state, part);
      const { products, prices } = this.keeper.current.stats;
      this.told.push([products, prices]);
    },
  };
  readonly till = {
    board: this.board,
    environment: { monotonic: () => this.now },
    remembered: { products: 0 },
    remember: () => Promise.resolve(),
    storage: {
      vault: this.vault,
      images: {
        read: async () => {
          this.reads += 1;
          await turn();
          this.troubles.shift()?.();
          return { image: null, segments: [...this.segments], through: this.segments.length };
        },
        replace: () => {
          this.replaced += 1;
          return Promise.resolve();
        },
      },
    },
  } as unknown as Till;
  readonly keeper = new CatalogueKeeper(
    this.till,
    () => {
      this.unreadable += 1;
      return Promise.resolve();
    },
    () => this.pause(),
  );

  get products(): number {
    return this.board.state.catalogue.products;
  }
}

test("what came is found after ten seconds, then after twice as long, and nothing is written meanwhile", async () => {
  const place = new Place();
  const { keeper } = place;
  await keeper.load();
  const found: number[] = [];
  for (let second = 0; second < 40; second += 5) {
    place.now = second * 1_000;
    await keeper.take(thing(second), Promise.resolve(second));
    await keeper.tidy();
    found.push(place.products);
  }
  expect(found).toEqual([0, 0, 3, 3, 3, 3, 7, 7]);
  place.board.state.sync.feed = null;
  await keeper.show();
  expect(place.products).toBe(8);
  expect(keeper.current.productBySku("S-35")?.id).toBe(idOf(35));
  expect(place.replaced).toBe(0);
});

test("rows that come while an image is made of the others are in it or in front of it", async () => {
  const place = new Place();
  const { keeper } = place;
  await keeper.load();
  await keeper.take(thing(1), Promise.resolve(1));
  place.now = 60_000;
  await Promise.all([keeper.tidy(), keeper.take(thing(2), Promise.resolve(2))]);
  await keeper.show();
  await keeper.take(thing(3), Promise.resolve(3));
  expect([1, 2, 3].map((number) => keeper.current.productBySku(`S-${number}`)?.id)).toEqual([
    idOf(1),
    idOf(2),
    idOf(3),
  ]);
});

test("rows that could not be stored do not count as stored, and the caller hears why", async () => {
  const place = new Place();
  const { keeper } = place;
  await keeper.load();
  const failed = Promise.reject(new Error("the disk is full"));
  await expect(keeper.take(thing(1), failed)).rejects.toThrow("the disk is full");
  place.board.state.sync.feed = null;
  await keeper.show();
  for (let number = 2; number < 50; number++) await keeper.take(thing(number), Promise.resolve(number));
  await keeper.tidy();
  expect(place.replaced).toBe(1);
});

/** A first sync that was cut off: rows on the disk, and no image yet. */
function cutOff(products = 60): Place {
  const place = new Place();
  place.pause = turn;
  for (let at = 0; at < products; at += 10) {
    place.segments.push(
      segmentOf(Array.from({ length: 10 }, (_, number) => thing(at + number)).flat(), null),
    );
  }
  return place;
}

test("is read once for all who ask while it is being read, and shown to nobody before it is whole", async () => {
  const place = cutOff();
  const asked = [place.keeper.load()];
  for (let callers = 0; callers < 4; callers++) {
    await turn();
    expect(place.keeper.ready).toBe(false);
    asked.push(place.keeper.load());
  }
  await Promise.all(asked);
  await place.keeper.load();
  expect(place.reads).toBe(1);
  expect(place.told).toEqual([[60, 60]]);
});

test("rows that come while it is being read are found with the rest of their feed", async () => {
  const place = cutOff();
  const { keeper } = place;
  const reading = keeper.load();
  await turn();
  await keeper.take(thing(60), Promise.resolve(7));
  await reading;
  await keeper.show();
  expect(place.told).toEqual([
    [60, 60],
    [61, 61],
  ]);
});

test("who can find goods does not wait while more of them are made findable", async () => {
  const place = cutOff();
  const { keeper } = place;
  await keeper.load();
  await keeper.take(thing(60), Promise.resolve(7));
  let goOn = (): void => undefined;
  place.pause = () => new Promise((resolve) => (goOn = resolve));
  const showing = keeper.show();
  await turn();
  const first = await Promise.race([keeper.load().then(() => "open"), turn().then(() => "waits")]);
  expect(first).toBe("open");
  expect(keeper.current.productBySku("S-59")?.id).toBe(idOf(59));
  expect(keeper.current.productBySku("S-60")).toBeNull();
  place.pause = () => Promise.resolve();
  goOn();
  await showing;
  expect(keeper.current.productBySku("S-60")?.id).toBe(idOf(60));
});

test("what fails while goods are made findable is heard by its caller, and by nobody later", async () => {
  const place = cutOff();
  const { keeper } = place;
  await keeper.load();
  place.pause = () => Promise.reject(new Error("no memory"));
  await expect(keeper.show()).rejects.toThrow("no memory");
  place.pause = () => Promise.resolve();
  await keeper.load();
  await keeper.take(thing(60), Promise.resolve(7));
  await keeper.show();
  expect(place.products).toBe(61);
  expect(place.reads).toBe(1);
});

test("a reading that failed is heard by all who waited for it, and the next who asks reads again", async () => {
  const place = cutOff();
  place.troubles.push(() => {
    throw new StorageError("storage_failed");
  });
  const asked = await Promise.allSettled([place.keeper.load(), place.keeper.load()]);
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(place.reads).toBe(1);
  await place.keeper.load();
  expect([place.reads, place.products]).toEqual([2, 60]);
});

test.each([
  ["at the next sign-in", false, 1],
  ["for who signed in since", true, 2],
])("what was locked before it was read is read %s", async (_, since, reads) => {
  const place = cutOff();
  place.troubles.push(() => {
    place.vault.unlocked = since;
    throw new StorageError("locked");
  });
  await place.keeper.load();
  expect([place.reads, place.keeper.ready]).toEqual([reads, since]);
  place.vault.unlocked = true;
  await place.keeper.load();
  expect([place.reads, place.products]).toEqual([2, 60]);
});

/** A catalogue that comes from its beginning: cut off, taken up again, written together once it is whole. */
import { afterEach, expect, test, vi } from "vitest";

import type { DeltaRow } from "@octonext/core";

import { SealedImages } from "../../storage/src/images";
import { CASHIER, Counter, goods, makeShard, refusalOf } from "./shop";

const PRODUCTS = 1_200;
const DEADLINE_MS = 8_000;
let counter: Counter;

afterEach(async () => {
  vi.restoreAllMocks();
  await counter.stop();
});

const idOf = (number: number): string => `00000000-0000-4000-9000-${number.toString(16).padStart(12, "0")}`;

function many(): DeltaRow[] {
  return Array.from({ length: PRODUCTS }, (_, number) =>
    goods(idOf(number), `S-${number}`, `Thing ${number}`, "شيء", "piece", String(10_000_000 + number), 500),
  ).flat();
}

async function enrolled(packed: boolean): Promise<Counter> {
  const shard = await makeShard();
  shard.packed = packed;
  shard.rows.push(...many());
  shard.page = 200;
  counter = await new Counter(shard).boot();
  shard.enrolCode("CODE");
  await counter.engine.enrol({ code: "CODE", name: "Front till" });
  return counter;
}

/** As the database holds it: how many images were written, and the segments that the last one holds. */
async function manifest(): Promise<{ generation: number; contained: number; last: number } | undefined> {
  const opening = counter.machine.factory.open("octonext-till");
  const database = await settled(opening);
  const found: unknown = await settled(
    database.transaction("manifests").objectStore("manifests").get("catalogue"),
  );
  database.close();
  return found as { generation: number; contained: number; last: number } | undefined;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(new Error("the database does not answer"));
    };
  });
}

const whole = ({ state }: Counter): boolean =>
  state.catalogue.products === PRODUCTS + 4 && state.sync.feed === null;

test("is found when it is complete, written together once, and found again after a restart", async () => {
  const { engine } = await enrolled(true);
  await counter.until(() => whole(counter));
  expect((await manifest())?.generation).toBe(0);
  await engine.signIn(CASHIER);
  let stored = await manifest();
  const end = performance.now() + DEADLINE_MS;
  while (stored?.generation === 0 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    stored = await manifest();
  }
  expect(stored).toMatchObject({ generation: 1, contained: stored?.last });
  await counter.stop();
  await counter.boot();
  await counter.engine.signIn(CASHIER);
  await counter.until((state) => state.catalogue.ready);
  expect(counter.state.catalogue.products).toBe(PRODUCTS + 4);
  await counter.stop();
  await counter.boot();
  await counter.engine.signIn(CASHIER);
  // At once, while the catalogue is being opened: it is known, and waits for a shift only.
  expect((await refusalOf(counter.engine.scan("10000003"))).code).toBe("shift_not_open");
  const [hit] = await counter.engine.search("10000777", 1);
  expect(hit).toMatchObject({ id: idOf(777), price: 500 });
});

test.each([
  ["packed as they came", true],
  ["as they are", false],
])("that was cut off goes on where it was after a restart, rows stored %s", async (_, packed) => {
  const { shard } = await enrolled(packed);
  await counter.until((state) => (state.sync.feed?.received ?? 0) >= 400);
  shard.cut();
  await counter.stop();
  await counter.boot();
  shard.reachable = true;
  await counter.engine.signIn(CASHIER);
  await counter.until(() => whole(counter));
  const [first] = await counter.engine.search("S-3", 1);
  const [last] = await counter.engine.search(`S-${PRODUCTS - 1}`, 1);
  expect(first).toMatchObject({ id: idOf(3), price: 500 });
  expect(last).toMatchObject({ id: idOf(PRODUCTS - 1), price: 500 });
});

test.each([
  ["all of it came", false],
  ["its feed was cut off", true],
])("is read once at a sign-in, however many ask for goods at once, when %s", async (_, isCut) => {
  const { shard } = await enrolled(true);
  await counter.until((state) => (isCut ? (state.sync.feed?.received ?? 0) >= 400 : whole(counter)));
  shard.cut();
  await counter.stop();
  await counter.boot();
  shard.reachable = true;
  const read = vi.spyOn(SealedImages.prototype, "read");
  const { engine } = counter;
  await engine.signIn(CASHIER);
  await Promise.all([
    refusalOf(engine.scan("10000003")),
    engine.search("S-1", 5),
    engine.search("S-10", 5),
    engine.search("S-100", 5),
    engine.browse({ categoryId: null, offset: 0, limit: 20 }),
    engine.categories(),
  ]);
  expect((await engine.search("S-3", 1))[0]).toMatchObject({ id: idOf(3), price: 500 });
  expect(read.mock.calls.filter(([image]) => image === "catalogue")).toHaveLength(1);
});

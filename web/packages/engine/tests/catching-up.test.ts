/** What is kept beside the entries is made anew from them: of many in several steps, each of which may be the last. */
import { afterEach, describe, expect, it } from "vitest";

import { returnedAnew } from "../src/returned";
import type { Till } from "../src/till";
import { Counter, LAMP, makeShard, MANAGER } from "./shop";

let counter: Counter | null = null;
const CASH = [{ tender: "cash", amount: null, reference: null }];
/** More than are caught up with in one step. */
const MANY = 260;

afterEach(async () => {
  await counter?.stop();
  counter = null;
});

/** As after a restore: nothing says how far everything is kept beside the entries. */
async function forgetHowFar({ machine }: Counter): Promise<void> {
  const opening = machine.factory.open("octonext-till");
  const database = await new Promise<IDBDatabase>((resolve) => {
    opening.onsuccess = () => {
      resolve(opening.result);
    };
  });
  const writing = database.transaction("records", "readwrite");
  writing.objectStore("records").delete(IDBKeyRange.bound(["kept", ""], ["kept", "\uffff"]));
  await new Promise((resolve) => {
    writing.oncomplete = resolve;
  });
  database.close();
}

describe("catching up", () => {
  it("counts a copy once that was printed many entries after its receipt", async () => {
    counter = await new Counter(await makeShard()).open(MANAGER);
    const { engine } = counter;
    await engine.addProduct({ productId: LAMP });
    const { reference } = await engine.pay({ tenders: CASH });
    for (let i = 0; i < MANY; i++) await engine.openDrawer({ reason: "change" });
    await engine.reprint(reference.seq);
    await counter.stop();
    await forgetHowFar(counter);
    await counter.boot();
    await counter.engine.signIn(MANAGER);
    expect((await counter.engine.receipt(reference.seq)).copy).toBe(1);
    expect((await counter.engine.reprint(reference.seq)).copy).toBe(2);
  }, 60_000);

  it("forgets nothing that came back by entries before and after those of a step", async () => {
    const had = [2, 5, 300].map((seq) => ({ seq, number: 1, quantity: 1_000 }));
    const till = { storage: { get: () => Promise.resolve(had) } } as unknown as Till;
    const original = { branch: 3, device: 7, seq: 1 };
    const line = { product: LAMP, unit_price: 1, tax_code: "", rate_ppm: 0, tax: 0, total: 1 };
    const lines = [{ ...line, quantity: 2_000, original_line: 1 }];
    const step = { first: 3, last: 256 };
    const [put] = await returnedAnew(till, step, [{ seq: 6, original, lines }]);
    expect(put?.value).toEqual([had[0], had[2], { seq: 6, number: 1, quantity: 2_000 }]);
  });
});

/** Whose goods come back, in which money, and who let it happen. */
import { afterEach, describe, expect, it } from "vitest";

import type { Permission } from "../src/api";
import { CASHIER, Counter, LAMP, makeShard, MANAGER, MILK, refusalOf } from "./shop";

const CASH = [{ tender: "cash", amount: null, reference: null }];
const LAMP_BACK = [{ number: 1, quantity: 1_000 }];
const OTHER = { branch: 3, device: 7 };
let counters: Counter[] = [];

afterEach(async () => {
  for (const counter of counters) await counter.stop();
  counters = [];
});

async function opened(shared?: Counter): Promise<Counter> {
  const counter = new Counter(shared?.shard ?? (await makeShard()));
  counters.push(counter);
  return counter.open();
}

/** Two tills of a branch; the first has sold a lamp, and the shard knows it. */
async function twoTills(): Promise<{ counter: Counter; number: string }> {
  const first = await opened();
  await first.engine.addProduct({ productId: LAMP });
  const { number } = await first.engine.pay({ tenders: CASH });
  await first.synced();
  return { counter: await opened(first), number };
}

async function approved(counter: Counter, permission: Permission): Promise<{ approval: string }> {
  const { token } = await counter.engine.approve({ permission, code: MANAGER.code, pin: MANAGER.pin });
  return { approval: token };
}

describe("another till's receipt", () => {
  it("is found by the number that is printed on it, and its goods come back", async () => {
    const { counter, number } = await twoTills();
    const { engine } = counter;
    expect(number).toMatch(/^KW01-T01-/);
    const found = await engine.findReceipt(number.toLowerCase());
    expect(found).toMatchObject({ source: "shard", receipt: { number, reference: OTHER } });
    const { reference } = found.receipt;
    await engine.returnLines({ reference, lines: LAMP_BACK, reason: "broken" });
    expect(await engine.pay({ tenders: CASH })).toMatchObject({ kind: "return", total: 12_005 });
    await counter.synced();
    expect((await engine.findReceipt(number)).returnable).toEqual([{ number: 1, quantity: 0 }]);
  });

  it("needs the network, and says so", async () => {
    const { counter, number } = await twoTills();
    counter.shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    expect(await refusalOf(counter.engine.findReceipt(number))).toMatchObject({ code: "offline" });
  });

  it("that nobody wrote is not found", async () => {
    const { counter } = await twoTills();
    for (const text of ["KW01-T01-99", "KW01-T05-2", "what"])
      expect(await refusalOf(counter.engine.findReceipt(text))).toMatchObject({ code: "receipt_not_found" });
  });

  it("in another currency is not taken back", async () => {
    const { counter, number } = await twoTills();
    counter.shard.foreign = "SAR";
    const { engine } = counter;
    const refusal = { code: "other_currency", params: { number, currency: "SAR" } };
    expect(await refusalOf(engine.findReceipt(number))).toMatchObject(refusal);
    const reference = { ...OTHER, seq: 2 };
    const asked = engine.returnLines({ reference, lines: LAMP_BACK, reason: "broken" });
    expect(await refusalOf(asked)).toMatchObject(refusal);
    expect((await engine.cart()).lines).toEqual([]);
  });
});

describe("this till's number with another branch's", () => {
  for (const isOnline of [false, true])
    it(`gives nothing back a second time, ${isOnline ? "online" : "offline"}`, async () => {
      const counter = await opened();
      const { engine } = counter;
      await engine.addProduct({ productId: LAMP });
      const { reference } = await engine.pay({ tenders: CASH });
      await engine.returnLines({ reference, lines: LAMP_BACK, reason: "broken" });
      await engine.pay({ tenders: CASH });
      await counter.synced();
      if (!isOnline) {
        counter.shard.cut();
        await counter.until((state) => state.sync.state === "offline");
      }
      const other = { ...reference, branch: reference.branch + 6 };
      const text = `${other.branch}-${other.device}-${other.seq}`;
      const code = isOnline ? "receipt_not_found" : "offline";
      for (const typed of [text, `octonext:r1:${text}:00000000`])
        expect(await refusalOf(engine.findReceipt(typed))).toMatchObject({ code });
      const returned = (each: typeof reference) =>
        refusalOf(engine.returnLines({ reference: each, lines: LAMP_BACK, reason: "broken" }));
      expect(await returned(other)).toMatchObject({ code });
      expect(await returned(reference)).toMatchObject({ code: "return_too_much" });
    });
});

describe("who let goods come back stands in the journal", () => {
  it("of a refund without a receipt, and of more of it", async () => {
    const counter = await opened();
    const { engine } = counter;
    const milk = { productId: MILK, quantity: 1_000, reason: "sour" };
    const word = await approved(counter, "refund_without_receipt");
    const [line] = (await engine.returnWithoutReceipt({ ...milk, ...word })).lines;
    const more = { lineKey: line?.key ?? "", quantity: 2_000 };
    const refusal = { code: "approval_required", params: { permission: "refund_without_receipt" } };
    expect(await refusalOf(engine.setQuantity(more))).toMatchObject(refusal);
    expect((await engine.cart()).total).toBe(-450);
    await engine.setQuantity({ ...more, ...(await approved(counter, "refund_without_receipt")) });
    expect(await engine.pay({ tenders: CASH })).toMatchObject({ kind: "return", total: 900 });
    await counter.synced();
    expect(counter.shard.entries().at(-1)).toMatchObject({ kind: "return", approved_by: MANAGER.id });
  });

  it("but nobody's name where whoever is signed in may do it, nor after those lines went", async () => {
    const counter = await opened();
    const { engine } = counter;
    await engine.addProduct({ productId: LAMP });
    const { reference } = await engine.pay({ tenders: CASH });
    const milk = { productId: MILK, quantity: 1_000, reason: "sour" };
    const word = await approved(counter, "refund_without_receipt");
    const { lines } = await engine.returnWithoutReceipt({ ...milk, ...word });
    await engine.removeLine({ lineKey: lines[0]?.key ?? "", reason: null });
    await engine.returnLines({ reference, lines: LAMP_BACK, reason: "broken" });
    await engine.pay({ tenders: CASH });
    await counter.synced();
    expect(counter.shard.entries().at(-1)).toMatchObject({ cashier: CASHIER.id, approved_by: null });
  });

  it("of a sale that is taken back after payment", async () => {
    const counter = await opened();
    const { engine } = counter;
    await engine.addProduct({ productId: LAMP });
    const { reference } = await engine.pay({ tenders: CASH });
    const word = await approved(counter, "void_after_payment");
    await engine.voidReceipt({ seq: reference.seq, reason: "mistake", ...word });
    await counter.synced();
    expect(counter.shard.entries().at(-1)).toMatchObject({ kind: "return", approved_by: MANAGER.id });
  });
});

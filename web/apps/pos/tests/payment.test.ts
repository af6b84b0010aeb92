/** A payment is sent once, pays what is due and shows a receipt only when the engine has one. */
import type { Receipt, TenderDraft, TenderOption } from "@octonext/engine/api";
import { describe, expect, it } from "vitest";
import { Payment, roundedTo } from "../src/pay/payment";

const RECEIPT = { number: "KW01-T01-17" } as Receipt;
const CASH: TenderOption = { tender: "cash", due: 1255, rounding: 2, needsReference: false, external: false };
const CARD: TenderOption = { tender: "card", due: 1253, rounding: 0, needsReference: true, external: true };

function till(total: number, rounding: number | null = 5) {
  const sent: TenderDraft[][] = [];
  const waiting: { resolve: (receipt: Receipt) => void; reject: (error: unknown) => void }[] = [];
  const payment = new Payment(total, rounding, (tenders) => {
    sent.push(tenders);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  });
  return { payment, sent, answer: () => waiting.at(-1) };
}

const all = (tender: string) => ({ tender, amount: null, reference: null });

describe("pay", () => {
  it("pressed twice is sent once, and shows nothing before the engine has answered", async () => {
    const { payment, sent, answer } = till(1253);
    const first = payment.take(all("cash"), 1255);
    const second = payment.take(all("cash"), 1255);
    await payment.settle();
    expect(sent).toHaveLength(1);
    expect(payment.state()).toMatchObject({ phase: "paying", receipt: null });
    answer()?.resolve(RECEIPT);
    await Promise.all([first, second]);
    expect(payment.state()).toMatchObject({ phase: "paid", receipt: RECEIPT });
    await payment.take(all("cash"), 1255);
    expect(sent).toHaveLength(1);
  });

  it("refused keeps the parts and can be tried again", async () => {
    const { payment, sent, answer } = till(1253);
    await payment.take({ tender: "card", amount: 1000, reference: "0042" }, 1253);
    const attempt = payment.take(all("cash"), 255);
    answer()?.reject(new Error("storage"));
    await attempt;
    expect(payment.state()).toMatchObject({ phase: "choosing", receipt: null, error: new Error("storage") });
    expect(payment.state().parts).toHaveLength(1);
    const again = payment.take(all("cash"), 255);
    answer()?.resolve(RECEIPT);
    await again;
    expect(sent).toHaveLength(2);
    expect(payment.state().phase).toBe("paid");
  });
});

describe("a split payment", () => {
  it("waits until all is covered, and rounds only what cash pays", async () => {
    const { payment, sent, answer } = till(1253);
    expect(payment.dueWith(CASH)).toBe(1255);
    await payment.take({ tender: "card", amount: 1000, reference: "0042" }, payment.dueWith(CARD));
    expect(sent).toHaveLength(0);
    expect(payment.left).toBe(253);
    expect(payment.dueWith(CARD)).toBe(253);
    expect(payment.dueWith(CASH)).toBe(255);
    const paying = payment.take({ tender: "cash", amount: 5000, reference: null }, 255);
    answer()?.resolve(RECEIPT);
    await paying;
    expect(sent[0]).toEqual([
      { tender: "card", amount: 1000, reference: "0042" },
      { tender: "cash", amount: 5000, reference: null },
    ]);
  });

  it("gives a part back when it is removed", async () => {
    const { payment } = till(1253);
    await payment.take({ tender: "voucher", amount: 500, reference: "V1" }, 1253);
    payment.remove(0);
    expect(payment.left).toBe(1253);
    expect(payment.state().parts).toEqual([]);
  });

  it("takes no part of nothing", async () => {
    const { payment } = till(1253);
    await payment.take({ tender: "card", amount: 0, reference: null }, 1253);
    expect(payment.state().parts).toEqual([]);
  });
});

it("cash typed without its rounding is all that is due", async () => {
  const { payment, sent, answer } = till(1253);
  const paying = payment.take({ tender: "cash", amount: 1253, reference: null }, 1255);
  answer()?.resolve(RECEIPT);
  await paying;
  expect(sent[0]).toEqual([{ tender: "cash", amount: null, reference: null }]);
});

it("a card is never charged more than is due", async () => {
  const { payment, sent, answer } = till(1253);
  const paying = payment.take({ tender: "card", amount: 9999, reference: "1" }, 1253);
  answer()?.resolve(RECEIPT);
  await paying;
  expect(sent[0]).toEqual([{ tender: "card", amount: null, reference: "1" }]);
});

it("a refund hands out what is owed in positive amounts and never gives change", async () => {
  const { payment, sent, answer } = till(-1253);
  const refund: TenderOption = { ...CASH, due: -1255 };
  expect(payment.left).toBe(1253);
  expect(payment.dueWith(refund)).toBe(1255);
  const paying = payment.take({ tender: "cash", amount: 9000, reference: null }, 1255);
  answer()?.resolve(RECEIPT);
  await paying;
  expect(sent[0]).toEqual([{ tender: "cash", amount: null, reference: null }]);
});

it("an exchange of equal value is settled without a tender", async () => {
  const { payment, sent, answer } = till(0);
  const paying = payment.settle();
  answer()?.resolve(RECEIPT);
  await paying;
  expect(sent).toEqual([[]]);
});

it("cash rounds half away from zero", () => {
  expect([1252, 1253, 1250, 1257, 1258].map((due) => roundedTo(due, 5))).toEqual([
    1250, 1255, 1250, 1255, 1260,
  ]);
  expect(roundedTo(-1253, 5)).toBe(-1255);
  expect([25, 24, 75].map((due) => roundedTo(due, 50))).toEqual([50, 0, 100]);
  expect(roundedTo(1253, null)).toBe(1253);
});

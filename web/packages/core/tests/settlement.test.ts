/** Paying: change, rounding, split tenders, refunds and exchanges. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { CoreRefusal, settle, settleCart, tendersFor, type GivenTender } from "../src/index";
import { refusal } from "./refusal";

const TERMS = { cashRounding: 5, hasCustomer: false };
const cash = (amount: number | null): GivenTender => ({ tender: "cash", amount, reference: null });
const card = (amount: number | null): GivenTender => ({ tender: "card", amount, reference: "4711" });
const knet = (amount: number | null): GivenTender => ({ tender: "knet", amount, reference: null });

describe("a sale", () => {
  it("is paid in cash, rounded to coins, with change", () => {
    expect(settle(1253, [cash(2000)], TERMS)).toEqual({
      payments: [{ tender: "cash", amount: 1255, tendered: 2000 }],
      rounding: 2,
      change: 745,
    });
    expect(settle(1252, [cash(null)], TERMS)).toMatchObject({ rounding: -2, change: 0 });
    expect(refusal(() => settle(1253, [cash(1253)], TERMS))).toEqual({ code: "tender_missing", left: 2 });
  });

  it("is paid by card to the unit, and what cash pays last is rounded alone", () => {
    expect(settle(1253, [card(null)], TERMS)).toMatchObject({
      payments: [{ tender: "card", amount: 1253 }],
      rounding: 0,
    });
    expect(settle(1253, [cash(1000), card(null)], TERMS)).toMatchObject({
      payments: [
        { tender: "card", amount: 253, reference: "4711" },
        { tender: "cash", amount: 1000 },
      ],
      rounding: 0,
    });
    expect(settle(1253, [knet(1000), cash(null)], TERMS)).toMatchObject({
      rounding: 2,
      payments: [{ amount: 1000 }, { amount: 255 }],
    });
    expect(settle(1002, [knet(1000), cash(null)], TERMS)).toMatchObject({
      rounding: 0,
      payments: [{}, { amount: 2 }],
    });
    expect(settle(1253, [cash(5000), card(null)], TERMS)).toMatchObject({ rounding: 2, change: 3745 });
  });

  it("is rounded when the card that was to take the rest has nothing left to take", () => {
    expect(settle(1252, [cash(1252), card(null)], TERMS)).toEqual({
      payments: [{ tender: "cash", amount: 1250, tendered: 1252 }],
      rounding: -2,
      change: 2,
    });
  });

  it("is refused when too little, too much or the wrong thing is tendered", () => {
    expect(refusal(() => settle(1000, [], TERMS))).toEqual({ code: "tender_missing", left: 1000 });
    expect(refusal(() => settle(1000, [knet(1001)], TERMS))).toEqual({
      code: "tender_too_much",
      tender: "knet",
      due: 1000,
    });
    expect(refusal(() => settle(1000, [{ ...card(null), reference: " " }], TERMS))).toEqual({
      code: "reference_missing",
      tender: "card",
    });
    expect(
      refusal(() => settle(1000, [{ ...card(null), reference: "4111111111111111" }], TERMS)),
    ).toMatchObject({ code: "card_number" });
    const account = { tender: "on_account", amount: null, reference: null };
    expect(refusal(() => settle(1000, [account], TERMS))).toEqual({ code: "customer_missing" });
    expect(settle(1000, [account], { ...TERMS, hasCustomer: true }).payments).toHaveLength(1);
    for (const tender of ["exchange", "shells", "toString"]) {
      expect(refusal(() => settle(1, [{ tender, amount: null, reference: null }], TERMS))).toEqual({
        code: "tender_unknown",
        tender,
      });
    }
    expect(refusal(() => settle(1000, [cash(null), knet(null)], TERMS))).toEqual({ code: "amount_invalid" });
    expect(refusal(() => settle(1000, [cash(0)], TERMS))).toEqual({ code: "amount_invalid" });
    expect(
      refusal(() =>
        settle(
          17,
          Array.from({ length: 17 }, () => knet(1)),
          TERMS,
        ),
      ),
    ).toEqual({ code: "amount_invalid" });
  });

  it("for nothing needs no tender", () => {
    expect(settleCart({ sale: 0, returned: null }, [], TERMS)).toEqual({
      sale: { payments: [], rounding: 0, change: 0 },
      returned: null,
      change: 0,
    });
    expect(refusal(() => settleCart({ sale: null, returned: null }, [], TERMS))).toEqual({
      code: "cart_empty",
    });
  });
});

describe("money that goes back", () => {
  it("is rounded in cash, and never more than is owed", () => {
    const paid = settleCart({ sale: null, returned: 1253 }, [cash(null)], TERMS);
    expect(paid).toEqual({
      sale: null,
      returned: { payments: [{ tender: "cash", amount: 1255, tendered: null }], rounding: 2, change: 0 },
      change: 0,
    });
    expect(refusal(() => settleCart({ sale: null, returned: 1253 }, [cash(2000)], TERMS))).toEqual({
      code: "tender_too_much",
      tender: "cash",
      due: 1255,
    });
  });

  it("of an exchange clears with what is sold, and only the difference moves", () => {
    const { sale, returned, change } = settleCart({ sale: 3000, returned: 1250 }, [cash(2000)], TERMS);
    expect(returned?.payments).toEqual([{ tender: "exchange", amount: 1250 }]);
    expect(sale?.payments).toMatchObject([
      { tender: "exchange", amount: 1250 },
      { tender: "cash", amount: 1750, tendered: 2000 },
    ]);
    expect(change).toBe(250);
    const back = settleCart({ sale: 1250, returned: 3000 }, [card(null)], TERMS);
    expect(back.sale?.payments).toEqual([{ tender: "exchange", amount: 1250 }]);
    expect(back.returned?.payments).toMatchObject([
      { tender: "exchange", amount: 1250 },
      { tender: "card", amount: 1750 },
    ]);
    const even = settleCart({ sale: 500, returned: 500 }, [], TERMS);
    expect([even.sale?.payments, even.returned?.payments]).toEqual([
      [{ tender: "exchange", amount: 500 }],
      [{ tender: "exchange", amount: 500 }],
    ]);
    expect(settleCart({ sale: 0, returned: 500 }, [knet(500)], TERMS).sale?.payments).toEqual([]);
  });
});

describe("any payment that is accepted", () => {
  const tender = fc.record({
    tender: fc.constantFrom("cash", "knet", "card", "voucher"),
    amount: fc.option(fc.integer({ min: 1, max: 6000 }), { nil: null }),
    reference: fc.constant("7"),
  });
  const half = fc.option(fc.integer({ min: 0, max: 5000 }), { nil: null });

  it("loses no unit: payments make the totals and roundings, exchanges net to nothing, change is what was over", () => {
    fc.assert(
      fc.property(
        half,
        half,
        fc.array(tender, { maxLength: 4 }),
        fc.constantFrom(null, 5),
        (sold, back, given, step) => {
          const terms = { cashRounding: step, hasCustomer: true };
          let paid;
          try {
            paid = settleCart({ sale: sold, returned: back }, given, terms);
          } catch (error) {
            if (error instanceof CoreRefusal) return;
            throw error;
          }
          const sum = (which: typeof paid.sale, only?: string): number =>
            (which?.payments ?? [])
              .filter((each) => only === undefined || each.tender === only)
              .reduce((all, { amount }) => all + amount, 0);
          if (paid.sale) expect(sum(paid.sale)).toBe((sold ?? 0) + paid.sale.rounding);
          if (paid.returned) expect(sum(paid.returned)).toBe((back ?? 0) + paid.returned.rounding);
          expect(sum(paid.sale, "exchange")).toBe(sum(paid.returned, "exchange"));
          for (const which of [paid.sale, paid.returned]) {
            if (which === null) continue;
            if (which.rounding !== 0) expect(sum(which, "cash")).toBeGreaterThan(0);
            expect(Math.abs(which.rounding)).toBeLessThanOrEqual(2);
            expect(which.payments.every(({ amount }) => amount > 0)).toBe(true);
          }
          const handed = given
            .filter(({ tender: each }) => each === "cash")
            .reduce((all, { amount }) => all + (amount ?? 0), 0);
          if (given.every(({ amount }) => amount !== null) && paid.change > 0) {
            expect(handed - paid.change).toBe(sum(paid.sale, "cash"));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("is what was offered as due", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5000, max: 5000 }), fc.constantFrom(null, 5), (total, step) => {
        const names = ["cash", "knet", "card", "voucher", "nothing"];
        for (const offer of tendersFor(total, names, step)) {
          const totals = total < 0 ? { sale: null, returned: -total } : { sale: total, returned: null };
          const given = total === 0 ? [] : [{ tender: offer.tender, amount: offer.due, reference: "7" }];
          const paid = settleCart(totals, given, { cashRounding: step, hasCustomer: false });
          expect((paid.sale ?? paid.returned)?.rounding).toBe(offer.rounding);
        }
        expect(tendersFor(total, names, step)).toHaveLength(4);
      }),
    );
  });
});

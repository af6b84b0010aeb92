/** Shift totals: each entry counted once, and the same as counting all of them anew. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { addEntry, noTotals, type Draft, type Sale } from "../src/index";

const line = {
  product: "p",
  quantity: 1000,
  unit_price: 1150,
  tax_code: "SA-S",
  rate_ppm: 150_000,
  tax: 150,
  total: 1150,
};

function receipt(kind: "sale" | "return", payments: Sale["payments"], rounding = 0): Draft {
  const lines = [{ ...line, discount: 5 }];
  return { kind, currency: "SAR", lines, payments, total: 1150, tax: 150, rounding };
}

describe("a shift's totals", () => {
  it("are those of a day with everything in it", () => {
    const day: Draft[] = [
      { kind: "shift_opened", currency: "SAR", opening_float: 20_000 },
      receipt("sale", [{ tender: "cash", amount: 1150, tendered: 2000 }]),
      receipt(
        "sale",
        [
          { tender: "card", amount: 1000 },
          { tender: "cash", amount: 152 },
        ],
        2,
      ),
      receipt("return", [{ tender: "cash", amount: 1148 }], -2),
      // An exchange of like for like moves no money.
      receipt("return", [{ tender: "exchange", amount: 1150 }]),
      receipt("sale", [{ tender: "exchange", amount: 1150 }]),
      { kind: "void", scope: "line", amount: 500 },
      { kind: "void", scope: "cart", amount: 700 },
      { kind: "void", scope: "receipt", amount: 900 },
      { kind: "price_overridden", product: "p", price_before: 2, price_after: 1 },
      { kind: "drawer_opened" },
      { kind: "cash_moved", currency: "SAR", amount: 300 },
      { kind: "cash_moved", currency: "SAR", amount: -5000 },
      { kind: "cashier_signed_in" },
    ];
    const totals = day.reduce(addEntry, noTotals());
    expect(totals).toMatchObject({
      openingFloat: 20_000,
      sales: { count: 3, total: 3450, tax: 450, discount: 15 },
      returns: { count: 2, total: 2300, tax: 300 },
      voids: { lines: 1, carts: 1, amount: 1200 },
      priceOverrides: 1,
      drawerOpens: 1,
      cashIn: 300,
      cashOut: 5000,
      rounding: 4,
      // float + cash sales − cash returns + moved, as the shard adds it up when the shift closes.
      expected: 20_000 + 1150 + 152 - 1148 + 300 - 5000,
      byTender: { cash: { sales: 1302, returns: 1148 }, exchange: { sales: 1150, returns: 1150 } },
    });
    expect(Object.values(totals.byTax)).toEqual([{ code: "SA-S", ratePpm: 150_000, net: 1000, tax: 150 }]);
  });

  it("do not change what they were made from, and depend on no order", () => {
    const entry = fc.oneof(
      fc
        .integer({ min: -500, max: 500 })
        .map((amount): Draft => ({ kind: "cash_moved", currency: "SAR", amount })),
      fc
        .constantFrom("sale" as const, "return" as const)
        .map((kind) => receipt(kind, [{ tender: "cash", amount: 1150 }])),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const none = noTotals();
        const totals = entries.reduce(addEntry, none);
        expect(none).toEqual(noTotals());
        expect([...entries].reverse().reduce(addEntry, noTotals())).toEqual(totals);
      }),
    );
  });
});

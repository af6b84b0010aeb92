/** What is printed of a shift is what the screen shows, in both languages, whoever draws it. */
import type { ShiftReport } from "@octonext/engine/api";
import { describe, expect, it } from "vitest";

import type { ReceiptRow } from "../src/receipts/rows";
import { slipRows } from "../src/shift/cash-slip";
import { reportName, reportRows } from "../src/shift/report-rows";
import { memoryState, PEOPLE } from "./memory/state";

const identity = memoryState().identity;
if (identity === null) throw new Error("a till in memory is enrolled");
const manager = PEOPLE.find(({ role }) => role === "manager") ?? null;

const Z: ShiftReport = {
  kind: "Z",
  shift: { id: "s", openedAt: "2026-03-01T05:00:00Z", openedBy: { en: "Cashier One", ar: "الكاشير الأول" } },
  at: "2026-03-01T21:30:00Z",
  closedAt: "2026-03-01T21:30:00Z",
  currency: "KWD",
  openingFloat: 25_000,
  sales: { count: 12, total: 100_500, tax: 4_500, discount: 2_000 },
  returns: { count: 2, total: 10_500, tax: 500 },
  voids: { lines: 3, carts: 1, amount: 7_250 },
  priceOverrides: 4,
  drawerOpens: 5,
  cashIn: 10_000,
  cashOut: 2_500,
  rounding: -5,
  byTender: [
    { tender: "cash", sales: 60_000, returns: 10_500 },
    { tender: "wallet", sales: 40_500, returns: 0 },
  ],
  byTax: [{ code: "S", ratePpm: 50_000, net: 80_000, tax: 4_000 }],
  expected: 82_000,
  counted: 81_000,
  difference: -1_000,
};
const BLIND: ShiftReport = {
  ...Z,
  kind: "X",
  closedAt: null,
  sales: { ...Z.sales, total: null, tax: null },
  returns: { ...Z.returns, total: null, tax: null },
  byTender: [{ tender: "wallet", sales: 40_500, returns: 0 }],
  byTax: [],
  expected: null,
  counted: null,
  difference: null,
};

const rowsOf = (report: ShiftReport) => reportRows(report, identity);
const pairs = (rows: ReceiptRow[]) =>
  new Map(rows.flatMap((row) => (row.kind === "pair" ? [[row.en, row.value] as const] : [])));

describe("a Z report", () => {
  it("says every figure of the shift, and when it was in the branch's own day", () => {
    expect(Object.fromEntries(pairs(rowsOf(Z)))).toEqual({
      Till: "KW01-T01",
      Opened: "2026-03-01 08:00",
      "Opened by": "Cashier One · الكاشير الأول",
      Closed: "2026-03-02 00:30",
      "Opening float": "25.000",
      "Cash in": "10.000",
      "Cash out": "2.500",
      "Should be there": "82.000",
      Counted: "81.000",
      "Difference: Short": "\u22121.000",
      "Sales (12)": "100.500",
      "Returns (2)": "\u221210.500",
      "Net sales": "90.000",
      Tax: "4.000",
      Discounts: "2.000",
      Rounding: "\u22120.005",
      Cash: "49.500",
      wallet: "40.500",
      "Voided lines": "3",
      "Cancelled carts": "1",
      "Voided amount": "7.250",
      "Changed prices": "4",
      "Drawer opened": "5",
      Signature: "____________",
    });
  });

  it("sums up taxes as receipts do, and names the currency where sums begin", () => {
    const rows = rowsOf(Z);
    expect(rows.filter(({ kind }) => kind === "columns")).toMatchObject([
      { head: true },
      { cells: ["S 5%", "80.000", "4.000"], head: false },
    ]);
    const titles = rows.flatMap((row) => (row.kind === "title" ? [row.en] : []));
    expect(titles.slice(0, 3)).toEqual(["Z report", "Cash drawer KWD", "Sales KWD"]);
  });

  it("names everything in both languages", () => {
    for (const row of rowsOf(Z))
      if (row.kind === "pair" || row.kind === "title" || row.kind === "heading")
        expect([row.en, row.ar].every((text) => text !== "")).toBe(true);
  });

  it("is saved under its till and time", () => {
    expect(reportName(Z, identity)).toBe("Z-KW01-T01-20260302-0030");
  });
});

describe("an X report of somebody who counts blindly", () => {
  const facts = pairs(rowsOf(BLIND));

  it("prints no sum that the cash could be worked out from", () => {
    for (const name of ["Should be there", "Sales (12)", "Returns (2)", "Net sales", "Tax"])
      expect(facts.get(name)).toBe("\u2014");
    for (const name of ["Counted", "Difference: Short", "Cash"]) expect(facts.has(name)).toBe(false);
    expect(facts.get("wallet")).toBe("40.500");
  });

  it("says why, and until when it holds", () => {
    expect(rowsOf(BLIND)).toContainEqual({
      kind: "centred",
      en: "\u2014 Shown after counting",
      ar: "\u2014 يظهر بعد الجرد",
    });
    expect(facts.get("As of")).toBe("2026-03-02 00:30");
  });
});

it("a slip of cash says who moved how much, why, and has a place to sign", () => {
  const slip = { move: "out", amount: 2_500, reason: "To the safe", person: manager } as const;
  const rows = slipRows({ ...slip, at: "2026-03-01T21:30:00Z" }, identity);
  expect(Object.fromEntries(pairs(rows))).toEqual({
    Till: "KW01-T01",
    Date: "2026-03-02 00:30",
    Cashier: "Manager · المدير",
    Reason: "To the safe",
    "Cash out KWD": "2.500",
    Signature: "____________",
  });
  expect(rows).toContainEqual({ kind: "title", en: "Cash out", ar: "سحب نقد" });
});

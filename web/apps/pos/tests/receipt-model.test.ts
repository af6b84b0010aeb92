/** A receipt says what the law and the customer need, in both languages, whoever draws it. */
import type { Receipt, Settings } from "@octonext/engine/api";
import { describe, expect, it } from "vitest";
import { receiptRows } from "../src/receipts/model";
import { pathOf, squaresOf } from "../src/receipts/qr";
import type { ReceiptRow } from "../src/receipts/rows";

const NO_SELLER: Settings["receipt"] = {
  sellerName: { en: "", ar: "" },
  vatNumber: "",
  address: { en: "", ar: "" },
  phone: "",
  footer: { en: "", ar: "" },
};
const REGISTERED: Settings["receipt"] = {
  ...NO_SELLER,
  sellerName: { en: "Test Market", ar: "سوق تجربة" },
  vatNumber: "300000000000003",
};

const SALE: Receipt = {
  kind: "sale",
  number: "KW01-T01-17",
  reference: { branch: 3, device: 7, seq: 17 },
  hash: "9f2c51ab",
  at: "2026-03-01T21:30:00Z",
  cashier: { en: "Sara", ar: "سارة" },
  branch: { en: "Salmiya", ar: "السالمية" },
  currency: "KWD",
  exponent: 3,
  lines: [
    {
      number: 1,
      productId: "p",
      sku: "1",
      name: { en: "Bananas", ar: "موز" },
      unit: "kg",
      quantity: 485,
      unitPrice: 590,
      discount: 0,
      taxCode: "none",
      ratePpm: 0,
      tax: 0,
      total: 286,
      note: null,
    },
  ],
  taxes: [],
  subtotal: 286,
  discount: 0,
  tax: 0,
  total: 286,
  rounding: -1,
  payments: [{ tender: "cash", amount: 285, tendered: 500, reference: null }],
  change: 215,
  customer: null,
  note: null,
  original: null,
  copy: 0,
  exchange: null,
  qr: "qr-of-17",
  taxQr: null,
  synced: false,
};

const rowsOf = (receipt: Receipt, settings = NO_SELLER) =>
  receiptRows(receipt, { settings, jurisdiction: "KW", timeZone: "Asia/Kuwait" });
const pairs = (rows: ReceiptRow[]) =>
  new Map(rows.flatMap((row) => (row.kind === "pair" ? [[row.en, row.value] as const] : [])));
const kinds = (rows: ReceiptRow[], kind: ReceiptRow["kind"]) => rows.filter((row) => row.kind === kind);

describe("a sale", () => {
  it("says what was bought, paid and given back, and the branch's own day", () => {
    const facts = pairs(rowsOf(SALE));
    expect(facts.get("No.")).toBe("KW01-T01-17");
    expect(facts.get("Date")).toBe("2026-03-02 00:30");
    expect(facts.get("Total KWD")).toBe("0.286");
    expect(facts.get("Cash rounding")).toBe("\u22120.001");
    expect(facts.get("Cash")).toBe("0.285");
    expect(facts.get("Received")).toBe("0.500");
    expect(facts.get("Change")).toBe("0.215");
    expect(facts.get("Check")).toBe("9f2c51ab");
  });

  it("shows a weight with its unit and price, in both languages", () => {
    expect(kinds(rowsOf(SALE), "item")).toEqual([
      { kind: "item", en: "Bananas", ar: "موز", detail: "0.485 kg × 0.590", amount: "0.286", note: null },
    ]);
  });

  it("names everything in both languages", () => {
    for (const row of rowsOf(SALE, REGISTERED))
      if (row.kind === "pair" || row.kind === "title")
        expect([row.en, row.ar].every((text) => text !== "")).toBe(true);
  });

  it("carries the code that a return begins with", () => {
    expect(kinds(rowsOf(SALE), "qr")).toMatchObject([{ text: "qr-of-17" }]);
  });

  it("has no tax block where nobody is registered and none was charged", () => {
    expect(kinds(rowsOf(SALE), "columns")).toEqual([]);
    expect(kinds(rowsOf(SALE), "title")).toMatchObject([{ en: "Receipt" }]);
  });
});

describe("a registered seller", () => {
  const taxed: Receipt = {
    ...SALE,
    tax: 37,
    taxes: [{ code: "S", ratePpm: 150_000, net: 249, tax: 37 }],
    taxQr: "tlv",
  };

  it("hands out a tax invoice with its number, tax block and the authority's code first", () => {
    const rows = rowsOf(taxed, REGISTERED);
    expect(kinds(rows, "title")).toMatchObject([{ en: "Simplified tax invoice" }]);
    expect(pairs(rows).get("VAT no.")).toBe("300000000000003");
    expect(kinds(rows, "columns")).toMatchObject([{ head: true }, { cells: ["S 15%", "0.249", "0.037"] }]);
    expect(kinds(rows, "qr")).toMatchObject([{ text: "tlv" }, { text: "qr-of-17" }]);
  });

  it("gives a credit note for goods that come back, without a code to return them again", () => {
    const rows = rowsOf({ ...SALE, kind: "return", original: { branch: 3, device: 7, seq: 12 } }, REGISTERED);
    expect(kinds(rows, "title")).toMatchObject([{ en: "Credit note" }]);
    expect(pairs(rows).get("Returns from")).toBe("3-7-12");
    expect(pairs(rows).get("To refund KWD")).toBe("0.286");
    expect(kinds(rows, "qr")).toEqual([]);
  });
});

it("a copy says so, the first print does not", () => {
  expect(kinds(rowsOf(SALE), "mark")).toEqual([]);
  expect(kinds(rowsOf({ ...SALE, copy: 2 }), "mark")).toMatchObject([{ en: "COPY 2", ar: "نسخة 2" }]);
});

it("an exchange is one paper with both numbers", () => {
  const back: Receipt = { ...SALE, kind: "return", number: "KW01-T01-16", qr: "qr-of-16" };
  const rows = rowsOf({ ...SALE, exchange: back });
  const numbers = rows.flatMap((row) => (row.kind === "pair" && row.en === "No." ? [row.value] : []));
  expect(numbers).toEqual(["KW01-T01-17", "KW01-T01-16"]);
  expect(kinds(rows, "title").map((row) => (row.kind === "title" ? row.en : ""))).toEqual([
    "Receipt",
    "Exchange",
    "Refund receipt",
  ]);
});

it("a tender that this version does not know is still printed", () => {
  const rows = rowsOf({
    ...SALE,
    payments: [{ tender: "wallet", amount: 286, tendered: null, reference: "77" }],
  });
  expect(pairs(rows).get("wallet")).toBe("0.286 (77)");
});

it("a QR code's path covers exactly its dark squares", () => {
  const squares = squaresOf("KW01-T01-17");
  const dark = squares.dark.flat().filter(Boolean).length;
  const drawn = [...pathOf(squares).matchAll(/h(\d+)v1/gu)].reduce(
    (sum, [, width]) => sum + Number(width),
    0,
  );
  expect(drawn).toBe(dark);
});

/** Entries: their bytes, `spec/vectors/entry.json`, what a shard would not take, and the pen that writes them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  CoreRefusal,
  decodeEntry,
  emptyPlace,
  encodeEntry,
  EntryInvalid,
  findInvalid,
  formatAt,
  fromUtf8,
  importSealingKey,
  link,
  Malformed,
  openEntry,
  utf8,
  write,
  type Draft,
  type Sale,
  type Stamp,
} from "../src/index";
import { vectors } from "./vectors";

const { entries } = vectors("entry") as {
  entries: {
    unix_ms: number;
    offset_minutes: number;
    stamp: Omit<Stamp, "at">;
    draft: Draft;
    bytes_utf8: string;
  }[];
};
const PRODUCT = "01938f5e-7c00-7aaa-8000-012345678902";
const SHIFT = "01938f5e-7c00-7aaa-8000-0123456789ab";

function sale(changes: Partial<Sale> = {}): Sale {
  const line = {
    product: PRODUCT,
    quantity: 1000,
    unit_price: 250,
    tax_code: "KW-O",
    rate_ppm: 0,
    tax: 0,
    total: 250,
  };
  const payments = [{ tender: "cash", amount: 250 }];
  return { kind: "sale", currency: "KWD", lines: [line], payments, total: 250, tax: 0, ...changes };
}

describe("the vectors of entry.json", () => {
  it.each(entries)(
    "$draft.kind has the bytes that Python writes",
    ({ unix_ms, offset_minutes, stamp, draft, bytes_utf8 }) => {
      const at = formatAt(unix_ms, offset_minutes);
      const bytes = encodeEntry(draft, { ...stamp, at });
      expect(fromUtf8(bytes)).toBe(bytes_utf8);
      expect(findInvalid(draft)).toBeNull();
      expect(decodeEntry(bytes)).toMatchObject({ kind: draft.kind, v: 1, ...stamp, at });
    },
  );
});

describe("an entry's time", () => {
  it("means the same instant, in the zone's own hours", () => {
    const time = fc.integer({ min: -62_135_596_800_000, max: 253_402_214_400_000 });
    fc.assert(
      fc.property(time, fc.integer({ min: -14 * 60, max: 14 * 60 }), (ms, offset) => {
        const text = formatAt(ms, offset);
        if (/^\d{4}-/.test(text) && !text.startsWith("0000")) expect(Date.parse(text)).toBe(ms);
      }),
    );
    expect(formatAt(0, 0)).toBe("1970-01-01T00:00:00Z");
    expect(formatAt(951_782_400_001, 180)).toBe("2000-02-29T03:00:00.001000+03:00");
  });
});

describe("texts in entries", () => {
  it("are the same after UTF-8, and half a surrogate pair becomes a replacement character", () => {
    const stamp = { seq: 1, shift: SHIFT, cashier: PRODUCT, at: formatAt(0, 0), hlc: 1 };
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (note) => {
        expect(decodeEntry(encodeEntry(sale({ note }), stamp))).toMatchObject({ note });
      }),
    );
    const halves = encodeEntry(sale({ note: "a\ud800b\udc00 \\ud800" }), stamp);
    expect(decodeEntry(halves)).toMatchObject({ note: "a\ufffdb\ufffd \\ud800" });
  });

  it("that are none of ours are refused", () => {
    for (const text of ["", "{}", '{"v":2,"kind":"sale"}', '{"v":1,"kind":"toString"}', "[1]"]) {
      expect(() => decodeEntry(utf8(text))).toThrow(Malformed);
    }
    expect(() => decodeEntry(Uint8Array.of(0xff))).toThrow(Malformed);
  });
});

describe("what a shard would not take", () => {
  it.each<[Draft, string, string]>([
    [sale({ note: "x".repeat(201) }), "note", "too_long"],
    [sale({ note: "a\0" }), "note", "too_long"],
    [sale({ note: "4111 1111 1111 1111" }), "note", "card_number"],
    [
      sale({ payments: [{ tender: "card", amount: 250, reference: "4111111111111111" }] }),
      "payments[0].reference",
      "card_number",
    ],
    [sale({ lines: [] }), "lines", "bounds"],
    [sale({ customer: "someone" }), "customer", "bounds"],
    [sale({ rounding: 101 }), "rounding", "bounds"],
    [sale({ total: 0.5 }), "total", "bounds"],
    [sale({ payments: [{ tender: "c ash", amount: 250 }] }), "payments[0].tender", "bounds"],
    [sale({ payments: [{ tender: "cash", amount: 0 }] }), "payments", "bounds"],
    [sale({ total: 251 }), "lines", "figures"],
    [{ kind: "void", scope: "cart", amount: -1 }, "amount", "bounds"],
    [{ kind: "cash_moved", currency: "KWD", amount: 10 ** 13 }, "amount", "bounds"],
    [{ kind: "stock_counted", lines: [{ product: PRODUCT, counted: -1 }] }, "lines[0].counted", "bounds"],
    [{ kind: "receipt_reprinted", receipt: { branch: 0, device: 1, seq: 1 } }, "receipt.branch", "bounds"],
  ])("%j", (draft, field, problem) => {
    expect(findInvalid(draft)).toEqual({ field, problem });
  });

  it("is nothing among emoji and Arabic of two hundred characters", () => {
    expect(findInvalid(sale({ note: "😀".repeat(200) }))).toBeNull();
    expect(
      findInvalid({ kind: "stock_adjusted", reason: "found", lines: [{ product: PRODUCT, quantity: -5 }] }),
    ).toBeNull();
  });
});

describe("the pen", () => {
  it("writes a chain that opens again, and stays where it was when something cannot be written", async () => {
    const key = await importSealingKey(new Uint8Array(32));
    const pen = { device: 7, shift: SHIFT, cashier: PRODUCT, key };
    const at = { unixMs: 1_771_234_567_123, offsetMinutes: 180 };
    const first = await write(
      pen,
      emptyPlace(),
      { kind: "shift_opened", currency: "KWD", opening_float: 0 },
      at,
      new Uint8Array(12),
    );
    // The clock was set back: the order stays.
    const second = await write(pen, first.place, sale(), { ...at, unixMs: 5 }, new Uint8Array(12).fill(1));
    expect(second.entry.hlc).toBe(first.entry.hlc + 1);
    expect(second.place.hash).toEqual(await link(first.place.hash, second.bytes));
    expect(second.sealed).toMatchObject({ seq: 2, keyId: SHIFT });
    const opened = await openEntry(key, { device: 7, keyId: SHIFT, seq: 2 }, second.sealed.ciphertext);
    expect(opened).toEqual(second.bytes);
    const attempt = (draft: Draft) => write(pen, second.place, draft, at, new Uint8Array(12));
    await expect(attempt(sale({ note: "4111111111111111" }))).rejects.toThrow(CoreRefusal);
    await expect(attempt(sale({ total: 1 }))).rejects.toThrow(EntryInvalid);
    const [line] = sale().lines;
    const wide = Array.from(
      { length: 2000 },
      () => ({ ...line, note: "ا".repeat(60) }) as Sale["lines"][number],
    );
    const total = 250 * wide.length;
    const huge = sale({ lines: wide, total, payments: [{ tender: "cash", amount: total }] });
    await expect(attempt(huge)).rejects.toMatchObject({ code: "too_long", params: { field: "lines" } });
  });
});

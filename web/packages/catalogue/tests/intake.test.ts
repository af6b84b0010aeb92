/** Taking a feed in from its beginning: the same image as by merging, what is malformed named, codes as ever. */
import { describe, expect, test } from "vitest";
import { Catalogue, Intake } from "../src/index";
import { codeKey, wordsOf } from "../src/words";
import { inBatches, shopRows } from "./shop";

const VIEW = { branchId: 3, today: "2026-11-22" };
const built = (intake: Intake): Promise<Catalogue> => Catalogue.fromIntake(intake, () => Promise.resolve());

describe("an intake", () => {
  test("finds of a whole shop what a catalogue finds that merged the same rows", async () => {
    const intake = new Intake();
    const merged = Catalogue.empty();
    for (const batch of inBatches(shopRows(2_000), 300)) {
      intake.take(batch);
      merged.apply(batch);
    }
    merged.merge();
    const catalogue = await built(intake);
    expect(catalogue.stats).toEqual(merged.stats);
    for (const text of ["milk", "حليب", "choclate", "P0000", "250ml", "6280000000"]) {
      expect(catalogue.search(text, 50, VIEW)).toEqual(merged.search(text, 50, VIEW));
    }
    const parts = catalogue.toImage().slice(1);
    expect(parts.map((part) => part.length)).toEqual(
      merged
        .toImage()
        .slice(1)
        .map((part) => part.length),
    );
  });

  test("lets others go first while an image is made, and may go on afterwards", async () => {
    const [first = [], ...rest] = inBatches(shopRows(5_000), 4_000);
    const intake = new Intake();
    intake.take(first);
    let pauses = 0;
    const before = await Catalogue.fromIntake(intake, () => {
      pauses += 1;
      return Promise.resolve();
    });
    expect(pauses).toBeGreaterThan(5);
    const { products } = before.stats;
    for (const rows of rest) intake.take(rows);
    expect(before.stats.products).toBe(products);
    expect((await built(intake)).stats.products).toBe(5_000);
  });

  test("names malformed rows, ignores unknown kinds, and counts only what it took", async () => {
    const intake = new Intake();
    const price = "01900000-0003-7000-8000-000000000001:x:2026-01-01";
    const { applied, ignored, bad } = intake.take([
      { kind: "product", key: "x", value: {} },
      { kind: "price", key: price, value: null },
      { kind: "nonsense", key: "1", value: {} },
    ]);
    expect({ applied, ignored, bad }).toEqual({
      applied: 0,
      ignored: 1,
      bad: [
        { kind: "product", key: "x" },
        { kind: "price", key: price },
      ],
    });
    expect(intake.rows).toBe(0);
    expect((await built(intake)).stats.badRows).toBe(2);
  });
});

describe("a code's key", () => {
  test("of plain ASCII is what folding its words gives", () => {
    const codes = [
      "AB-1",
      "sku 1",
      "DAIRY-000123",
      "a_b.c/d",
      "",
      "---",
      "x".repeat(31),
      "É-1",
      "سكر-1",
      "İ1",
    ];
    for (const code of [...codes, "y".repeat(40)]) expect(codeKey(code)).toBe(wordsOf(code).join(""));
  });
});

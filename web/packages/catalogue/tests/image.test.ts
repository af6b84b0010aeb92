/** An image comes back as it was, is used where it lies, and a damaged one is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Catalogue, ImageError, type Row } from "../src/index";
import { idOf, inBatches, shopRows } from "./shop";

const VIEW = { branchId: 3, today: "2026-11-22" };

function shop(products: number): Catalogue {
  const catalogue = Catalogue.empty();
  catalogue.apply(shopRows(products));
  return catalogue;
}

const sorted = (catalogue: Catalogue): Row[] =>
  [...catalogue.rows()].sort((left, right) =>
    `${left.kind} ${left.key}` < `${right.kind} ${right.key}` ? -1 : 1,
  );

describe("an image", () => {
  test("gives back every row, and its parts can be copied into other buffers", () => {
    const catalogue = shop(300);
    const before = sorted(catalogue);
    const parts = catalogue.toImage();
    expect(sorted(catalogue)).toEqual(before);
    const misaligned = parts.map((part) => {
      const wide = new Uint8Array(part.length + 3);
      wide.set(part, 3);
      return wide.subarray(3);
    });
    const again = Catalogue.fromImage(misaligned);
    expect(sorted(again)).toEqual(before);
    expect(again.search("حليب", 20, VIEW)).toEqual(catalogue.search("حليب", 20, VIEW));
  });

  test("is the same one when nothing came in between", () => {
    const catalogue = shop(10);
    const parts = catalogue.toImage();
    const again = catalogue.toImage();
    expect(again.slice(1).map((part) => part.buffer)).toEqual(parts.slice(1).map((part) => part.buffer));
    expect(again[5]?.buffer).toBe(parts[5]?.buffer);
  });

  test("with any byte changed, any part cut or missing, is refused", () => {
    const parts = shop(50).toImage();
    const sizes = parts.map((part) => part.length);
    const filled = sizes.flatMap((size, part) => (part > 0 && size > 0 ? [part] : []));
    fc.assert(
      fc.property(
        fc.constantFrom(...filled),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (which, at, change) => {
          const damaged = parts.map((part) => Uint8Array.from(part));
          const part = damaged[which] ?? new Uint8Array(1);
          const place = at % part.length;
          part[place] = (part[place] ?? 0) ^ change;
          expect(() => Catalogue.fromImage(damaged)).toThrow(ImageError);
        },
      ),
    );
    for (const each of filled) {
      const cut = parts.map((part, place) => (place === each ? part.subarray(0, part.length - 1) : part));
      expect(() => Catalogue.fromImage(cut)).toThrow(ImageError);
    }
    expect(() => Catalogue.fromImage(parts.slice(0, -1))).toThrow(ImageError);
    expect(() => Catalogue.fromImage([])).toThrow(ImageError);
  });

  test("with an unreadable directory or of another format is refused", () => {
    const [directory = new Uint8Array(), ...columns] = shop(5).toImage();
    const text = new TextDecoder().decode(directory);
    for (const other of [
      "",
      "null",
      "{}",
      "[1",
      text.replace('"format":1', '"format":2'),
      text.replace('"size":5', '"size":6'),
    ]) {
      expect(() => Catalogue.fromImage([new TextEncoder().encode(other), ...columns])).toThrow(ImageError);
    }
    expect(Catalogue.fromImage([directory, ...columns]).stats.products).toBe(5);
  });
});

describe("a gentle merge", () => {
  test("answers meanwhile, and keeps the rows that came while it ran", async () => {
    const catalogue = shop(2_000);
    catalogue.toImage();
    const product = catalogue.productById(idOf(1, 7));
    const value = {
      product_id: idOf(1, 7),
      sku: "P000007",
      name_en: "Renamed",
      unit: "piece",
      tax_class: "standard",
    };
    const rename = (name: string): Row => ({
      kind: "product",
      key: idOf(1, 7),
      value: { ...value, name_en: name },
    });
    catalogue.apply([rename("Before"), { kind: "product", key: idOf(1, 8), value: null }]);
    let pauses = 0;
    const merged = await catalogue.mergeGently(async () => {
      pauses++;
      expect(catalogue.productById(idOf(1, 8))).toBeNull();
      expect(catalogue.search(product?.sku ?? "", 1, VIEW)[0]?.product.id).toBe(idOf(1, 7));
      if (pauses === 2) {
        catalogue.apply([rename("While")]);
        expect(await catalogue.mergeGently(() => Promise.resolve())).toBe(false);
      }
    });
    expect(merged).toBe(true);
    expect(pauses).toBeGreaterThan(5);
    expect(catalogue.stats.laterRows).toBe(1);
    expect(catalogue.productById(idOf(1, 7))?.name.en).toBe("While");
    catalogue.merge();
    expect(catalogue.stats).toMatchObject({ laterRows: 0, products: 1_999 });
    expect(catalogue.search("while", 1, VIEW)[0]?.product.id).toBe(idOf(1, 7));
    expect(catalogue.search("before", 5, VIEW).map(({ match }) => match)).not.toContain("exact");
  });
});

test(
  "100,000 products arrive in batches, are merged as it asks, and are all found",
  { timeout: 300_000 },
  () => {
    const catalogue = Catalogue.empty();
    let merges = 0;
    for (const batch of inBatches(shopRows(100_000), 5_000)) {
      expect(catalogue.apply(batch).bad).toEqual([]);
      if (!catalogue.mergeDue) continue;
      catalogue.merge();
      merges++;
    }
    expect(merges).toBeLessThan(20);
    const loaded = Catalogue.fromImage(catalogue.toImage());
    expect(loaded.stats).toMatchObject({ products: 100_000, prices: 100_000, laterRows: 0, badRows: 0 });
    expect(loaded.stats.imageBytes).toBeLessThan(40 * 2 ** 20);
    for (let number = 1; number <= 100_000; number += 997) {
      const product = loaded.productById(idOf(1, number));
      expect(loaded.productByBarcode(product?.barcodes[0] ?? "")?.id).toBe(idOf(1, number));
      expect(loaded.productBySku(product?.sku ?? "")?.id).toBe(idOf(1, number));
      expect(loaded.price(idOf(1, number), 3, VIEW.today)).not.toBeNull();
    }
    const misspelt = loaded.search("choclate stawberry", 20, VIEW);
    expect(misspelt).toHaveLength(20);
    for (const { product, match } of misspelt) {
      expect(product.name.en).toMatch(/Strawberry Chocolate/);
      expect(match).toBe("fuzzy");
    }
    for (const { product } of loaded.search("شوكولاته بالفراوله", 20, VIEW))
      expect(product.name.ar).toContain("شوكولاتة");
  },
);

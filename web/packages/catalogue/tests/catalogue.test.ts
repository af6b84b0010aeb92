/** The catalogue agrees with one that has no index, whatever rows came, in batches and merged or not. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Catalogue, Intake, type Row } from "../src/index";
import { NaiveCatalogue } from "./naive";

const uuid = (kind: number, number: number): string =>
  `0${kind}000000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;

const PRODUCTS = 12;
const DAYS = ["2026-01-01", "2026-03-01", "2026-03-31", "2026-12-31"];
const WORDS = [
  ..."milk Milkshake mild mlik chocolate choclate chocolat 250ml 250 ml kg 1.5L Crème".split(" "),
  ..."حليب الحليب حَلِيب مراعي المراعي شوكولاته شوكولاتة أرز رز ٢٥٠مل قهوة قهوه".split(" "),
];
const CODES = [
  "6281234567890",
  "062812345678",
  "12345670",
  "00012345670123",
  "4711",
  "AB-1",
  "ab-1",
  "AB-12",
  "SHELF/7",
  "00000012345670",
];

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 4 });
const number = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const name = fc
  .array(fc.oneof({ arbitrary: fc.constantFrom(...WORDS), weight: 9 }, fc.string({ maxLength: 6 })), {
    maxLength: 4,
  })
  .map((words) => words.join(" "));

const productRow = number(PRODUCTS).chain((which) =>
  maybe(
    fc.record({
      product_id: fc.constant(uuid(1, which)),
      sku: fc.constantFrom(`SKU-${which}`, `SKU-1${which}`, `${which}`, "سكر-1", "sku 1"),
      name_en: name,
      name_ar: name,
      unit: fc.constantFrom("piece", "kg"),
      category_id: maybe(number(4).map((each) => uuid(2, each))),
      tax_class: fc.constantFrom("standard", "zero"),
      barcodes: fc.uniqueArray(fc.constantFrom(...CODES), { maxLength: 3 }),
      active: fc.boolean(),
    }),
  ).map((value): Row => ({ kind: "product", key: uuid(1, which), value })),
);

const priceRow = fc
  .tuple(number(PRODUCTS + 1), number(3), fc.constantFrom(...DAYS))
  .chain(([which, list, from]) =>
    maybe(
      fc.record({
        price_list_id: fc.constant(uuid(3, list)),
        product_id: fc.constant(uuid(1, which)),
        amount: fc.integer({ min: 0, max: 1_000_000_000_000 }),
        currency: fc.constantFrom("KWD", "SAR"),
        valid_from: fc.constant(from),
        valid_until: maybe(fc.constantFrom(...DAYS)),
      }),
    ).map((value): Row => ({ kind: "price", key: `${uuid(3, list)}:${uuid(1, which)}:${from}`, value })),
  );

const listRow = number(3).chain((list) =>
  maybe(
    fc.record({
      price_list_id: fc.constant(uuid(3, list)),
      name: fc.constant("List"),
      region_id: fc.constantFrom(1, 2),
      branch_id: fc.constantFrom(null, 1, 2),
      currency: fc.constant("KWD"),
      tax_inclusive: fc.boolean(),
      priority: fc.integer({ min: 0, max: 2 }),
    }),
  ).map((value): Row => ({ kind: "price_list", key: uuid(3, list), value })),
);

const categoryRow = number(4).chain((which) =>
  maybe(
    fc.record({
      category_id: fc.constant(uuid(2, which)),
      parent_id: maybe(number(4).map((each) => uuid(2, each))),
      name_en: name,
      name_ar: name,
    }),
  ).map((value): Row => ({ kind: "category", key: uuid(2, which), value })),
);

const branchRow: fc.Arbitrary<Row> = maybe(fc.constantFrom(1, 2)).map((region_id) => {
  const rest = {
    shard_id: "kw-1",
    currency: "KWD",
    time_zone: "Asia/Kuwait",
    jurisdiction: "KW",
    active: true,
  };
  const value = region_id && { branch_id: 1, code: "KW01", name_en: "One", name_ar: "", region_id, ...rest };
  return { kind: "branch", key: "1", value };
});

const row = fc.oneof(
  { arbitrary: productRow, weight: 8 },
  { arbitrary: priceRow, weight: 8 },
  { arbitrary: listRow, weight: 3 },
  { arbitrary: categoryRow, weight: 2 },
  { arbitrary: branchRow, weight: 1 },
);

/** What happens between two batches. */
const step = fc.record({
  rows: fc.array(row, { maxLength: 25 }),
  then: fc.constantFrom("go on", "merge", "reload"),
});

const query = fc.oneof(
  fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }).map((words) => words.join(" ")),
  fc
    .constantFrom(...WORDS, ...CODES)
    .chain((text) => fc.nat(text.length).map((length) => text.slice(0, length))),
  fc.constantFrom(...CODES).chain((text) => fc.nat(text.length).map((start) => text.slice(start))),
  fc.constantFrom("6 281234 567890", "sku-1", "SKU1", "choco milk", "milk 4711", "الشوكولاته", "ab-1"),
  fc.string({ maxLength: 8 }),
);

const favourites = fc.array(
  number(PRODUCTS).map((which) => uuid(1, which)),
  { maxLength: 3 },
);

describe("a catalogue and one without an index", () => {
  test("agree on lookups, prices, searches, pages and rows after any batches", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 5 }),
        fc.array(query, { maxLength: 6 }),
        favourites,
        (steps, queries, stars) => {
          let catalogue = Catalogue.empty();
          const naive = new NaiveCatalogue();
          for (const { rows, then } of steps) {
            expect(catalogue.apply(rows).bad).toEqual([]);
            naive.apply(rows);
            if (then === "merge") catalogue.merge();
            if (then === "reload") catalogue = Catalogue.fromImage(catalogue.toImage());
            agree(catalogue, naive, queries, new Set(stars));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("agree when a feed begins: whatever was taken in, found in between or not, and rows after it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ rows: fc.array(row, { maxLength: 25 }), then: fc.boolean() }), { maxLength: 5 }),
        fc.array(query, { maxLength: 6 }),
        fc.array(row, { maxLength: 25 }),
        async (steps, queries, later) => {
          const intake = new Intake();
          const naive = new NaiveCatalogue();
          for (const { rows, then } of steps) {
            expect(intake.take(rows).bad).toEqual([]);
            naive.apply(rows);
            if (then) agree(await built(intake), naive, queries, new Set());
          }
          const catalogue = await built(intake);
          agree(catalogue, naive, queries, new Set());
          agree(Catalogue.fromImage(catalogue.toImage()), naive, queries, new Set());
          catalogue.apply(later);
          naive.apply(later);
          agree(catalogue, naive, queries, new Set());
          catalogue.merge();
          agree(catalogue, naive, queries, new Set());
        },
      ),
      { numRuns: 60 },
    );
  });
});

const built = (intake: Intake): Promise<Catalogue> => Catalogue.fromIntake(intake, () => Promise.resolve());

function agree(
  catalogue: Catalogue,
  naive: NaiveCatalogue,
  queries: readonly string[],
  stars: ReadonlySet<string>,
): void {
  const rows = Array.from(catalogue.rows(), ({ kind, key, value }) => [`${kind} ${key}`, value] as const);
  expect(rows.sort(([left], [right]) => (left < right ? -1 : 1))).toEqual(naive.all);
  expect(catalogue.stats.products).toBe(naive.of("product").length);
  expect(catalogue.stats.prices).toBe(naive.of("price").length);
  for (const code of [...CODES, "0012345670123", "6281234567891"]) {
    expect(catalogue.productByBarcode(code)?.id ?? null).toBe(naive.byBarcode(code));
  }
  for (const today of ["2025-12-31", "2026-03-15", "2027-01-01"]) {
    for (let which = 1; which <= PRODUCTS + 1; which++) {
      expect(catalogue.price(uuid(1, which), 1, today)?.amount ?? null).toBe(
        naive.price(uuid(1, which), 1, today),
      );
    }
  }
  const view = { branchId: 1, today: "2026-03-15", favourites: stars };
  for (const text of queries) {
    for (const limit of [2, 50]) {
      const hits = catalogue
        .search(text, limit, view)
        .map(({ product, price }) => ({ id: product.id, amount: price?.amount ?? null }));
      expect(hits).toEqual(naive.search(text, limit, 1, view.today, stars));
    }
  }
  for (const category of [null, uuid(2, 1), uuid(2, 2)]) {
    const expected = naive.browse(category);
    expect(catalogue.browse(category, 0, 100, view).map(({ product }) => product.id)).toEqual(expected);
    expect(catalogue.browse(category, 1, 2, view).map(({ product }) => product.id)).toEqual(
      expected.slice(1, 3),
    );
    const counted = catalogue.categories().find((each) => each.id === category);
    if (counted !== undefined) expect(counted.products).toBe(expected.length);
  }
}

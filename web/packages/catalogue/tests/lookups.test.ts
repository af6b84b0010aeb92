/** People, settings, taxes and lists as their rows say; what is malformed is left out and named. */
import { DEFAULT_SETTINGS } from "@octonext/core/settings";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Catalogue, type Row } from "../src/index";
import { idOf, shopRows } from "./shop";

const cashier = (number: number, changes: Record<string, unknown> = {}): Row => {
  const names = { name_en: `Cashier ${number}`, name_ar: "" };
  const rest = {
    role: "cashier",
    permissions: ["sell"],
    branch_ids: [3],
    pin_hash: "$argon2id$v=19$...",
    active: true,
  };
  return {
    kind: "cashier",
    key: idOf(4, number),
    value: { user_id: idOf(4, number), code: `${number}`, ...names, ...rest, ...changes },
  };
};

const settings = (key: string, value: Record<string, unknown>): Row => ({
  kind: "till_settings",
  key,
  value,
});

function shop(...rows: Row[]): Catalogue {
  const catalogue = Catalogue.empty();
  catalogue.apply(shopRows(3));
  catalogue.apply(rows);
  return catalogue;
}

describe("people", () => {
  test("sign in at their branches, or everywhere when none is named, and not once they left", () => {
    const rows = [
      cashier(1),
      cashier(2, { branch_ids: [] }),
      cashier(3, { branch_ids: [4] }),
      cashier(4, { active: false }),
    ];
    const catalogue = shop(...rows);
    expect(catalogue.cashiers(3).map(({ code }) => code)).toEqual(["1", "2"]);
    expect(catalogue.person(idOf(4, 4))?.active).toBe(false);
    const again = Catalogue.fromImage(catalogue.toImage());
    expect(again.cashiers(3)).toEqual(catalogue.cashiers(3));
  });

  test("have the permissions that this version knows", () => {
    const catalogue = shop(cashier(1, { permissions: ["sell", "fly", "open_drawer"], role: "supervisor" }));
    expect(catalogue.person(idOf(4, 1))).toMatchObject({
      role: "supervisor",
      permissions: ["sell", "open_drawer"],
    });
  });
});

describe("settings", () => {
  test("of a branch stand over those of its region, over the defaults", () => {
    const rule = { prefix: "21", item_digits: 5, holds: "weight", value_digits: 5, decimals: 3 };
    const catalogue = shop(
      settings("region:1", {
        cash_rounding: 5,
        tenders: ["cash", "knet"],
        discount_limit_ppm: { cashier: 1, manager: 2 },
      }),
      settings("branch:3", {
        scale_rules: [rule],
        discount_limit_ppm: { cashier: 3 },
        receipt: { seller_name_ar: "متجر" },
      }),
      settings("branch:4", { cash_rounding: 25 }),
    );
    expect(catalogue.settings(3)).toEqual({
      ...DEFAULT_SETTINGS,
      cashRounding: 5,
      tenders: ["cash", "knet"],
      scaleRules: [{ prefix: "21", itemDigits: 5, holds: "weight", valueDigits: 5, decimals: 3 }],
      discountLimitPpm: { ...DEFAULT_SETTINGS.discountLimitPpm, cashier: 3, manager: 2 },
      receipt: { ...DEFAULT_SETTINGS.receipt, sellerName: { en: "", ar: "متجر" } },
    });
    catalogue.apply([settings("region:1", {}), { kind: "till_settings", key: "branch:3", value: null }]);
    expect(catalogue.settings(3)).toEqual(DEFAULT_SETTINGS);
  });
});

test("a tax is found by jurisdiction and class", () => {
  const value = {
    jurisdiction: "KW",
    tax_class: "standard",
    tax_code: "NONE",
    rate_ppm: 0,
    name_en: "None",
    name_ar: "",
  };
  const catalogue = shop({ kind: "tax", key: "KW:standard", value });
  const product = catalogue.productById(idOf(1, 1));
  expect(product && catalogue.tax(product, "KW")).toMatchObject({ taxCode: "NONE", ratePpm: 0 });
  expect(product && catalogue.tax(product, "SA")).toBeNull();
});

describe("rows that are malformed", () => {
  const bad: Row[] = [
    { kind: "product", key: idOf(1, 1), value: { product_id: idOf(1, 2), sku: "x" } },
    { kind: "product", key: "1", value: null },
    {
      kind: "product",
      key: idOf(1, 1),
      value: { product_id: idOf(1, 1), sku: "x", name_en: "x", unit: "box", tax_class: "zero" },
    },
    { kind: "price", key: "1:2:3", value: null },
    { kind: "price", key: `${idOf(3, 1)}:${idOf(1, 1)}:2026-02-30`, value: {} },
    { kind: "branch", key: "3", value: { branch_id: 4 } },
    { kind: "category", key: idOf(2, 1), value: 7 },
    cashier(1, { role: "king" }),
    settings("branch:3", { cash_rounding: -5 }),
    settings("shop:3", {}),
  ];

  test("are left out and named, and what was there before stays", () => {
    const catalogue = shop();
    const before = [...catalogue.rows()];
    const result = catalogue.apply([...bad, { kind: "weather", key: "1", value: {} }]);
    expect(result).toEqual({ applied: 0, ignored: 1, bad: bad.map(({ kind, key }) => ({ kind, key })) });
    expect([...catalogue.rows()]).toEqual(before);
    expect(catalogue.stats.badRows).toBe(bad.length);
  });

  test("never throw, whatever they hold", () => {
    const kinds = [
      "product",
      "price",
      "branch",
      "region",
      "category",
      "price_list",
      "tax",
      "cashier",
      "till_settings",
      "x",
    ];
    const keys = fc.oneof(
      fc.string(),
      fc.constantFrom(idOf(1, 1), `${idOf(3, 1)}:${idOf(1, 1)}:2026-01-01`, "region:1", "__proto__"),
    );
    const rows = fc.record({
      kind: fc.constantFrom(...kinds, "constructor"),
      key: keys,
      value: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 20 }), (garbage) => {
        const catalogue = Catalogue.empty();
        const { applied, ignored, bad: left } = catalogue.apply(garbage);
        expect(applied + ignored + left.length).toBe(garbage.length);
        Catalogue.fromImage(catalogue.toImage());
      }),
    );
  });
});

/** Customers are found by name in either script, mis-spelt too, and by digits of their phone. */
import { describe, expect, test } from "vitest";
import { Customers, type Row } from "../src/index";
import { idOf } from "./shop";

const row = (number: number, name: string, phone: string | null, vat: string | null = null): Row => ({
  kind: "customer",
  key: idOf(5, number),
  value: { customer_id: idOf(5, number), name, phone, email: null, vat_number: vat, note: null },
});

const ROWS = [
  row(1, "Zainab Al-Mutairi", "+965 9900 1122"),
  row(2, "زينب المطيري", "٩٩٠٠١١٣٣"),
  row(3, "Yousef Haddad", "0096566554433", "300055184400003"),
  row(4, "José García", null),
];

function found(text: string, limit = 10): number[] {
  const customers = Customers.empty();
  customers.apply(ROWS);
  return customers.search(text, limit).map(({ id }) => Number.parseInt(id.slice(-4), 16));
}

describe("a customer", () => {
  test("is found by the beginning of any word, in any order, whatever the marks", () => {
    expect(found("mut zai")).toEqual([1]);
    expect(found("زَيْنَب")).toEqual([2]);
    expect(found("مطيرى")).toEqual([2]);
    expect(found("garcia jose")).toEqual([4]);
  });
  test("is found mis-spelt, after those who are not", () => {
    expect(found("Yuosef")).toEqual([3]);
    expect(found("hadad")).toEqual([3]);
  });
  test("is found by digits of the phone number from three on, and by VAT number", () => {
    expect(found("990011")).toEqual([2, 1]);
    expect(found("+965 9900 1122")).toEqual([1]);
    expect(found("٤٤٣٣")).toEqual([3]);
    expect(found("33")).toEqual([]);
    expect(found("300055184400003")).toEqual([3]);
  });
  test("is not found by nothing, and not more often than asked for", () => {
    expect(found("  ")).toEqual([]);
    expect(found("zainab", 0)).toEqual([]);
  });
});

test("rows replace, delete and come back as they were; malformed ones are named", () => {
  const customers = Customers.empty();
  customers.apply(ROWS);
  const result = customers.apply([
    row(1, "Zainab", null),
    { kind: "customer", key: idOf(5, 4), value: null },
    { kind: "customer", key: "x", value: {} },
    { kind: "product", key: "x", value: {} },
  ]);
  expect(result).toEqual({ applied: 2, ignored: 1, bad: [{ kind: "customer", key: "x" }] });
  expect([...customers.rows()]).toEqual([row(1, "Zainab", null), ROWS[1], ROWS[2]]);
  expect(customers.get(idOf(5, 1))?.phone).toBeNull();
  expect(customers.size).toBe(3);
});

/** `spec/vectors/cart.json`: a whole sale costs here what it costs in Python. */
import { describe, expect, it } from "vitest";

import {
  addProduct,
  cartFigures,
  discountCart,
  discountLine,
  emptyCart,
  findDisagreement,
  halvesOf,
  settleCart,
  THOUSANDTHS,
  type Cart,
  type CartDiscount,
  type Sale,
} from "../src/index";
import { vectors } from "./vectors";

type Discount = { percent_ppm: number } | { amount: number } | null;

interface LineVector {
  unit_price: number;
  quantity: number;
  inclusive: boolean;
  tax_code: string;
  rate_ppm: number;
  discount: Discount;
  approved: number | null;
}

interface CartVector {
  cash_rounding: number | null;
  lines: LineVector[];
  discount: Discount;
  expected: {
    lines: { discount: number; tax: number; total: number }[];
    total: number;
    tax: number;
    paid: number;
    rounding: number;
  };
}

const { carts } = vectors("cart") as { carts: CartVector[] };

function discountOf(given: NonNullable<Discount>): CartDiscount {
  return "amount" in given ? given : { percentPpm: given.percent_ppm };
}

function cartOf({ lines, discount }: CartVector): Cart {
  let cart = emptyCart();
  for (const [place, line] of lines.entries()) {
    const goods = {
      productId: `01938f5e-7c00-7aaa-8000-${String(place).padStart(12, "0")}`,
      sku: "1",
      name: { en: "Milk", ar: "" },
      unit: line.quantity % THOUSANDTHS === 0 ? ("piece" as const) : ("kg" as const),
      unitPrice: line.unit_price,
      taxInclusive: line.inclusive,
      taxCode: line.tax_code,
      ratePpm: line.rate_ppm,
    };
    const added = addProduct(cart, goods, line.quantity);
    cart = added.cart;
    if (line.discount === null) continue;
    const given = { discount: discountOf(line.discount), reason: "x", approvedBy: null };
    const approved = line.approved === null ? {} : { approvedAmount: line.approved };
    cart = discountLine(cart, added.key, { ...given, ...approved });
  }
  if (discount === null) return cart;
  return discountCart(cart, { discount: discountOf(discount), reason: "x", approvedBy: null }, Infinity);
}

describe("a sale of the vectors", () => {
  it.each(carts.map((cart, place) => [place, cart] as const))("%i costs what it says", (_, vector) => {
    const cart = cartOf(vector);
    const { expected } = vector;
    const { sale } = halvesOf(cart);
    const lines = (sale?.lines ?? []).map(({ discount = 0, tax, total }) => ({ discount, tax, total }));
    expect({ lines, total: sale?.total, tax: sale?.tax }).toEqual({
      lines: expected.lines,
      total: expected.total,
      tax: expected.tax,
    });
    expect(cartFigures(cart)).toMatchObject({ total: expected.total, tax: expected.tax });
    const tenders = expected.total === 0 ? [] : [{ tender: "cash", amount: null, reference: null }];
    const terms = { cashRounding: vector.cash_rounding, hasCustomer: false };
    const paid = settleCart({ sale: expected.total, returned: null }, tenders, terms).sale;
    expect(paid?.rounding).toBe(expected.rounding);
    expect((paid?.payments ?? []).reduce((sum, { amount }) => sum + amount, 0)).toBe(expected.paid);
    const { payments = [], rounding = 0 } = paid ?? {};
    const entry: Sale = {
      kind: "sale",
      currency: "KWD",
      lines: sale?.lines ?? [],
      total: expected.total,
      tax: expected.tax,
      payments,
      rounding,
    };
    expect(findDisagreement(entry)).toBeNull();
  });
});

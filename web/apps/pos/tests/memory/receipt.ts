/** The receipt that a cart becomes: its figures are the cart's, without tax. */
import type { CartView, Receipt } from "@octonext/engine/api";

export function receiptOf(cart: CartView, seq: number, tender: string, tendered: number | null): Receipt {
  const total = Math.abs(cart.total);
  return {
    kind: cart.total < 0 ? "return" : "sale",
    number: `KW01-T01-${seq}`,
    reference: { branch: 3, device: 7, seq },
    hash: "9f2c51ab",
    at: "2026-03-01T09:41:00Z",
    cashier: { en: "Cashier One", ar: "الكاشير الأول" },
    branch: { en: "Branch One", ar: "الفرع الأول" },
    currency: "KWD",
    exponent: 3,
    lines: cart.lines.map((line, at) => ({
      number: at + 1,
      productId: line.productId,
      sku: line.sku,
      name: line.name,
      unit: line.unit,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      discount: line.lineDiscount,
      taxCode: line.taxCode,
      ratePpm: line.ratePpm,
      tax: line.tax,
      total: line.total,
      note: line.note,
    })),
    taxes: [],
    subtotal: total + cart.discount,
    discount: cart.discount,
    tax: 0,
    total,
    rounding: 0,
    payments: [{ tender, amount: total, tendered, reference: null }],
    change: tendered === null ? 0 : tendered - total,
    customer: cart.customer,
    note: cart.note,
    original: null,
    copy: 0,
    exchange: null,
    qr: `ON1:3-7-${seq}:9f2c51ab`,
    taxQr: null,
    synced: false,
  };
}

/**
 * What a shift has done so far, as sums: each entry is added once, in the transaction that writes it, so that
 * a report costs the same after ten sales and after ten thousand. Minor units throughout.
 */
import { CASH, type Draft, type Line, type Return, type Sale } from "./entries";

export interface ShiftTotals {
  openingFloat: number;
  sales: { count: number; total: number; tax: number; discount: number };
  returns: { count: number; total: number; tax: number };
  voids: { lines: number; carts: number; amount: number };
  priceOverrides: number;
  drawerOpens: number;
  cashIn: number;
  cashOut: number;
  rounding: number;
  /** What must be in the drawer. */
  expected: number;
  byTender: Record<string, { sales: number; returns: number }>;
  /** By code and rate; what was sold less what came back. */
  byTax: Record<string, { code: string; ratePpm: number; net: number; tax: number }>;
}

export function noTotals(): ShiftTotals {
  return {
    openingFloat: 0,
    sales: { count: 0, total: 0, tax: 0, discount: 0 },
    returns: { count: 0, total: 0, tax: 0 },
    voids: { lines: 0, carts: 0, amount: 0 },
    priceOverrides: 0,
    drawerOpens: 0,
    cashIn: 0,
    cashOut: 0,
    rounding: 0,
    expected: 0,
    byTender: {},
    byTax: {},
  };
}

/** The totals with one more entry; the given ones stay as they are. */
export function addEntry(before: ShiftTotals, entry: Draft): ShiftTotals {
  const totals = structuredClone(before);
  switch (entry.kind) {
    case "shift_opened":
      totals.openingFloat += entry.opening_float;
      totals.expected += entry.opening_float;
      break;
    case "sale":
      totals.sales.count += 1;
      totals.sales.total += entry.total;
      totals.sales.tax += entry.tax;
      totals.sales.discount += entry.lines.reduce((sum, line) => sum + (line.discount ?? 0), 0);
      addReceipt(totals, entry, 1);
      break;
    case "return":
      totals.returns.count += 1;
      totals.returns.total += entry.total;
      totals.returns.tax += entry.tax;
      addReceipt(totals, entry, -1);
      break;
    case "void":
      // A receipt that is voided comes back as a return, which has the money.
      if (entry.scope === "receipt") break;
      if (entry.scope === "line") totals.voids.lines += 1;
      else totals.voids.carts += 1;
      totals.voids.amount += entry.amount;
      break;
    case "price_overridden":
      totals.priceOverrides += 1;
      break;
    case "drawer_opened":
      totals.drawerOpens += 1;
      break;
    case "cash_moved":
      if (entry.amount > 0) totals.cashIn += entry.amount;
      else totals.cashOut -= entry.amount;
      totals.expected += entry.amount;
      break;
    case "stock_counted":
    case "stock_adjusted":
    case "shift_closed":
    case "customer_saved":
    case "receipt_reprinted":
    case "cashier_signed_in":
      break;
  }
  return totals;
}

function addReceipt(totals: ShiftTotals, receipt: Sale | Return, sign: 1 | -1): void {
  totals.rounding += sign * (receipt.rounding ?? 0);
  for (const payment of receipt.payments) {
    const sums = (totals.byTender[payment.tender] ??= { sales: 0, returns: 0 });
    if (sign === 1) sums.sales += payment.amount;
    else sums.returns += payment.amount;
    if (payment.tender === CASH) totals.expected += sign * payment.amount;
  }
  for (const line of receipt.lines) {
    const sums = (totals.byTax[taxKey(line)] ??= {
      code: line.tax_code,
      ratePpm: line.rate_ppm,
      net: 0,
      tax: 0,
    });
    sums.net += sign * (line.total - line.tax);
    sums.tax += sign * line.tax;
  }
}

function taxKey(line: Line): string {
  return `${line.tax_code}:${line.rate_ppm}`;
}

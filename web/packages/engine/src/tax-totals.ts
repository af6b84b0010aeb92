/** What of a receipt's lines is tax, by code and rate. */
import type { Line } from "@octonext/core";

import type { TaxTotal } from "./api";

export function taxTotals(
  lines: readonly Pick<Line, "tax_code" | "rate_ppm" | "tax" | "total">[],
): TaxTotal[] {
  const sums = new Map<string, TaxTotal>();
  for (const line of lines) {
    const key = `${line.tax_code}:${line.rate_ppm}`;
    const sum = sums.get(key) ?? { code: line.tax_code, ratePpm: line.rate_ppm, net: 0, tax: 0 };
    sums.set(key, { ...sum, net: sum.net + line.total - line.tax, tax: sum.tax + line.tax });
  }
  return [...sums.values()];
}

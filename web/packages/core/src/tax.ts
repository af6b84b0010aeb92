/** The tax of one line, rounded half away from zero once per line. Twin of `compliance/domain.py`. */
import { multiplyDivide } from "./money";
import { PPM } from "./protocol";

export const TAX_CLASSES = ["standard", "zero", "exempt", "none"] as const;
export type TaxClass = (typeof TAX_CLASSES)[number];

/** The standard rate of each jurisdiction by law, parts per million; sources stand in the Python twin. */
export const STANDARD_RATE_PPM: Readonly<Record<string, number>> = {
  AE: 50_000,
  BH: 100_000,
  KW: 0,
  OM: 50_000,
  QA: 0,
  SA: 150_000,
};

/** UN/CEFACT 5305 duty categories: standard, zero rated, exempt, outside of scope. */
const LETTERS: Readonly<Record<TaxClass, string>> = { standard: "S", zero: "Z", exempt: "E", none: "O" };

/** One line's amounts; `gross` is `net` + `tax`, always. */
export interface TaxSplit {
  net: number;
  tax: number;
  gross: number;
}

/**
 * Split an amount that holds its tax (`inclusive`), or add tax to one that does not. Negative amounts mirror
 * positive ones, so that a return takes back exactly what its sale charged.
 */
export function splitTax(amount: number, ratePpm: number, inclusive: boolean): TaxSplit {
  if (ratePpm < 0 || ratePpm > PPM) throw new RangeError("a rate is between 0 and 1,000,000 ppm");
  if (inclusive) {
    const tax = multiplyDivide(amount, ratePpm, PPM + ratePpm);
    return { net: amount - tax, tax, gross: amount };
  }
  const tax = multiplyDivide(amount, ratePpm, PPM);
  return { net: amount, tax, gross: amount + tax };
}

/** The most before tax that costs no more than `gross` with the tax on top: no label is undercut by its own tax. */
export function netWithin(gross: number, ratePpm: number): number {
  let net = multiplyDivide(gross, PPM, PPM + ratePpm);
  while (net > 0 && splitTax(net, ratePpm, false).gross > gross) net -= 1;
  return splitTax(net + 1, ratePpm, false).gross <= gross ? net + 1 : net;
}

/** The code printed and reported, such as SA-S; null for an unknown jurisdiction. */
export function taxCode(jurisdiction: string, taxClass: TaxClass): string | null {
  if (!Object.hasOwn(STANDARD_RATE_PPM, jurisdiction)) return null;
  // Without any VAT, everything is outside of it.
  return `${jurisdiction}-${STANDARD_RATE_PPM[jurisdiction] === 0 ? "O" : LETTERS[taxClass]}`;
}

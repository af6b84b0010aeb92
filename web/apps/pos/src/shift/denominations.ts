/**
 * Notes and coins that a drawer may hold, in minor units, the largest first. Coins too small to be seen in shops
 * are left in, since a count must be able to reach every amount; whoever has a piece that is not here types the
 * sum. Looked up in November 2026:
 *
 * - KWD: notes of the sixth issue as the central bank announced them (kuna.net.kw, 10 June 2013); coins as in
 *   Wikipedia, "Kuwaiti dinar".
 * - SAR: the 200 riyal note of 2021 (Saudi Press Agency) beside the sixth series; the coins of 2016 (mintageworld.com).
 * - AED, BHD: Wikipedia, "United Arab Emirates dirham" and "Bahraini dinar"; Bahrain withdrew its coin of 500 fils.
 * - OMR: the central bank's own list (cbo.gov.om/Pages/Currency.aspx).
 * - QAR: notes of the fifth issue (Qatar Tribune, December 2020); coins as banknoteworld.com lists them.
 */
export interface Denominations {
  notes: readonly number[];
  coins: readonly number[];
}

export const DENOMINATIONS: Readonly<Record<string, Denominations>> = {
  KWD: { notes: [20_000, 10_000, 5_000, 1_000, 500, 250], coins: [100, 50, 20, 10, 5, 1] },
  SAR: {
    notes: [50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 100],
    coins: [200, 100, 50, 25, 10, 5, 1],
  },
  AED: { notes: [100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500], coins: [100, 50, 25, 10, 5, 1] },
  BHD: { notes: [20_000, 10_000, 5_000, 1_000, 500], coins: [100, 50, 25, 10, 5] },
  OMR: { notes: [50_000, 20_000, 10_000, 5_000, 1_000, 500, 100], coins: [500, 100, 50, 25, 10, 5] },
  QAR: { notes: [50_000, 20_000, 10_000, 5_000, 1_000, 500, 100], coins: [50, 25, 10, 5, 1] },
};

export type DenominationKind = "notes" | "coins";

/** A note and a coin may have the same value: 1 riyal is both. */
export function pieceKey(kind: DenominationKind, value: number): string {
  return `${kind}-${value}`;
}

/** What the counted pieces are worth. */
export function worth(currency: Denominations, pieces: Readonly<Record<string, number>>): number {
  return (["notes", "coins"] as const)
    .flatMap((kind) => currency[kind].map((value) => value * (pieces[pieceKey(kind, value)] ?? 0)))
    .reduce((sum, each) => sum + each, 0);
}

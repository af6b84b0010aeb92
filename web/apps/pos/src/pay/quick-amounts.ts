/** The amounts of cash that a customer is likely to hand over, from the notes of the currency. */

/** Notes in circulation, in minor units, smallest first; each central bank's own list. */
const NOTES: Readonly<Record<string, readonly number[]>> = {
  KWD: [250, 500, 1_000, 5_000, 10_000, 20_000],
  BHD: [500, 1_000, 5_000, 10_000, 20_000],
  OMR: [100, 500, 1_000, 5_000, 10_000, 20_000, 50_000],
  SAR: [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000],
  AED: [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000],
  QAR: [100, 500, 1_000, 5_000, 10_000, 20_000, 50_000],
  GBP: [500, 1_000, 2_000, 5_000],
  EUR: [500, 1_000, 2_000, 5_000, 10_000, 20_000],
  USD: [100, 500, 1_000, 2_000, 5_000, 10_000],
};

export const QUICK_AMOUNTS_MAX = 5;

/**
 * Amounts above `due` that whole notes make: for each note the fewest of it that are enough. Smallest
 * first, without the exact amount, which has a button of its own.
 */
export function quickAmounts(due: number, currency: string): number[] {
  if (due <= 0) return [];
  const enough = (NOTES[currency] ?? []).map((note) => Math.ceil(due / note) * note);
  return [...new Set(enough)]
    .filter((amount) => amount > due)
    .sort((one, other) => one - other)
    .slice(0, QUICK_AMOUNTS_MAX);
}

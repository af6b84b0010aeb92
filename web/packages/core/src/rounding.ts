/** Cash totals rounded to coins that exist. Cards are never rounded. */
import { divideHalfUp } from "./money";

/** What a shard takes as the rounding of one receipt, either way. */
export const ROUNDING_MAX = 100;
/** Steps above this would round by more than that; such a setting does not round. */
export const CASH_STEP_MAX = 2 * ROUNDING_MAX;

/** The smallest coin people really carry, minor units; sources stand in `compliance/domain.py`. */
export const CASH_STEP: Readonly<Record<string, number>> = { BH: 5, KW: 5, OM: 5, AE: 1, QA: 1, SA: 1 };

/** The nearest multiple of `step` minor units, half away from zero; null or 1 does not round. */
export function roundCash(amount: number, step: number | null): number {
  if (step === null || step <= 1 || step > CASH_STEP_MAX) return amount;
  return divideHalfUp(amount, step) * step;
}

/**
 * What is handed over in cash for `due` (not negative). An amount that would round to nothing stays as it is:
 * a receipt whose rounding no cash payment carries cannot be booked.
 */
export function cashDue(due: number, step: number | null): number {
  const rounded = roundCash(due, step);
  return rounded === 0 ? due : rounded;
}

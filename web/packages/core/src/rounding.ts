/** Cash totals rounded to coins that exist. Cards are never rounded. */
import { divideHalfUp } from "./money";

/** What a shard takes as the rounding of one receipt, either way. */
export const ROUNDING_MAX = 100;
/** Steps above this would round by more than that; such a setting does not round. */
export const CASH_STEP_MAX = 2 * ROUNDING_MAX;

/**
 * What is handed over in cash for `due` (not negative): the nearest multiple of `step` minor units, half up; null or
 * 1 does not round. An amount that would round to nothing stays as it is: a receipt whose rounding no cash payment
 * carries cannot be booked.
 */
export function cashDue(due: number, step: number | null): number {
  if (step === null || step <= 1 || step > CASH_STEP_MAX) return due;
  return divideHalfUp(due, step) * step || due;
}

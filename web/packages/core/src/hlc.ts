/** Hybrid logical time: follows the wall clock, and never falls when the clock does. */

/** Values of one millisecond. With these ten bits a value stays below 2^53 until the year 2248. */
const COUNTERS_PER_MS = 1024;
/** The last millisecond the clock follows; a wall clock beyond it stands still there. */
export const HYBRID_MS_MAX = 2 ** 43 - 1;

/** The next hybrid time after `last`, given milliseconds since 1970. Twin of `base/clock.py`. */
export function hybridTick(last: number, wallMs: number): number {
  const ms = Math.min(Math.max(Math.trunc(wallMs), 0), HYBRID_MS_MAX);
  return Math.max(last + 1, ms * COUNTERS_PER_MS);
}

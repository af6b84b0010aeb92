/**
 * How often somebody may be wrong about a PIN. A try is counted before it is made, so that ending the
 * browser in the middle of one gives nobody a free guess.
 */
import { StorageError } from "./errors";

export interface Attempts {
  /** Tries since the last right PIN, the one in progress included. */
  wrong: number;
  /** Milliseconds since 1970: no try before it. */
  until: number;
}

export const NO_ATTEMPTS: Attempts = { wrong: 0, until: 0 };
export const ATTEMPTS_MAX = 10;
/** The first two wrong PINs are slips; from the third on each one waits twice as long as the one before. */
export const FREE_ATTEMPTS = 2;
export const FIRST_DELAY_MS = 5_000;

export function delayMs(wrong: number): number {
  return wrong <= FREE_ATTEMPTS ? 0 : FIRST_DELAY_MS * 2 ** (wrong - FREE_ATTEMPTS - 1);
}

export function isExhausted(attempts: Attempts): boolean {
  return attempts.wrong >= ATTEMPTS_MAX;
}

/** What to write down before a try. Raises `online_sign_in_needed`, `locked_out` {retryAfterMs}. */
export function countTry(before: Attempts, now: number): Attempts {
  if (isExhausted(before)) throw new StorageError("online_sign_in_needed");
  // A clock that was put back makes nobody wait longer than the delay itself.
  const left = Math.min(before.until - now, delayMs(before.wrong));
  if (left > 0) throw new StorageError("locked_out", { retryAfterMs: left });
  const wrong = before.wrong + 1;
  return { wrong, until: now + delayMs(wrong) };
}

/** What to say after a wrong one. */
export function refusal(after: Attempts): StorageError {
  return isExhausted(after)
    ? new StorageError("online_sign_in_needed")
    : new StorageError("wrong_pin", { left: ATTEMPTS_MAX - after.wrong });
}

/** Calendar days as numbers that compare: 2026-11-22 is 20261122. No clock and no time zone. */

/** Of a price that holds until further notice: after every day. */
export const FOR_EVER = 0x7fffffff;

const FORM = /^(\d{4})-(\d{2})-(\d{2})$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The day of an ISO date; null for what is none. */
export function dayOf(text: unknown): number | null {
  if (typeof text !== "string") return null;
  const parts = FORM.exec(text);
  if (parts === null) return null;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
  return year >= 1 && day >= 1 && day <= days ? year * 10_000 + month * 100 + day : null;
}

/** The ISO date of a day. */
export function isoOf(day: number): string {
  const digits = String(day).padStart(8, "0");
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`;
}

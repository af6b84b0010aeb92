/**
 * Whether the figures of a receipt agree with each other, as the shard checks before it books one: see
 * `docs/sync-protocol.md`, section 4. Twin of `sales/domain.py`.
 */
import { CASH, TENDERS, type Line, type Payment, type Return, type Sale } from "./entries";
import { multiplyDivide } from "./money";
import { PPM } from "./protocol";
import { extend } from "./quantity";

/** How far a line's tax may be from what its rate makes of it, minor units. */
export const TAX_TOLERANCE = 1;

/** What is wrong with the figures, or null if they agree. */
export function findDisagreement(receipt: Sale | Return): string | null {
  for (const [place, line] of receipt.lines.entries()) {
    const problem = lineDisagreement(line);
    if (problem !== null) return `line ${place + 1}: ${problem}`;
  }
  const total = receipt.lines.reduce((sum, line) => sum + line.total, 0);
  const tax = receipt.lines.reduce((sum, line) => sum + line.tax, 0);
  if (total !== receipt.total) return `the lines add up to ${total}, the total says ${receipt.total}`;
  if (tax !== receipt.tax) return `the lines' taxes add up to ${tax}, the tax says ${receipt.tax}`;
  return paymentDisagreement(receipt.payments, receipt.total, receipt.rounding ?? 0);
}

/** The tax that a line's rate makes of what it costs after its discount. */
export function dueTax(afterDiscount: number, ratePpm: number, inclusive: boolean): number {
  return multiplyDivide(afterDiscount, ratePpm, inclusive ? PPM + ratePpm : PPM);
}

function lineDisagreement(line: Line): string | null {
  const { total, tax, rate_ppm: rate } = line;
  if (tax > total) return `the tax ${tax} is more than the total ${total}`;
  const after = extend(line.unit_price, line.quantity) - (line.discount ?? 0);
  const fits = (inclusive: boolean): boolean =>
    Math.abs(tax - dueTax(after, rate, inclusive)) <= TAX_TOLERANCE;
  if ((total === after && fits(true)) || (total === after + tax && fits(false))) return null;
  return `price, quantity, discount and rate do not make total ${total} with tax ${tax}`;
}

function paymentDisagreement(payments: readonly Payment[], total: number, rounding: number): string | null {
  let paid = 0;
  for (const { tender, amount, tendered } of payments) {
    if (!TENDERS.some((each) => each === tender)) return `the tender ${tender} is not known`;
    if ((tendered ?? amount) < amount) return `tendered ${tendered ?? 0} is less than the amount ${amount}`;
    paid += amount;
  }
  if (paid !== total + rounding) {
    return `the payments add up to ${paid}, due are ${total} with rounding ${rounding}`;
  }
  const hasCash = payments.some(({ tender }) => tender === CASH);
  return rounding !== 0 && !hasCash ? "rounding needs a cash payment" : null;
}

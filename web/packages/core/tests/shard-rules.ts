/**
 * What a shard checks before it books a receipt, written from docs/sync-protocol.md section 4 alone and in
 * another way than the core does it: exact fractions instead of rounded divisions.
 */
import type { Return, Sale } from "../src/index";

/** Whether `integer` is `numerator / denominator` rounded half away from zero, give or take `tolerance`. */
function isRounded(integer: number, numerator: bigint, denominator: bigint, tolerance = 0n): boolean {
  const twice = 2n * (BigInt(integer) * denominator - numerator);
  const reach = denominator * (1n + 2n * tolerance);
  // For amounts that are not negative the half goes up: just below by half a unit is not reached.
  return twice > -reach && twice <= reach;
}

/** Throws with a sentence when the shard would put the receipt into quarantine. */
export function shardAccepts(receipt: Sale | Return): void {
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`${what}: ${JSON.stringify(receipt)}`);
  };
  const whole = (value: number, min: number, max: number): boolean =>
    Number.isSafeInteger(value) && value >= min && value <= max;
  let total = 0;
  let tax = 0;
  demand(receipt.lines.length >= 1 && receipt.lines.length <= 2000, "lines");
  for (const line of receipt.lines) {
    const { discount = 0, rate_ppm: rate } = line;
    demand(whole(line.quantity, 1, 10 ** 10), "quantity");
    demand(
      [line.unit_price, discount, line.tax, line.total].every((each) => whole(each, 0, 10 ** 12)),
      "amounts",
    );
    demand(line.tax <= line.total, "0 ≤ tax ≤ total");
    const price = BigInt(line.unit_price) * BigInt(line.quantity);
    const fits = (after: number, numerator: bigint, denominator: bigint): boolean =>
      isRounded(after + discount, price, 1000n) && isRounded(line.tax, numerator, denominator, 1n);
    const million = 1_000_000n;
    const net = line.total - line.tax;
    const inclusive = fits(line.total, BigInt(line.total) * BigInt(rate), million + BigInt(rate));
    const exclusive = fits(net, BigInt(net) * BigInt(rate), million);
    demand(inclusive || exclusive, "price, quantity, discount, rate and total of a line");
    total += line.total;
    tax += line.tax;
  }
  demand(total === receipt.total && tax === receipt.tax, "sums over the lines");
  demand(whole(receipt.total, 0, 10 ** 12), "total");
  const rounding = receipt.rounding ?? 0;
  demand(whole(rounding, -100, 100), "rounding");
  demand(receipt.payments.length <= 16, "payments");
  for (const { amount, tendered, tender } of receipt.payments) {
    demand(whole(amount, 1, 10 ** 12), "a payment is more than nothing");
    demand((tendered ?? amount) >= amount, "tendered");
    demand(
      ["cash", "card", "knet", "mada", "benefit", "voucher", "on_account", "exchange"].includes(tender),
      "tender",
    );
  }
  const paid = receipt.payments.reduce((sum, { amount }) => sum + amount, 0);
  demand(paid === total + rounding, "the payments add up to total + rounding");
  demand(rounding === 0 || receipt.payments.some(({ tender }) => tender === "cash"), "a rounding needs cash");
}

/** Spreads an amount over weights without losing a unit: the method of largest remainders. */

/**
 * Shares of `amount` in proportion to `weights`, all of them integers and not negative. They add up to exactly
 * `amount`, and none is above its weight while `amount` is at most the sum of the weights. Units left over go
 * to the largest remainders, among equals to the first. Weights that are all zero get nothing.
 */
export function spread(amount: number, weights: readonly number[]): number[] {
  const whole = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  if (whole === 0n || amount === 0) return weights.map(() => 0);
  const exact = weights.map((weight, place) => {
    const product = BigInt(amount) * BigInt(weight);
    return { place, share: Number(product / whole), rest: product % whole };
  });
  let left = amount - exact.reduce((sum, { share }) => sum + share, 0);
  const shares = exact.map(({ share }) => share);
  const largest = exact
    .filter(({ rest }) => rest > 0n)
    .sort((one, other) =>
      one.rest === other.rest ? one.place - other.place : one.rest > other.rest ? -1 : 1,
    );
  for (const { place, share } of largest) {
    if (left === 0) break;
    shares[place] = share + 1;
    left -= 1;
  }
  return shares;
}

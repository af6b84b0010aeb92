/** Which line a cashier just added to: the new one, or the one that grew. */
import type { CartView } from "@octonext/engine/api";

/** Null when nothing was added: a line went, a price changed, another cart was recalled. */
export function addedKey(before: CartView, after: CartView): string | null {
  const quantities = new Map(before.lines.map((line) => [line.key, line.quantity]));
  const fresh = after.lines.filter((line) => !quantities.has(line.key));
  if (fresh.length === 1 && after.lines.length > before.lines.length) return fresh[0]?.key ?? null;
  if (fresh.length > 0) return null;
  return after.lines.find((line) => line.quantity > (quantities.get(line.key) ?? 0))?.key ?? null;
}

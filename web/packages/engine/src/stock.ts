/** Counting goods: what is on the shelf is right, and the books follow. */
import { LINES_MAX } from "@octonext/core";

import { TillRefusal } from "./api";
import type { Till } from "./till";

export async function countStock(
  till: Till,
  request: { lines: { productId: string; counted: number }[]; approval?: string },
): Promise<void> {
  till.book.requireShift();
  const authority = till.authorise("count_stock", request.approval);
  const lines = request.lines.map(({ productId, counted }) => ({ product: productId, counted }));
  if (lines.length === 0 || lines.length > LINES_MAX) throw new TillRefusal("quantity_invalid");
  if (lines.some(({ counted }) => !Number.isSafeInteger(counted) || counted < 0)) {
    throw new TillRefusal("quantity_invalid");
  }
  await till.record([{ kind: "stock_counted", lines }]);
  authority.spend();
}

/** More of a line than its discount or its overridden price was agreed for: agreed anew, or not done. */
import {
  agreePrice,
  discountLine,
  extend,
  itemOf,
  outgrows,
  type Cart,
  type CartItem,
  type Draft,
} from "@octonext/core";

import { approvedFor, authoriseDiscount } from "./discount-limits";
import type { Authority, Till } from "./till";

export interface Agreed {
  cart: Cart;
  /** A price that somebody else let go on stands in the journal once more, with their name. */
  drafts: Draft[];
  spend(): void;
}

/**
 * `cart` has the new quantity of what was `before`. One approval is enough for all that it needs, if who gives it may do
 * all of it; `returnedBy` has given it for goods that come back.
 * Raises `approval_required`, `approval_invalid`, `not_permitted`.
 */
export function agreeOnMore(
  till: Till,
  { cart, before, returnedBy }: { cart: Cart; before: CartItem; returnedBy: string | null },
  approval: string | undefined,
): Agreed {
  const { key } = before;
  const item = itemOf(cart, key);
  const more = outgrows(before, item.quantity);
  const authorities: Authority[] = [];
  const drafts: Draft[] = [];
  let agreed = cart;
  let approver = returnedBy;
  if (more.discount && item.discount !== null) {
    const price = extend(item.unitPrice, item.quantity);
    const asked = { discount: item.discount.discount, price, cart };
    const authority = authoriseDiscount(till, asked, approval, approver);
    const { approvedBy } = authority;
    approver ??= approvedBy;
    // What one may give alone needs no covering any more.
    const { approvedAmount: _, ...given } = { ...item.discount, approvedBy };
    agreed = discountLine(agreed, key, approvedFor(given, price));
    authorities.push(authority);
  }
  if (more.price) {
    const authority = till.authorise("price_override", approval, approver);
    agreed = agreePrice(agreed, key);
    if (authority.approvedBy !== null) drafts.push(overrideOf(item, authority.approvedBy));
    authorities.push(authority);
  }
  const spend = () => {
    for (const authority of authorities) authority.spend();
  };
  return { cart: agreed, drafts, spend };
}

function overrideOf(item: CartItem, approvedBy: string): Draft {
  return {
    kind: "price_overridden",
    product: item.productId,
    price_before: item.listPrice ?? item.unitPrice,
    price_after: item.unitPrice,
    approved_by: approvedBy,
    reason: null,
  };
}

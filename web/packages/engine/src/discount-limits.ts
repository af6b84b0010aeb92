/** How much somebody may take off a price alone, and what happens to a discount when the cart changes under it. */
import {
  cartDiscountMax,
  cartFigures,
  discountAmount,
  discountPpm,
  extend,
  multiplyDivide,
  PPM,
  type Cart,
  type CartDiscount,
  type GivenDiscount,
} from "@octonext/core";

import type { Authority, Till } from "./till";

/**
 * Whether it needs another's word: alone, or together with what was given before. `cart` is the cart with it.
 * Raises `approval_required`, `approval_invalid`, `not_permitted`.
 */
export function authoriseDiscount(
  till: Till,
  { discount, price, cart }: { discount: CartDiscount; price: number; cart: Cart },
  approval: string | undefined,
  approver: string | null = null,
): Authority {
  const ppm = discountPpm(discount, price);
  const limit = ownLimitPpm(till);
  const within = ppm <= limit && (till.may("discount_above_limit") || mostOfCart(till, cart, limit) === null);
  const authority: Authority = within
    ? { approvedBy: null, spend: () => undefined }
    : till.authorise("discount_above_limit", approval, approver);
  // Somebody else may go on with this cart: what they could not have given has a name.
  const own = ppm > smallestLimitPpm(till) ? till.requireSession().person.id : null;
  return { ...authority, approvedBy: authority.approvedBy ?? own };
}

/**
 * An amount that was within the limit may be above it once lines have gone: it is lowered to what whoever is
 * signed in may give. What somebody else approved stays, for as much money as they approved.
 */
export function limited(till: Till, cart: Cart): Cart {
  const limit = ownLimitPpm(till);
  const items = cart.items.map((item) => {
    const { discount: given } = item;
    const discount = isOwn(till, given) ? held(till, given, extend(item.unitPrice, item.quantity)) : given;
    return discount === given ? item : { ...item, discount };
  });
  const within = { ...cart, items };
  if (!isOwn(till, cart.discount)) return within;
  const price = cartDiscountMax(within);
  const discount = held(till, cart.discount, price);
  if (till.may("discount_above_limit")) return { ...within, discount };
  const most = mostOfCart(till, { ...within, discount }, limit);
  return { ...within, discount: most === null ? discount : ofAmount(cart.discount, most) };
}

/** The discount with the money that it takes off now as what was approved, if it needed approval at all. */
export function approvedFor(given: GivenDiscount, price: number): GivenDiscount {
  if (given.approvedBy === null) return given;
  return { ...given, approvedAmount: discountAmount(given.discount, price) };
}

/**
 * What the cart's discount may be at most beside those of the lines, if it is more; null where it is within.
 * Each line may be a minor unit off: a percentage of it was rounded.
 */
function mostOfCart(till: Till, cart: Cart, limitPpm: number): number | null {
  if (!isOwn(till, cart.discount)) return null;
  const byKey = new Map(cart.items.map((item) => [item.key, item]));
  let price = 0;
  let ofLines = 0;
  let ofCart = 0;
  let lines = 0;
  for (const { key, kind, lineDiscount, cartDiscount } of cartFigures(cart).lines) {
    const item = byKey.get(key);
    if (kind !== "sale" || item === undefined) continue;
    const isGiven = isOwn(till, item.discount);
    price += extend(item.unitPrice, item.quantity) - (isGiven ? 0 : lineDiscount);
    ofLines += isGiven ? lineDiscount : 0;
    ofCart += cartDiscount;
    lines += 1;
  }
  const most = Math.floor(multiplyDivide(price, limitPpm, PPM));
  return ofLines === 0 || ofLines + ofCart <= most + lines ? null : Math.max(0, most - ofLines);
}

function ownLimitPpm(till: Till): number {
  return till.settings.discountLimitPpm[till.requireSession().person.role];
}

function smallestLimitPpm(till: Till): number {
  return Math.min(...Object.values(till.settings.discountLimitPpm));
}

/** Given by whoever is signed in, or by nobody in particular: their limit holds for it. */
function isOwn(till: Till, given: GivenDiscount | null): given is GivenDiscount {
  // What a scale's label takes off to hit its price has no reason: it is nobody's discount.
  if (given === null || given.reason === "") return false;
  return given.approvedBy === null || given.approvedBy === till.requireSession().person.id;
}

/** One's own discount follows the price, up to one's limit. */
function held(till: Till, given: GivenDiscount, price: number): GivenDiscount | null {
  const most = till.may("discount_above_limit") ? PPM : ownLimitPpm(till);
  const within = lowered(given, price, most);
  return within === null ? null : approvedFor(within, price);
}

function lowered(given: GivenDiscount, price: number, limitPpm: number): GivenDiscount | null {
  if (discountPpm(given.discount, price) <= limitPpm) return given;
  return ofAmount(given, Math.floor(multiplyDivide(price, limitPpm, PPM)));
}

function ofAmount(given: GivenDiscount, amount: number): GivenDiscount | null {
  return amount > 0 ? { ...given, discount: { amount } } : null;
}

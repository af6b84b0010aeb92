/** The figures of a cart: what each line costs, what is due, and the entry lines that a shard accepts. */
import type { Cart, CartCustomer, CartDiscount, CartItem, CartNames, GivenDiscount } from "./cart";
import type { Line, ReceiptReference } from "./entries";
import { dueTax, TAX_TOLERANCE } from "./figures";
import { multiplyDivide } from "./money";
import { AMOUNT_MAX, PPM, THOUSANDTHS } from "./protocol";
import { extend } from "./quantity";
import { CoreRefusal } from "./refusal";
import { spread } from "./spread";
import { splitTax } from "./tax";

export interface CartLineView {
  key: string;
  kind: "sale" | "return";
  productId: string;
  sku: string;
  name: CartNames;
  unit: "piece" | "kg";
  quantity: number;
  unitPrice: number;
  listPrice: number | null;
  lineDiscount: number;
  cartDiscount: number;
  taxCode: string;
  ratePpm: number;
  tax: number;
  total: number;
  note: string | null;
  discountReason: string | null;
  original: (ReceiptReference & { line: number }) | null;
}

export interface TaxSum {
  code: string;
  ratePpm: number;
  net: number;
  tax: number;
}

/** Signed figures: sale lines less return lines. */
export interface CartFigures {
  lines: CartLineView[];
  items: number;
  subtotal: number;
  discount: number;
  cartDiscount: { amount: number; reason: string } | null;
  taxes: TaxSum[];
  tax: number;
  total: number;
  note: string | null;
  customer: CartCustomer | null;
}

/** What one direction of a cart writes into its entry. */
export interface Half {
  lines: Line[];
  total: number;
  tax: number;
}

interface Priced {
  item: CartItem;
  gross: number;
  lineDiscount: number;
  cartDiscount: number;
  tax: number;
  total: number;
}

/** The view of a cart. Throws CoreRefusal `amount_invalid` when more is due than any receipt may say. */
export function cartFigures(cart: Cart): CartFigures {
  const priced = price(cart);
  const sum = (figure: (each: Priced) => number): number =>
    priced.reduce((total, each) => total + (each.item.kind === "sale" ? 1 : -1) * figure(each), 0);
  return {
    lines: priced.map(lineView),
    items: cart.items.reduce(
      (sum, { unit, quantity }) => sum + (unit === "kg" ? 1 : quantity / THOUSANDTHS),
      0,
    ),
    subtotal: sum((each) => each.gross),
    discount: sum((each) => each.lineDiscount + each.cartDiscount),
    cartDiscount: cart.discount && {
      amount: priced.reduce((total, each) => total + each.cartDiscount, 0),
      reason: cart.discount.reason,
    },
    taxes: taxesOf(priced),
    tax: sum((each) => each.tax),
    total: sum((each) => each.total),
    note: cart.note,
    customer: cart.customer,
  };
}

/** What a discount of the whole cart is at most: what the sale lines cost after their own. */
export function cartDiscountMax(cart: Cart): number {
  return cart.items
    .filter((item) => item.kind === "sale")
    .reduce((sum, item) => sum + afterOwnDiscount(item), 0);
}

/** How much of the price a discount is, parts per million, rounded up: to be held against a role's limit. */
export function discountPpm(discount: CartDiscount, price: number): number {
  if ("percentPpm" in discount) return discount.percentPpm;
  return price === 0
    ? 0
    : Math.min(PPM, Number((BigInt(discount.amount) * BigInt(PPM) + BigInt(price) - 1n) / BigInt(price)));
}

/** The entry lines of what is sold and of what comes back; null for a direction that has none. */
export function halvesOf(cart: Cart): {
  sale: Half | null;
  returned: (Half & { original: ReceiptReference | null }) | null;
} {
  const priced = price(cart);
  const sale = half(cart, priced, "sale");
  const returned = half(cart, priced, "return");
  const first = cart.items.find((item) => item.kind === "return")?.original ?? null;
  const original = first && { branch: first.branch, device: first.device, seq: first.seq };
  return { sale, returned: returned && { ...returned, original } };
}

/**
 * What a line of a receipt gives back for `quantity` of it, after `returned` came back before. All parts
 * together give back what was paid, to the minor unit, as long as no line has a discount below nothing.
 */
export function returnFigures(item: CartItem): { discount: number; tax: number; total: number } {
  const { sold, quantity, unitPrice, ratePpm } = item;
  if (sold === null) throw new RangeError("this line names no receipt");
  const inclusive = !isExclusive(item);
  const soldAfter = extend(unitPrice, sold.quantity) - sold.discount;
  const afterUpTo = (part: number): number => {
    if (part >= sold.quantity) return soldAfter;
    return Math.max(0, extend(unitPrice, part) - multiplyDivide(sold.discount, part, sold.quantity));
  };
  const taxUpTo = (part: number): number =>
    part >= sold.quantity ? sold.tax : dueTax(afterUpTo(part), ratePpm, inclusive);
  const full = extend(unitPrice, quantity);
  const after = clamp(afterUpTo(sold.returned + quantity) - afterUpTo(sold.returned), 0, full);
  const due = dueTax(after, ratePpm, inclusive);
  const tax = clamp(
    taxUpTo(sold.returned + quantity) - taxUpTo(sold.returned),
    Math.max(0, due - TAX_TOLERANCE),
    inclusive ? Math.min(after, due + TAX_TOLERANCE) : due + TAX_TOLERANCE,
  );
  return { discount: full - after, tax, total: inclusive ? after : after + tax };
}

function price(cart: Cart): Priced[] {
  const sales = cart.items.filter((item) => item.kind === "sale");
  const weights = sales.map(afterOwnDiscount);
  const most = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = spread(cart.discount === null ? 0 : amountOf(cart.discount, most), weights);
  const shareOf = new Map(sales.map((item, place) => [item.key, shares[place] ?? 0]));
  const priced = cart.items.map((item) => priceItem(item, shareOf.get(item.key) ?? 0));
  for (const kind of ["sale", "return"]) {
    const due = priced.filter(({ item }) => item.kind === kind).reduce((sum, { total }) => sum + total, 0);
    if (due > AMOUNT_MAX) throw new CoreRefusal("amount_invalid");
  }
  return priced;
}

function priceItem(item: CartItem, cartDiscount: number): Priced {
  const gross = extend(item.unitPrice, item.quantity);
  if (item.sold !== null) {
    const { discount, tax, total } = returnFigures(item);
    return { item, gross, lineDiscount: discount, cartDiscount: 0, tax, total };
  }
  const after = afterOwnDiscount(item) - cartDiscount;
  const { tax, gross: total } = splitTax(after, item.ratePpm, item.taxInclusive);
  return { item, gross, lineDiscount: gross - afterOwnDiscount(item), cartDiscount, tax, total };
}

function afterOwnDiscount(item: CartItem): number {
  const gross = extend(item.unitPrice, item.quantity);
  return item.discount === null ? gross : gross - amountOf(item.discount, gross);
}

/** What a discount takes off this price. Never more than all of it: lines may have got cheaper since. */
export function discountAmount(discount: CartDiscount, price: number): number {
  const amount = "amount" in discount ? discount.amount : multiplyDivide(price, discount.percentPpm, PPM);
  return Math.min(amount, price);
}

/**
 * Whether so much of a line is more than its overridden price, or the money off it, was agreed for. Only a price at the
 * shop's expense counts: a lower one of what is sold, a higher one of what comes back.
 */
export function outgrows(item: CartItem, quantity: number): { price: boolean; discount: boolean } {
  const { kind, unitPrice, listPrice, discount } = item;
  const given = listPrice === null ? 0 : kind === "return" ? unitPrice - listPrice : listPrice - unitPrice;
  const approved = discount?.approvedAmount;
  return {
    price: given > 0 && quantity > (item.agreedQuantity ?? 0),
    discount:
      discount !== null &&
      approved !== undefined &&
      discountAmount(discount.discount, extend(unitPrice, quantity)) > approved,
  };
}

function amountOf({ discount, approvedAmount }: GivenDiscount, price: number): number {
  const amount = discountAmount(discount, price);
  return approvedAmount === undefined ? amount : Math.min(amount, approvedAmount);
}

/** The tax was on top of the price if that is how the sold line adds up. */
function isExclusive({ sold, unitPrice }: CartItem): boolean {
  if (sold === null || sold.tax === 0) return false;
  return sold.total === extend(unitPrice, sold.quantity) - sold.discount + sold.tax;
}

function half(cart: Cart, priced: readonly Priced[], kind: "sale" | "return"): Half | null {
  const mine = priced.filter(({ item }) => item.kind === kind);
  if (mine.length === 0) return null;
  return {
    lines: mine.map((each) => entryLine(cart, each)),
    total: mine.reduce((sum, { total }) => sum + total, 0),
    tax: mine.reduce((sum, { tax }) => sum + tax, 0),
  };
}

function entryLine(cart: Cart, { item, lineDiscount, cartDiscount, tax, total }: Priced): Line {
  const given = item.discount ?? (cartDiscount > 0 ? cart.discount : null);
  return {
    product: item.productId,
    quantity: item.quantity,
    unit_price: item.unitPrice,
    discount: lineDiscount + cartDiscount,
    tax_code: item.taxCode,
    rate_ppm: item.ratePpm,
    tax,
    total,
    original_line: item.original?.line ?? null,
    note: item.note,
    discount_reason: given === null || given.reason.trim() === "" ? null : given.reason.trim(),
    discount_approved_by:
      item.discount?.approvedBy ?? (cartDiscount > 0 ? (cart.discount?.approvedBy ?? null) : null),
  };
}

function lineView({ item, lineDiscount, cartDiscount, tax, total }: Priced): CartLineView {
  const { key, kind, productId, sku, name, unit, quantity, unitPrice, listPrice, taxCode, ratePpm } = item;
  const shown = {
    key,
    kind,
    productId,
    sku,
    name,
    unit,
    quantity,
    unitPrice,
    listPrice,
    lineDiscount,
    cartDiscount,
  };
  const discountReason = item.discount?.reason ?? null;
  return { ...shown, taxCode, ratePpm, tax, total, note: item.note, discountReason, original: item.original };
}

function taxesOf(priced: readonly Priced[]): TaxSum[] {
  const sums = new Map<string, TaxSum>();
  for (const { item, tax, total } of priced) {
    const sign = item.kind === "sale" ? 1 : -1;
    const key = `${item.taxCode}:${item.ratePpm}`;
    const sum = sums.get(key) ?? { code: item.taxCode, ratePpm: item.ratePpm, net: 0, tax: 0 };
    sums.set(key, { ...sum, net: sum.net + sign * (total - tax), tax: sum.tax + sign * tax });
  }
  return [...sums.values()];
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

/**
 * What a customer has on the counter: sales and returns as plain data (JSON both ways), and each change of it
 * as a new cart. What a change cannot be is a `CoreRefusal`. The figures are `cart-figures.ts`.
 */
import { containsCardNumber } from "./cards";
import type { ReceiptReference } from "./entries";
import { AMOUNT_MAX, LINES_MAX, PPM, QUANTITY_MAX, TEXT_MAX, THOUSANDTHS } from "./protocol";
import { extend } from "./quantity";
import { CoreRefusal } from "./refusal";

export interface CartNames {
  en: string;
  ar: string;
}

/** Part of the price, or minor units of it. */
export type CartDiscount = { percentPpm: number } | { amount: number };

export interface GivenDiscount {
  discount: CartDiscount;
  reason: string;
  /** Who let somebody give more than their role may. */
  approvedBy: string | null;
  /** The money that was approved, minor units: more goods, or dearer ones, get no more of it. */
  approvedAmount?: number;
}

/** What is sold, at which price and with which tax, as the catalogue says today. */
export interface Sellable {
  productId: string;
  sku: string;
  name: CartNames;
  unit: "piece" | "kg";
  unitPrice: number;
  taxInclusive: boolean;
  taxCode: string;
  ratePpm: number;
}

/** What was sold on the line of a receipt that comes back. */
export interface SoldLine {
  quantity: number;
  discount: number;
  tax: number;
  total: number;
  /** Thousandths of it that came back before, as far as is known. */
  returned: number;
  /** Of these, what this till took back itself. */
  returnedHere?: number;
}

export interface CartItem extends Sellable {
  key: string;
  kind: "sale" | "return";
  quantity: number;
  /** The catalogue's price when it was overridden. */
  listPrice: number | null;
  /** How much of it the overridden price was agreed for. */
  agreedQuantity?: number;
  discount: GivenDiscount | null;
  note: string | null;
  original: (ReceiptReference & { line: number }) | null;
  /** Of a return with receipt. */
  sold: SoldLine | null;
}

export interface CartCustomer {
  id: string;
  name: string;
  phone: string | null;
  email: string | null;
  vatNumber: string | null;
  note: string | null;
}

export interface Cart {
  items: CartItem[];
  discount: GivenDiscount | null;
  note: string | null;
  customer: CartCustomer | null;
  /** Why goods come back. */
  returnReason: string | null;
  /** Who let them come back, where whoever was signed in may not. */
  returnApprovedBy: string | null;
  nextKey: number;
}

export function emptyCart(): Cart {
  const nothing = { discount: null, note: null, customer: null, returnReason: null, returnApprovedBy: null };
  return { items: [], ...nothing, nextKey: 1 };
}

export interface Added {
  cart: Cart;
  key: string;
}

/**
 * So much more of a product. Pieces join the line of the same product at the same price unless something was
 * agreed for that one; what is weighed is a line each time. `discount` is minor units off this line alone.
 */
export function addProduct(
  cart: Cart,
  product: Sellable,
  quantity: number = THOUSANDTHS,
  discount = 0,
): Added {
  requireQuantity(product, quantity);
  const same = cart.items.find((item) => discount === 0 && joins(item, product));
  if (same !== undefined) {
    return { cart: setQuantity(cart, same.key, same.quantity + quantity), key: same.key };
  }
  const given = discount === 0 ? null : { discount: { amount: discount }, reason: "", approvedBy: null };
  const item = { quantity, kind: "sale" as const, discount: given, original: null, sold: null };
  return append(cart, { ...product, ...item, listPrice: null, note: null });
}

/** So much of a line of a receipt comes back. A line that is in the cart already gets this quantity. */
export function addReturn(
  cart: Cart,
  line: Sellable & { original: ReceiptReference & { line: number }; sold: SoldLine },
  quantity: number,
  reason: string,
): Cart {
  requireQuantity(line, quantity);
  const left = line.sold.quantity - line.sold.returned;
  if (quantity > left)
    throw new CoreRefusal("return_too_much", { number: line.original.line, max: Math.max(0, left) });
  const { original } = line;
  requireOneOriginal(cart, original);
  const marked = { ...cart, returnReason: requireText(reason, "reason") };
  const again = cart.items.find((item) => item.original !== null && item.original.line === original.line);
  if (again !== undefined) return replace(marked, again.key, { ...again, sold: line.sold, quantity });
  const item = { ...line, quantity, kind: "return" as const, listPrice: null, discount: null, note: null };
  return append(marked, item).cart;
}

/** Goods come back without a receipt, at today's price. */
export function addReturnWithoutReceipt(
  cart: Cart,
  product: Sellable,
  quantity: number,
  reason: string,
): Cart {
  requireQuantity(product, quantity);
  requireOneOriginal(cart, null);
  const marked = { ...cart, returnReason: requireText(reason, "reason") };
  const item = { quantity, kind: "return" as const, discount: null, original: null, sold: null };
  return append(marked, { ...product, ...item, listPrice: null, note: null }).cart;
}

export function setQuantity(cart: Cart, key: string, quantity: number): Cart {
  const item = itemOf(cart, key);
  requireQuantity(item, quantity);
  if (item.sold !== null && quantity > item.sold.quantity - item.sold.returned) {
    const max = item.sold.quantity - item.sold.returned;
    throw new CoreRefusal("return_too_much", { number: item.original?.line ?? 0, max });
  }
  return replace(cart, key, { ...item, quantity });
}

/**
 * The cart when more of its receipt has come back at this till since: by line, `here` is how much by now. What came
 * back never becomes less: a till that knows of less has forgotten it.
 */
export function refreshReturns(cart: Cart, here: ReadonlyMap<number, number>): Cart {
  const items = cart.items.flatMap((item) => {
    const { original, sold } = item;
    if (original === null || sold === null) return [item];
    const before = sold.returnedHere ?? 0;
    const returnedHere = Math.max(before, here.get(original.line) ?? 0);
    const returned = sold.returned + returnedHere - before;
    const quantity = Math.min(item.quantity, sold.quantity - returned);
    return quantity > 0 ? [{ ...item, quantity, sold: { ...sold, returned, returnedHere } }] : [];
  });
  return withItems(cart, items);
}

/** What comes back was approved by this person; the last one who was asked answers for all of it. */
export function approveReturn(cart: Cart, by: string): Cart {
  return { ...cart, returnApprovedBy: by };
}

export function removeLine(cart: Cart, key: string): Cart {
  const items = cart.items.filter((item) => item !== itemOf(cart, key));
  const discount = items.some((item) => item.kind === "sale") ? cart.discount : null;
  return { ...withItems(cart, items), discount };
}

/** Another price for this line. What came back on a receipt costs what was paid. */
export function overridePrice(cart: Cart, key: string, price: number): Cart {
  const item = itemOf(cart, key);
  if (item.sold !== null || !isAmount(price)) throw new CoreRefusal("amount_invalid");
  const listPrice = item.listPrice ?? item.unitPrice;
  const agreed = { listPrice: price === listPrice ? null : listPrice, agreedQuantity: item.quantity };
  return replace(cart, key, { ...item, unitPrice: price, ...agreed });
}

/** The overridden price of this line is agreed for all of it that is in the cart now. */
export function agreePrice(cart: Cart, key: string): Cart {
  const item = itemOf(cart, key);
  return replace(cart, key, { ...item, agreedQuantity: item.quantity });
}

export function discountLine(cart: Cart, key: string, given: GivenDiscount | null): Cart {
  const item = itemOf(cart, key);
  if (item.sold !== null) throw new CoreRefusal("amount_invalid");
  if (given !== null) requireDiscount(given, extend(item.unitPrice, item.quantity));
  return replace(cart, key, { ...item, discount: given });
}

/** `max` is what the sale lines cost after their own discounts. */
export function discountCart(cart: Cart, given: GivenDiscount | null, max: number): Cart {
  if (given !== null && !cart.items.some((item) => item.kind === "sale")) throw new CoreRefusal("cart_empty");
  if (given !== null) requireDiscount(given, max);
  return { ...cart, discount: given };
}

/** A note on a line, or on the whole receipt for null. */
export function setNote(cart: Cart, key: string | null, note: string | null): Cart {
  const text = note === null || note.trim() === "" ? null : requireText(note, "note");
  return key === null ? { ...cart, note: text } : replace(cart, key, { ...itemOf(cart, key), note: text });
}

export function setCustomer(cart: Cart, customer: CartCustomer | null): Cart {
  return { ...cart, customer };
}

/** The text as it is, trimmed. Refused when an entry could not hold it, or a card number stands in it. */
export function requireText(text: string, field: string): string {
  const trimmed = text.trim();
  if (Array.from(trimmed).length > TEXT_MAX || trimmed.includes("\0"))
    throw new CoreRefusal("too_long", { field });
  if (containsCardNumber(trimmed)) throw new CoreRefusal("card_number", { field });
  return trimmed;
}

export function itemOf(cart: Cart, key: string): CartItem {
  const item = cart.items.find((each) => each.key === key);
  if (item === undefined) throw new RangeError(`the cart has no line ${key}`);
  return item;
}

function joins(item: CartItem, product: Sellable): boolean {
  const isPlain =
    item.kind === "sale" && item.discount === null && item.note === null && item.listPrice === null;
  return (
    isPlain &&
    item.unit === "piece" &&
    item.productId === product.productId &&
    item.unitPrice === product.unitPrice &&
    item.taxInclusive === product.taxInclusive &&
    item.taxCode === product.taxCode &&
    item.ratePpm === product.ratePpm
  );
}

function append(cart: Cart, item: Omit<CartItem, "key">): Added {
  if (cart.items.length >= LINES_MAX) throw new CoreRefusal("quantity_invalid", { max: LINES_MAX });
  const key = String(cart.nextKey);
  return { cart: { ...cart, items: [...cart.items, { ...item, key }], nextKey: cart.nextKey + 1 }, key };
}

/** Fewer items; why goods come back goes with the last of them that does. */
function withItems(cart: Cart, items: CartItem[]): Cart {
  const returns = items.some((item) => item.kind === "return");
  return returns ? { ...cart, items } : { ...cart, items, returnReason: null, returnApprovedBy: null };
}

function replace(cart: Cart, key: string, item: CartItem): Cart {
  return { ...cart, items: cart.items.map((each) => (each.key === key ? item : each)) };
}

function requireQuantity(product: Sellable, quantity: number): void {
  if (!Number.isSafeInteger(quantity) || quantity <= 0 || quantity > QUANTITY_MAX) {
    throw new CoreRefusal("quantity_invalid");
  }
  if (product.unit === "piece" && quantity % THOUSANDTHS !== 0) {
    throw new CoreRefusal("not_sellable", { name: product.name.en, why: "pieces_only" });
  }
  if (extend(product.unitPrice, quantity) > AMOUNT_MAX) throw new CoreRefusal("quantity_invalid");
}

function requireDiscount({ discount, reason }: GivenDiscount, max: number): void {
  requireText(reason, "reason");
  if ("amount" in discount) {
    if (!isAmount(discount.amount) || discount.amount === 0) throw new CoreRefusal("amount_invalid");
    if (discount.amount > max) throw new CoreRefusal("discount_too_large", { max });
    return;
  }
  const { percentPpm } = discount;
  if (!Number.isSafeInteger(percentPpm) || percentPpm <= 0) throw new CoreRefusal("amount_invalid");
  if (percentPpm > PPM) throw new CoreRefusal("discount_too_large", { max });
}

/** A return entry names one receipt, so a cart takes back from one only. */
function requireOneOriginal(cart: Cart, original: ReceiptReference | null): void {
  const name = (each: ReceiptReference | null): string =>
    each === null ? "" : `${each.branch}-${each.device}-${each.seq}`;
  const others = cart.items.filter(
    (item) => item.kind === "return" && name(item.original) !== name(original),
  );
  if (others.length > 0) throw new CoreRefusal("cart_not_empty");
}

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= AMOUNT_MAX;
}

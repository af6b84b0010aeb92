/** What is done to the cart, by whom it may be done, and which of it the journal must know. */
import {
  addProduct,
  approveReturn,
  cartDiscountMax,
  discountCart,
  discountLine,
  emptyCart,
  extend,
  itemOf,
  netWithin,
  overridePrice,
  quantityForPrice,
  readScan,
  removeLine,
  requireText,
  setCustomer,
  setNote,
  setQuantity,
  THOUSANDTHS,
  uuid7,
  UUID7_RANDOM_BYTES,
  type Cart,
  type CartItem,
  type Draft,
  type Sellable,
} from "@octonext/core";

import { agreeOnMore } from "./agreements";
import {
  TillRefusal,
  type CartView,
  type Customer,
  type Discount,
  type HeldCart,
  type ScanOutcome,
} from "./api";
import type { CartStore } from "./cart-store";
import { approvedFor, authoriseDiscount } from "./discount-limits";
import type { Goods } from "./goods";
import { stillReturnable } from "./returned";
import type { Till } from "./till";

/** A discount always has a reason; one without is what a scale's label takes off. */
const NO_REASON = "-";

interface Asked {
  reason: string;
  approval?: string;
}

export class Carts {
  constructor(
    private readonly till: Till,
    private readonly store: CartStore,
    private readonly goods: Goods,
    private readonly customer: (id: string) => Customer | null,
  ) {}

  view(): CartView {
    this.till.requireSession();
    return this.store.view();
  }

  /** What the code means; a receipt is left to the caller. */
  async scan(code: string): Promise<ScanOutcome | { kind: "reference"; text: string }> {
    const { till } = this;
    till.require("sell");
    await this.goods.ready();
    const { exponent } = till.identity;
    const year = Number(till.today().slice(0, 4));
    const scan = readScan(code, { rules: till.settings.scaleRules, exponent, year });
    if (scan.kind === "receipt") return { kind: "reference", text: code };
    const product = this.goods.byCode(scan.codes);
    if (product === null) return { kind: "unknown", code };
    const offered = this.goods.offered(product);
    if (offered.price === null) return { kind: "no_price", product: offered };
    till.book.requireShift();
    const goods = this.goods.sellable(product.id);
    const made = scan.price === null ? null : forLabel(goods, scan.price);
    const quantity = made?.quantity ?? scan.weight ?? THOUSANDTHS;
    const { cart, key } = addProduct(this.store.cart, goods, quantity, made?.discount);
    return { kind: "added", cart: await this.store.change(cart), lineKey: key };
  }

  async addProduct({ productId, quantity }: { productId: string; quantity?: number }): Promise<CartView> {
    this.requireSelling();
    await this.goods.ready();
    return this.store.change(addProduct(this.store.cart, this.goods.sellable(productId), quantity).cart);
  }

  /**
   * Less of it is a void of the difference; more that comes back needs the word that a return needs, and more at
   * a price or discount that somebody agreed to needs theirs again.
   */
  async setQuantity(request: { lineKey: string; quantity: number; approval?: string }): Promise<CartView> {
    this.requireSelling();
    const { lineKey, quantity } = request;
    const before = this.item(lineKey);
    const isMore = quantity > before.quantity;
    const permission = before.sold === null ? "refund_without_receipt" : "return_with_receipt";
    const authority =
      isMore && before.kind === "return" ? this.till.authorise(permission, request.approval) : null;
    const approver = authority?.approvedBy ?? null;
    const wanted = setQuantity(this.store.cart, lineKey, quantity);
    const changed = approver === null ? wanted : approveReturn(wanted, approver);
    const asked = { cart: changed, before, returnedBy: approver };
    const agreed = isMore ? agreeOnMore(this.till, asked, request.approval) : null;
    const fewer = before.quantity - quantity;
    const drafts = before.kind === "sale" && fewer > 0 ? [voidOf(before, fewer, null)] : agreed?.drafts;
    const view = await this.store.change(agreed?.cart ?? changed, drafts);
    authority?.spend();
    agreed?.spend();
    return view;
  }

  async removeLine({ lineKey, reason }: { lineKey: string; reason: string | null }): Promise<CartView> {
    this.requireSelling();
    const item = this.item(lineKey);
    const drafts = item.kind === "sale" ? [voidOf(item, item.quantity, textOf(reason))] : [];
    return this.store.change(removeLine(this.store.cart, lineKey), drafts);
  }

  async overridePrice(request: Asked & { lineKey: string; price: number }): Promise<CartView> {
    this.requireSelling();
    const { lineKey, price } = request;
    const item = this.item(lineKey);
    const authority = this.till.authorise("price_override", request.approval);
    const cart = overridePrice(this.store.cart, lineKey, price);
    const view = await this.store.change(cart, [
      {
        kind: "price_overridden",
        product: item.productId,
        price_before: item.unitPrice,
        price_after: price,
        approved_by: authority.approvedBy,
        reason: textOf(request.reason),
      },
    ]);
    authority.spend();
    return view;
  }

  async discountLine(request: Asked & { lineKey: string; discount: Discount | null }): Promise<CartView> {
    this.requireSelling();
    const { lineKey, discount } = request;
    const reason = textOf(request.reason) ?? NO_REASON;
    if (discount === null) return this.store.change(discountLine(this.store.cart, lineKey, null));
    const item = this.item(lineKey);
    const price = extend(item.unitPrice, item.quantity);
    const given = (approvedBy: string | null): Cart =>
      discountLine(this.store.cart, lineKey, approvedFor({ discount, reason, approvedBy }, price));
    const authority = authoriseDiscount(this.till, { discount, price, cart: given(null) }, request.approval);
    const view = await this.store.change(given(authority.approvedBy));
    authority.spend();
    return view;
  }

  async discountCart(request: Asked & { discount: Discount | null }): Promise<CartView> {
    this.requireSelling();
    const { discount } = request;
    const reason = textOf(request.reason) ?? NO_REASON;
    const max = cartDiscountMax(this.store.cart);
    if (discount === null) return this.store.change(discountCart(this.store.cart, null, max));
    const given = (approvedBy: string | null): Cart =>
      discountCart(this.store.cart, approvedFor({ discount, reason, approvedBy }, max), max);
    const asked = { discount, price: max, cart: given(null) };
    const authority = authoriseDiscount(this.till, asked, request.approval);
    const view = await this.store.change(given(authority.approvedBy));
    authority.spend();
    return view;
  }

  async setNote({ lineKey, note }: { lineKey: string | null; note: string | null }): Promise<CartView> {
    this.requireSelling();
    if (lineKey !== null) this.item(lineKey);
    return this.store.change(setNote(this.store.cart, lineKey, note));
  }

  async setCustomer(customerId: string | null): Promise<CartView> {
    this.requireSelling();
    const customer = customerId === null ? null : this.customer(customerId);
    if (customerId !== null && customer === null) throw new TillRefusal("customer_missing");
    return this.store.change(setCustomer(this.store.cart, customer));
  }

  async cancel(reason: string | null): Promise<CartView> {
    this.requireSelling();
    const draft = cartVoid(this.store.cart, textOf(reason));
    return this.store.change(emptyCart(), draft === null ? [] : [draft]);
  }

  async hold(label: string): Promise<CartView> {
    this.requireSelling();
    if (this.store.empty) throw new TillRefusal("cart_empty");
    const { environment } = this.till;
    const now = environment.now();
    const held: HeldCart = {
      id: uuid7(now, environment.random(UUID7_RANDOM_BYTES)),
      label: requireText(label, "label"),
      heldAt: new Date(now).toISOString(),
      by: this.till.requireSession().person.name,
      lines: this.store.cart.items.length,
      total: this.store.view().total,
    };
    return this.store.hold(held);
  }

  async held(): Promise<HeldCart[]> {
    this.till.requireSession();
    return this.store.held();
  }

  async recall(id: string): Promise<CartView> {
    this.requireSelling();
    if (!this.store.empty) throw new TillRefusal("cart_not_empty");
    return this.store.recall(id, await stillReturnable(this.till, await this.requireHeld(id)));
  }

  async discardHeld({ id, reason }: { id: string; reason: string | null }): Promise<void> {
    this.requireSelling();
    await this.store.discardHeld(id, cartVoid(await this.requireHeld(id), textOf(reason)));
  }

  private async requireHeld(id: string): Promise<Cart> {
    const cart = await this.store.heldCart(id);
    if (cart === null) throw new TillRefusal("cart_empty");
    return cart;
  }

  private requireSelling(): void {
    this.till.require("sell");
    this.till.book.requireShift();
  }

  private item(key: string): CartItem {
    try {
      return itemOf(this.store.cart, key);
    } catch {
      throw new TillRefusal("cart_empty");
    }
  }
}

/** So much of the goods costs what the label says, tax included: that is what the customer has read. */
function forLabel(goods: Sellable, price: number): { quantity: number; discount: number } {
  const made = quantityForPrice(
    goods.unitPrice,
    goods.taxInclusive ? price : netWithin(price, goods.ratePpm),
  );
  // Not a kilogram of it: nobody weighed that.
  if (made === null) throw new TillRefusal("quantity_invalid");
  return made;
}

function voidOf(item: CartItem, quantity: number, reason: string | null): Draft {
  const amount = extend(item.unitPrice, quantity);
  return { kind: "void", scope: "line", amount, product: item.productId, quantity, reason };
}

/** Null for a cart in which nothing was to be sold. */
function cartVoid(cart: Cart, reason: string | null): Draft | null {
  const sales = cart.items.filter((item) => item.kind === "sale");
  if (sales.length === 0) return null;
  const amount = sales.reduce((sum, { unitPrice, quantity }) => sum + extend(unitPrice, quantity), 0);
  return { kind: "void", scope: "cart", amount, reason };
}

function textOf(reason: string | null): string | null {
  const text = reason?.trim() ?? "";
  return text === "" ? null : requireText(text, "reason");
}

/** The cart being filled and those put aside: each change is on the disk, sealed, before it counts. */
import {
  cartFigures,
  emptyCart,
  type Cart,
  type Draft,
  type ReceiptReference,
  type Written,
} from "@octonext/core";
import type { Json, RecordPut } from "@octonext/storage";

import type { CartView, HeldCart } from "./api";
import type { Beside } from "./book";
import { CART, HELD } from "./collections";
import { limited } from "./discount-limits";
import type { Till } from "./till";

/** The cart on the disk, and the last entry that was written before it. */
interface Stored {
  cart: Cart;
  after: number;
}

/** A cart that was put aside. */
interface Held extends HeldCart {
  cart: Cart;
}

export class CartStore {
  private now: Cart = emptyCart();

  constructor(private readonly till: Till) {}

  get cart(): Cart {
    return this.now;
  }

  get empty(): boolean {
    return this.now.items.length === 0;
  }

  async load(): Promise<void> {
    const stored = (await this.till.storage.get(CART, "cart")) as unknown as Stored | null;
    // A database that went back and was completed from the copy has the sale, and the cart from before it.
    const isPaid = stored !== null && stored.after < this.till.book.emptied;
    this.now = stored === null || isPaid ? emptyCart() : stored.cart;
    this.showIdle();
  }

  forget(): void {
    this.now = emptyCart();
  }

  view(): CartView {
    return cartFigures(this.now);
  }

  /** The cart as it shall be, and what of it belongs into the journal; either all of it counts or nothing. */
  async change(wanted: Cart, drafts: Draft[] = [], beside?: Beside): Promise<CartView> {
    const cart = limited(this.till, wanted);
    const view = cartFigures(cart);
    await this.write(drafts, cart, beside);
    this.become(cart);
    return view;
  }

  /** The cart was paid: it is emptied in the transaction that writes the receipt. */
  async pay(drafts: Draft[], beside: Beside): Promise<Written[]> {
    const cart = emptyCart();
    const written = await this.till.record(drafts, (entries) => {
      const extra = beside(entries);
      return { ...extra, puts: [...(extra.puts ?? []), this.put(cart)], emptiesCart: true };
    });
    this.become(cart);
    return written;
  }

  async hold(held: HeldCart): Promise<CartView> {
    const value = { ...held, cart: this.now } as unknown as Json;
    const cart = emptyCart();
    await this.till.storage.commit({ puts: [this.put(cart), { collection: HELD, key: held.id, value }] });
    this.become(cart);
    await this.showHeld();
    return this.view();
  }

  async held(): Promise<HeldCart[]> {
    const stored = await this.till.storage.all(HELD);
    const carts = stored.map(({ value }) => {
      const { cart: _, ...held } = value as unknown as Held;
      return held;
    });
    return carts.sort((one, other) => (one.heldAt < other.heldAt ? -1 : 1));
  }

  /** Null for none of this id. */
  async heldCart(id: string): Promise<Cart | null> {
    const stored = (await this.till.storage.get(HELD, id)) as unknown as Held | null;
    return stored?.cart ?? null;
  }

  /** The receipts of which goods come back in the cart, or in one that was put aside. */
  async originals(): Promise<ReceiptReference[]> {
    const stored = await this.till.storage.all(HELD);
    const carts = [this.now, ...stored.map(({ value }) => (value as unknown as Held).cart)];
    return carts.flatMap(({ items }) => items.flatMap(({ original }) => original ?? []));
  }

  async recall(id: string, cart: Cart): Promise<CartView> {
    const view = cartFigures(cart);
    await this.till.storage.commit({ puts: [this.put(cart)], removes: [{ collection: HELD, key: id }] });
    this.become(cart);
    await this.showHeld();
    return view;
  }

  async discardHeld(id: string, draft: Draft | null): Promise<void> {
    const removes = [{ collection: HELD, key: id }];
    if (draft === null) await this.till.storage.commit({ removes });
    else await this.till.record([draft], () => ({ removes }));
    await this.showHeld();
  }

  async showHeld(): Promise<void> {
    const held = (await this.till.storage.all(HELD)).length;
    if (held === this.till.board.state.held && held === this.till.remembered.held) return;
    this.till.board.change({ held });
    await this.till.remember({ held });
  }

  private async write(drafts: Draft[], cart: Cart, beside?: Beside): Promise<void> {
    const put = this.put(cart);
    if (drafts.length === 0) {
      await this.till.storage.commit({ puts: [put] });
      return;
    }
    const emptiesCart = cart.items.length === 0;
    await this.till.record(drafts, (written) => {
      const extra = beside?.(written) ?? {};
      return { ...extra, puts: [...(extra.puts ?? []), put], emptiesCart };
    });
  }

  private put(cart: Cart): RecordPut {
    const stored: Stored = { cart, after: this.till.book.seq };
    return { collection: CART, key: "cart", value: stored as unknown as Json };
  }

  private become(cart: Cart): void {
    this.now = cart;
    this.showIdle();
  }

  private showIdle(): void {
    const idle = this.empty;
    if (idle !== this.till.board.state.idle) this.till.board.change({ idle });
  }
}

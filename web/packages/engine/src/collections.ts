/** Which records the till keeps, and who can read them. */
import type { Collection } from "@octonext/storage";

/** The open shift, its sums and the last hybrid time: `now`. Survives the loss of the database. */
export const NOW: Collection = { name: "now", readable: "open", copied: true };
/** What a locked till shows: `front`. */
export const FRONT: Collection = { name: "front", readable: "always" };
/** The cart being filled: `cart`. */
export const CART: Collection = { name: "cart", readable: "open" };
/** Carts that were put aside, by their id. Survive the loss of the database: they are nowhere else. */
export const HELD: Collection = { name: "held", readable: "open", copied: true };
/** Z reports by the id of their shift. */
export const CLOSED: Collection = { name: "closed", readable: "open" };
/**
 * What came back of a receipt as far as this till knows: quantities by line, by `branch-device-seq`. Survives the loss
 * of the database: a cart that was put aside does too, and would be paid out again. Kept as long as the journal keeps
 * the entries that brought it back (old-returns.ts).
 */
export const RETURNED: Collection = { name: "returned", readable: "open", copied: true };
/** `through`: the last entry beside which its receipt and what came back are kept. A restored database has none. */
export const KEPT: Collection = { name: "kept", readable: "open" };
/** Customers written here and not yet seen in the feed, by id. */
export const CUSTOMERS: Collection = { name: "customers", readable: "open" };
/** Ids of favourite products: `products`. */
export const FAVOURITES: Collection = { name: "favourites", readable: "open" };

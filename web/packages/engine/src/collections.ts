/** Which records the till keeps, and who can read them. */
import type { Collection } from "@octonext/storage";

/** The open shift, its sums and the last hybrid time: `now`. Survives the loss of the database. */
export const NOW: Collection = { name: "now", readable: "open", copied: true };
/** What a locked till shows: `front`. */
export const FRONT: Collection = { name: "front", readable: "always" };
/** The cart being filled: `cart`. */
export const CART: Collection = { name: "cart", readable: "open" };
/** Carts that were put aside, by their id. */
export const HELD: Collection = { name: "held", readable: "open" };
/** Z reports by the id of their shift. */
export const CLOSED: Collection = { name: "closed", readable: "open" };
/** What came back of a receipt as far as this till knows: quantities by line, by `branch-device-seq`. */
export const RETURNED: Collection = { name: "returned", readable: "open" };
/** Customers written here and not yet seen in the feed, by id. */
export const CUSTOMERS: Collection = { name: "customers", readable: "open" };
/** Ids of favourite products: `products`. */
export const FAVOURITES: Collection = { name: "favourites", readable: "open" };

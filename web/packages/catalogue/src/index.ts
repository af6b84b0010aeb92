/** The catalogue of a till: what is sold, at which price and tax, and who sells it. */
export { Catalogue, LATER_ROWS_MIN } from "./catalogue";
export { CUSTOMER_HITS_MAX, customerRow, Customers } from "./customers";
export { ImageError } from "./image";
export { Intake } from "./intake";
export type { Row } from "./rows";
export { SEARCH_HITS_MAX } from "./searching";
export type * from "./types";

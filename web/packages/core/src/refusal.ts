/** What the till's arithmetic refuses: a stable code and what a sentence about it needs, in no language. */

export type CoreRefusalCode =
  | "amount_invalid"
  | "card_number" // field
  | "cart_empty"
  | "cart_not_empty"
  | "customer_missing"
  | "discount_too_large" // max
  | "not_sellable" // name, why: pieces_only
  | "quantity_invalid"
  | "reference_missing" // tender
  | "return_too_much" // number, max
  | "tender_missing" // left
  | "tender_too_much" // tender, due
  | "tender_unknown" // tender
  | "too_long"; // field

export class CoreRefusal extends Error {
  constructor(
    readonly code: CoreRefusalCode,
    readonly params: Readonly<Record<string, string | number>> = {},
  ) {
    super(code);
    this.name = "CoreRefusal";
  }
}

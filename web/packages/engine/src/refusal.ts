/** What the engine refuses: stable codes, each with what a sentence about it needs. */

/** Codes a page must have words for, each with its `params`. */
export type RefusalCode =
  | "approval_required" // permission
  | "approval_invalid"
  | "wrong_pin" // left: attempts before this till asks the server
  | "locked_out" // retryAfterMs
  | "online_sign_in_needed"
  | "offline"
  | "not_permitted" // permission
  | "enrolment_refused"
  | "unreachable"
  | "shift_open"
  | "shift_not_open"
  | "locked"
  | "cart_not_empty"
  | "cart_empty"
  | "not_sellable" // name, why: no_price | inactive | pieces_only | unknown_tax
  | "discount_too_large" // max
  | "quantity_invalid"
  | "amount_invalid"
  | "tender_missing" // left
  | "tender_too_much" // tender, due
  | "tender_unknown" // tender
  | "reference_missing" // tender
  | "customer_missing"
  | "card_number" // field
  | "receipt_not_found" // text
  | "receipt_unreadable"
  | "other_currency" // number, currency
  | "ask_later" // retryAfterMs
  | "return_too_much" // number, max
  | "too_long"
  | "storage_full"
  | "storage_failed" // detail
  | "damaged_file" // detail
  | "other_branch"
  | "internal"; // detail

export interface RefusalParams {
  [name: string]: string | number;
}

export class TillRefusal extends Error {
  constructor(
    readonly code: RefusalCode,
    readonly params: RefusalParams = {},
  ) {
    super(code);
    this.name = "TillRefusal";
  }
}

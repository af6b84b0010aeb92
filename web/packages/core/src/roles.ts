/** Who may do what at a till. Head office decides which permissions a role has; the till only asks. */

export const ROLES = ["cashier", "supervisor", "manager"] as const;
export type Role = (typeof ROLES)[number];

export const PERMISSIONS = [
  "sell",
  "return_with_receipt",
  "price_override",
  "discount_above_limit",
  "void_after_payment",
  "open_drawer",
  "refund_without_receipt",
  "move_cash",
  "close_shift",
  "see_expected",
  "count_stock",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

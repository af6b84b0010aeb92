/** Words of the shell for paper, in both languages: the paper does not know who reads it. */
import { ar } from "../i18n/ar";
import { en } from "../i18n/en";
import type { Both } from "../receipts/labels";

/** Texts without a place to fill in. */
export type PrintedWord = Extract<
  keyof typeof en,
  `report.${string}` | "common.reason" | "settings.till" | "shift.cash_in" | "shift.cash_out"
>;

export function printed(word: PrintedWord): Both {
  return { en: en[word], ar: ar[word] };
}

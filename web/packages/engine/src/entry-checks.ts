/** What a shard would not take is refused before it is written: what is in a journal stays there. */
import { findInvalid, type Draft } from "@octonext/core";

import { TillRefusal } from "./api";

/** Raises `card_number`, `too_long`, `amount_invalid` with the field; never with what it says. */
export function requireValid(draft: Draft): void {
  const invalid = findInvalid(draft);
  if (invalid === null) return;
  const { field, problem } = invalid;
  if (problem === "card_number" || problem === "too_long") throw new TillRefusal(problem, { field });
  if (problem === "bounds") throw new TillRefusal("amount_invalid", { field });
  throw new TillRefusal("internal", { detail: `the figures of ${draft.kind} do not agree` });
}

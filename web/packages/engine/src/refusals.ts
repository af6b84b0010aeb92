/** What the packages below refuse, in the engine's words. */
import { CoreRefusal } from "@octonext/core";
import { StorageError } from "@octonext/storage";

import { TillRefusal, type RefusalCode } from "./api";

const SAME: Readonly<Record<string, RefusalCode>> = {
  wrong_pin: "wrong_pin",
  locked_out: "locked_out",
  online_sign_in_needed: "online_sign_in_needed",
  locked: "locked",
  storage_full: "storage_full",
  storage_failed: "storage_failed",
  damaged_file: "damaged_file",
};

/** What went wrong as something that a page has words for. */
export function asRefusal(error: unknown): TillRefusal {
  if (error instanceof TillRefusal) return error;
  if (error instanceof CoreRefusal) return new TillRefusal(error.code, error.params);
  if (error instanceof StorageError) {
    const code = SAME[error.code];
    if (code !== undefined) return new TillRefusal(code, error.params);
    return new TillRefusal("storage_failed", { detail: error.message });
  }
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new TillRefusal("internal", { detail: detail.slice(0, DETAIL_LENGTH_MAX) });
}

const DETAIL_LENGTH_MAX = 300;

/** What can go wrong with a till's storage, as stable codes with what a sentence about it needs. */

export type StorageErrorCode =
  | "wrong_pin" // left: tries before this person must sign in at the server
  | "locked_out" // retryAfterMs
  | "online_sign_in_needed"
  | "wrong_share"
  | "locked"
  | "storage_full"
  | "storage_failed" // detail
  | "storage_newer" // version
  | "not_ours" // seq
  | "damaged_file"; // detail

export class StorageError extends Error {
  constructor(
    readonly code: StorageErrorCode,
    readonly params: Record<string, string | number> = {},
    cause?: unknown,
  ) {
    super(`${code} ${JSON.stringify(params)}`, { cause });
    this.name = "StorageError";
  }
}

/** Anything the browser threw, as `storage_full` or `storage_failed`; what has a code already stays. */
export function asStorageError(error: unknown, doing: string): StorageError {
  if (error instanceof StorageError) return error;
  if (isQuota(error)) return new StorageError("storage_full", {}, error);
  return new StorageError("storage_failed", { detail: `${doing}: ${String(error)}` }, error);
}

/** Chromium names a disk that is really full only in the text of an error about something unknown. */
const DISK_FULL = /NO_SPACE|no space left|disk( is)? full|full disk/i;

/** What browsers say as well when they cannot open a database on a full disk. */
const UNEXPLAINED = ["UnknownError", "AbortError"];

/** Whether more room could cure it; certainly not what a newer app wrote, or what is gone. */
export function mayNeedRoom(error: unknown): boolean {
  if (error instanceof StorageError) return error.code === "storage_full" || mayNeedRoom(error.cause);
  return isQuota(error) || (error instanceof DOMException && UNEXPLAINED.includes(error.name));
}

export function isQuota(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "QuotaExceededError" || DISK_FULL.test(error.message);
}

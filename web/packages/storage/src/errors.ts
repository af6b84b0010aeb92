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

export function isQuota(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}

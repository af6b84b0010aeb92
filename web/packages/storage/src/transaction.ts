/** Ending a transaction so that nothing it rejects goes unheard. */
import { asStorageError } from "./errors";

/** Waits for all of a transaction's requests and its end, so that no rejection is left alone. */
export async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    // The transaction's own error says why; a request's may only say that it was aborted.
    const last = results.at(-1);
    throw asStorageError(
      last?.status === "rejected" && last.reason !== null ? last.reason : failed.reason,
      "writing",
    );
  }
}

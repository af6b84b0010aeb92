/** The hash chain of a till's journal. It knows nothing of what an entry means. */
import { concat, sameBytes, type Bytes } from "./bytes";

export const HASH_BYTES = 32;

/** The hash before the first entry: 32 zero bytes. A new array each time, so that nobody can change it. */
export function genesis(): Bytes {
  return new Uint8Array(HASH_BYTES);
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** SHA-256(previous hash ‖ entry); `entry` is the plaintext as it was written, never re-serialised. */
export async function link(previous: Uint8Array, entry: Uint8Array): Promise<Bytes> {
  if (previous.length !== HASH_BYTES) {
    throw new RangeError(`a chain hash has ${HASH_BYTES} bytes, not ${previous.length}`);
  }
  return sha256(concat(previous, entry));
}

/** The hash of every entry in order, each linked to the one before it. */
export async function linkAll(previous: Bytes, entries: Iterable<Uint8Array>): Promise<Bytes[]> {
  const hashes: Bytes[] = [];
  let last = previous;
  for (const entry of entries) {
    last = await link(last, entry);
    hashes.push(last);
  }
  return hashes;
}

export function sameHash(one: Uint8Array, other: Uint8Array): boolean {
  return sameBytes(one, other);
}

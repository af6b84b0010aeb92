/**
 * Rows of a feed as storage keeps them: packed as they came where that is possible, for packing and unpacking
 * them again would cost a first sync seconds; else as JSON.
 */
import { concat, fromUtf8, rowsOf, utf8, type Bytes, type DeltaRow } from "@octonext/core";

/** The first byte of packed rows; JSON begins with a bracket. */
const PACKED = 0;

/** `packed`: the same rows as the shard packed them, null when it did not, or when they are not the same. */
export function segmentOf(rows: readonly DeltaRow[], packed: Bytes | null): Bytes {
  return packed === null ? utf8(JSON.stringify(rows)) : concat(Uint8Array.of(PACKED), packed);
}

export async function rowsIn(segment: Bytes): Promise<DeltaRow[]> {
  if (segment[0] !== PACKED) return JSON.parse(fromUtf8(segment)) as DeltaRow[];
  return rowsOf({ rows: null, packed: segment.subarray(1) });
}

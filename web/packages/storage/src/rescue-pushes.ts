/** Makes pushes of what is not on the shard yet, for another till of the branch to hand over. */
import { ciphertextsDigest, PUSH_ENTRIES_DEFAULT, pushMessage, type Bytes } from "@octonext/core";

import type { Place, RescuePush, WrappedKey } from "./api";
import type { CopiedEntry } from "./copied";
import type { EntryRow } from "./database";

/** Ciphertext in one push: with base64 and what stands around it, well inside a frame. */
export const PUSH_BYTES_MAX = 160_000;

/**
 * The rows after `base`, which follow each other. With the device key several entries go into one push;
 * without it (the till was revoked) each entry is a push by its own stored signature.
 */
export async function pushesOf(
  base: Place,
  rows: readonly EntryRow[],
  keys: readonly WrappedKey[],
  signer?: { device: number; sign(message: Bytes): Promise<Bytes> },
): Promise<RescuePush[]> {
  const pushes: RescuePush[] = [];
  let prev = base.hash;
  for (const group of groups(
    rows.filter((row) => row.seq > base.seq),
    signer !== undefined,
  )) {
    const [first] = group;
    const last = group.at(-1);
    if (first === undefined || last === undefined) continue;
    let signature = first.s;
    if (signer !== undefined && group.length > 1) {
      const digest = await ciphertextsDigest(group.map((row) => row.c));
      signature = await signer.sign(pushMessage(signer.device, first.seq, last.h, digest));
    }
    pushes.push({
      first: first.seq,
      prev,
      entries: group.map((row) => ({ keyId: row.k, hash: row.h, ciphertext: row.c })),
      keys: keysOf(group, keys),
      signature,
    });
    prev = last.h;
  }
  return pushes;
}

/** The same from the copy, where each entry knows the hash before it. */
export function pushesOfCopy(entries: Iterable<CopiedEntry>, keys: readonly WrappedKey[]): RescuePush[] {
  return [...entries].map((entry) => ({
    first: entry.seq,
    prev: entry.prev,
    entries: [{ keyId: entry.k, hash: entry.h, ciphertext: entry.c }],
    keys: keysOf([entry], keys),
    signature: entry.s,
  }));
}

/** With every push, though the first would do: each can be handed over by itself. */
function keysOf(
  rows: readonly { k: string }[],
  keys: readonly WrappedKey[],
): { id: string; forShard: Bytes }[] {
  const ids = new Set(rows.map((row) => row.k));
  return keys.filter((key) => ids.has(key.id)).map(({ id, forShard }) => ({ id, forShard }));
}

function* groups(rows: readonly EntryRow[], together: boolean): Generator<EntryRow[]> {
  let group: EntryRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    const full = !together || group.length === PUSH_ENTRIES_DEFAULT || bytes + row.c.length > PUSH_BYTES_MAX;
    if (full && group.length > 0) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(row);
    bytes += row.c.length;
  }
  if (group.length > 0) yield group;
}

/**
 * Writes entries: gives each its place, its time and its hash, and seals it with the shift's key. The wall
 * clock and the nonces come from whoever holds the pen. Twin of `till/domain/pen.py`.
 */
import type { Bytes } from "./bytes";
import { genesis, link } from "./chain";
import type { Draft, Entry, Stamp } from "./entries";
import { decodeEntry, encodeEntry, formatAt } from "./entry-bytes";
import { findInvalid } from "./entry-rules";
import { sealEntry } from "./envelope";
import { hybridTick } from "./hlc";
import { ENTRY_BYTES_MAX } from "./protocol";
import { CoreRefusal } from "./refusal";

/** Figures that a shard would quarantine: a fault of the till, never of a person. */
export class EntryInvalid extends Error {
  constructor(readonly field: string) {
    super(`${field} is not what an entry may say`);
    this.name = "EntryInvalid";
  }
}

/** The end of a journal. */
export interface Place {
  seq: number;
  hash: Bytes;
  hlc: number;
}

/** The end of a journal that nothing was written to. */
export function emptyPlace(): Place {
  return { seq: 0, hash: genesis(), hlc: 0 };
}

/** An entry as the journal keeps it and a push carries it. */
export interface Sealed {
  seq: number;
  keyId: string;
  hash: Bytes;
  ciphertext: Bytes;
}

export interface Written {
  entry: Entry;
  bytes: Bytes;
  sealed: Sealed;
  /** Where the next entry goes. It counts only once the journal has this one. */
  place: Place;
}

export interface Pen {
  device: number;
  /** The shift; its id is also the id of its key. */
  shift: string;
  cashier: string;
  key: CryptoKey;
}

export interface WrittenAt {
  unixMs: number;
  /** The branch's zone, minutes east of UTC. */
  offsetMinutes: number;
}

/**
 * The entry after `place`. `nonce` is 12 bytes and never used twice. Rejects with CoreRefusal (`too_long`,
 * `card_number`) or EntryInvalid for what a shard would not book: once journaled, it stays.
 */
export async function write(
  pen: Pen,
  place: Place,
  draft: Draft,
  at: WrittenAt,
  nonce: Bytes,
): Promise<Written> {
  const invalid = findInvalid(draft);
  if (invalid?.problem === "too_long" || invalid?.problem === "card_number") {
    throw new CoreRefusal(invalid.problem, { field: invalid.field });
  }
  if (invalid !== null) throw new EntryInvalid(invalid.field);
  const stamp: Stamp = {
    seq: place.seq + 1,
    shift: pen.shift,
    cashier: pen.cashier,
    at: formatAt(at.unixMs, at.offsetMinutes),
    hlc: hybridTick(place.hlc, at.unixMs),
  };
  const bytes = encodeEntry(draft, stamp);
  if (bytes.length > ENTRY_BYTES_MAX) throw new CoreRefusal("too_long", { field: "lines" });
  const [hash, ciphertext] = await Promise.all([
    link(place.hash, bytes),
    sealEntry(pen.key, { device: pen.device, keyId: pen.shift, seq: stamp.seq }, bytes, nonce),
  ]);
  return {
    entry: decodeEntry(bytes),
    bytes,
    sealed: { seq: stamp.seq, keyId: pen.shift, hash, ciphertext },
    place: { seq: stamp.seq, hash, hlc: stamp.hlc },
  };
}

/**
 * The part of a till's journal that a connection still has to send, and what it may send of it now. Holds
 * seqs, hashes, key ids and sizes, never bytes. Credits belong to one connection, and so does an `Outbox`.
 * Twin of `till/domain/outbox.py`.
 */
import type { Bytes } from "./bytes";
import { genesis } from "./chain";
import type { Credits } from "./messages";
import { FRAME_BYTES_MAX, PUSH_ENTRIES_DEFAULT, PUSH_ENTRIES_MAX, PUSH_KEYS_MAX } from "./protocol";
import type { Outgoing } from "./steps";

/** Entries kept in view; the rest stay in the journal until asked for. */
export const WINDOW_ENTRIES = 2 * PUSH_ENTRIES_MAX;

// What a frame costs beside the base64 of its ciphertexts: hash, key id and JSON of an entry; a wrapped key;
// the frame itself. Rounded up.
const ENTRY_FRAME_BYTES = 160;
const KEY_FRAME_BYTES = 300;
const PUSH_FRAME_BYTES = 512;

/** A run of entries to send, what it costs in credits, and the keys the shard has not seen. */
export interface Push {
  first: number;
  last: number;
  prev: Bytes;
  entries: number;
  bytes: number;
  keyIds: string[];
}

/** The next entry fits no frame, whatever the credits. */
export interface TooLarge {
  tooLarge: { seq: number; size: number };
}

/** Entries after a place the shard is known to hold (`seq`, `hash`). */
export class Outbox {
  seq = 0;
  hash: Bytes = genesis();
  private window: Outgoing[] = [];
  private readonly knownKeys = new Set<string>();
  private readonly requiredKeys = new Set<string>();
  private entriesAllowed = 0;
  private bytesAllowed = 0;
  private pushEntries = PUSH_ENTRIES_DEFAULT;

  /** Whether nothing is in view; the journal may hold more. */
  get empty(): boolean {
    return this.window.length === 0;
  }

  /** Add what the server gives back; its size of a push counts from now on. */
  grant(given: Credits): void {
    this.entriesAllowed += given.entries;
    this.bytesAllowed += given.bytes;
    this.pushEntries = Math.min(Math.max(1, given.push_entries), PUSH_ENTRIES_MAX);
  }

  /** The push was refused and nothing of it stored, so what it cost comes back. */
  takeBack(push: Push): void {
    this.entriesAllowed += push.entries;
    this.bytesAllowed += push.bytes;
  }

  /** Look at the journal from `seq` on. The key in use there is one the shard was given. */
  load(seq: number, ownHash: Bytes, keyId: string | null, entries: readonly Outgoing[]): void {
    if (keyId !== null && !this.requiredKeys.has(keyId)) this.knownKeys.add(keyId);
    this.seq = seq;
    this.hash = ownHash;
    this.window = [...entries];
  }

  /** The shard misses these keys (null: it did not say which). */
  requireKeys(keyIds: readonly string[] | null): void {
    for (const keyId of keyIds ?? [...this.knownKeys]) {
      this.requiredKeys.add(keyId);
      this.knownKeys.delete(keyId);
    }
  }

  /** The till's own hash of entry `seq`, or null when it is not in view. */
  ownHash(seq: number): Bytes | null {
    if (seq === this.seq) return this.hash;
    return this.window[seq - this.seq - 1]?.hash ?? null;
  }

  /** The shard holds everything in view up to `seq`, keys included. */
  advance(seq: number): void {
    const count = Math.min(Math.max(0, seq - this.seq), this.window.length);
    for (const entry of this.window.splice(0, count)) {
      this.seq = entry.seq;
      this.hash = entry.hash;
      this.knownKeys.add(entry.keyId);
      // Only now: a push that carried it may be refused, and then it is as missing as before.
      this.requiredKeys.delete(entry.keyId);
    }
  }

  /** The longest run that credits, limits and a frame allow, paid from the credits; null when they cover none. */
  nextPush(): Push | TooLarge | null {
    let frame = PUSH_FRAME_BYTES;
    let spent = 0;
    let count = 0;
    const newKeys = new Set<string>();
    for (const entry of this.window.slice(0, Math.min(this.pushEntries, Math.max(0, this.entriesAllowed)))) {
      const newKey = !this.knownKeys.has(entry.keyId) && !newKeys.has(entry.keyId);
      const cost = ENTRY_FRAME_BYTES + 4 * Math.ceil(entry.size / 3) + (newKey ? KEY_FRAME_BYTES : 0);
      const overFrame = frame + cost > FRAME_BYTES_MAX;
      if (overFrame && count === 0) return { tooLarge: { seq: entry.seq, size: entry.size } };
      if (overFrame || spent + entry.size > this.bytesAllowed || (newKey && newKeys.size === PUSH_KEYS_MAX))
        break;
      if (newKey) newKeys.add(entry.keyId);
      frame += cost;
      spent += entry.size;
      count += 1;
    }
    if (count === 0) return null;
    this.entriesAllowed -= count;
    this.bytesAllowed -= spent;
    const run = { first: this.seq + 1, last: this.seq + count, prev: this.hash, entries: count };
    return { ...run, bytes: spent, keyIds: [...newKeys] };
  }
}

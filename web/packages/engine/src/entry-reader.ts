/** Opens entries of this till's own journal, with the keys of their shifts. */
import { decodeEntry, openEntry, type Entry } from "@octonext/core";
import type { SealedEntry } from "@octonext/storage";

import type { Till } from "./till";

export class EntryReader {
  private readonly keys = new Map<string, Promise<CryptoKey | null>>();

  constructor(private readonly till: Till) {}

  /** Null where the key of its shift is not here any more. Rejects for an entry that its key does not open. */
  async read(sealed: SealedEntry): Promise<Entry | null> {
    const { seq, keyId, ciphertext } = sealed;
    const key = await this.keyOf(keyId);
    if (key === null) return null;
    const place = { device: this.till.identity.deviceId, keyId, seq };
    return decodeEntry(await openEntry(key, place, new Uint8Array(ciphertext)));
  }

  /** Opened once, however many entries ask for it at a time. */
  private keyOf(id: string): Promise<CryptoKey | null> {
    const key = this.keys.get(id) ?? this.open(id);
    this.keys.set(id, key);
    return key;
  }

  private async open(id: string): Promise<CryptoKey | null> {
    const { journal, vault } = this.till.storage;
    const wrapped = await journal.key(id);
    return wrapped === null ? null : vault.openShiftKey(wrapped);
  }
}

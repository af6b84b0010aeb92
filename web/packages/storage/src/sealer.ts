/** Seals what lies in this browser, each thing bound to the store and key where it lies (AES-256-GCM). */
import { concat, fromUtf8, importSealingKey, NONCE_BYTES, TAG_BYTES, utf8, type Bytes } from "@octonext/core";

import type { Json } from "./api";
import { StorageError } from "./errors";

const VERSION = 1;
const BINDING = "octonext.till.v1";

export class Sealer {
  /** `random` gives nonces: 96 random bits, under a key that seals far fewer than 2^32 things. */
  constructor(
    private readonly key: CryptoKey,
    private readonly random: (bytes: number) => Bytes,
  ) {}

  static async of(raw: Bytes, random: (bytes: number) => Bytes): Promise<Sealer> {
    return new Sealer(await importSealingKey(raw), random);
  }

  /** `0x01 ‖ nonce (12) ‖ ciphertext ‖ tag (16)`; `binding` names store and key. */
  async seal(binding: string, plaintext: Bytes): Promise<Bytes> {
    const nonce = this.random(NONCE_BYTES);
    const sealed = await crypto.subtle.encrypt(parameters(nonce, binding), this.key, plaintext);
    return concat(Uint8Array.of(VERSION), nonce, new Uint8Array(sealed));
  }

  /** The plaintext, or null when the key is another one, or anything was changed or moved. */
  async tryOpen(binding: string, sealed: Bytes): Promise<Bytes | null> {
    if (sealed[0] !== VERSION || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) return null;
    const nonce = sealed.slice(1, 1 + NONCE_BYTES);
    const rest = sealed.subarray(1 + NONCE_BYTES);
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters(nonce, binding), this.key, rest));
    } catch {
      return null;
    }
  }

  /** Raises `storage_failed` when it does not open. */
  async open(binding: string, sealed: Bytes): Promise<Bytes> {
    const plaintext = await this.tryOpen(binding, sealed);
    if (plaintext !== null) return plaintext;
    throw new StorageError("storage_failed", { detail: `${binding} does not open with this till's key` });
  }

  async sealJson(binding: string, value: Json): Promise<Bytes> {
    return this.seal(binding, utf8(JSON.stringify(value)));
  }

  async openJson(binding: string, sealed: Bytes): Promise<Json> {
    return JSON.parse(fromUtf8(await this.open(binding, sealed))) as Json;
  }
}

function parameters(nonce: Bytes, binding: string): AesGcmParams {
  return { name: "AES-GCM", iv: nonce, additionalData: utf8(`${BINDING}|${binding}`) };
}

/** What a till signs, and signing it: ECDSA over P-256 with SHA-256, raw `r ‖ s`. */
import { concat, utf8, type Bytes } from "./bytes";
import { sha256 } from "./chain";
import { toHex } from "./hex";
import { PROTOCOL } from "./protocol";

export const SIGNATURE_BYTES = 64;

const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const SCHEME = { name: "ECDSA", hash: "SHA-256" } as const;

/** What `hello` signs: the connection's nonce and the end of the journal. */
export function helloMessage(
  nonce: Uint8Array,
  device: number,
  headSeq: number,
  headHash: Uint8Array,
): Bytes {
  return utf8([`${PROTOCOL} hello`, toHex(nonce), device, headSeq, toHex(headHash)].join("\n"));
}

/** What `push` signs; `digest` is that of `ciphertextsDigest`. */
export function pushMessage(device: number, first: number, lastHash: Uint8Array, digest: Uint8Array): Bytes {
  return utf8([`${PROTOCOL} push`, device, first, toHex(lastHash), toHex(digest)].join("\n"));
}

/** SHA-256 over the ciphertexts one after the other, each preceded by its length as 4 bytes, big-endian. */
export async function ciphertextsDigest(ciphertexts: readonly Uint8Array[]): Promise<Bytes> {
  const parts = ciphertexts.flatMap((ciphertext) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, ciphertext.length);
    return [length, ciphertext];
  });
  return sha256(concat(...parts));
}

export async function sign(key: CryptoKey, message: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(SCHEME, key, message));
}

/** Whether the signature is of that key and message; one of another length simply is not. */
export async function verify(key: CryptoKey, signature: Bytes, message: Bytes): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return crypto.subtle.verify(SCHEME, key, signature, message);
}

/** A device's public key from SubjectPublicKeyInfo DER. Rejects for anything that is no point on P-256. */
export async function importVerifyingKey(spki: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("spki", spki, KEY, true, ["verify"]);
}

/** A device's private key from PKCS #8 DER; not extractable again unless asked for. */
export async function importSigningKey(pkcs8: Bytes, extractable = false): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", pkcs8, KEY, extractable, ["sign"]);
}

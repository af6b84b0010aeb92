/**
 * Sealing journal entries, and wrapping the key that seals them for its two readers: AES-256-GCM, ECDH on
 * P-256 and HKDF-SHA256, all of WebCrypto. Keys and nonces are given by whoever calls. Associated data and
 * key derivation bind every sealed thing to its device and shift. Twin of `crypto/envelope.py`.
 */
import { concat, utf8, type Bytes } from "./bytes";
import { PROTOCOL } from "./protocol";

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
export const SALT_BYTES = 16;
export const SHARE_BYTES = 32;
export const WRAP_VERSION = 1;
export const ENTRY_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

const POINT_BYTES = 65;
export const SHARD_WRAP_BYTES = 1 + POINT_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
export const TILL_WRAP_BYTES = 1 + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

const ECDH = { name: "ECDH", namedCurve: "P-256" } as const;

/** Something sealed does not open: it was changed, moved, or the key is another one. */
export class EnvelopeRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EnvelopeRefused";
  }
}

/** Where an entry belongs; its associated data says so. */
export interface EntryPlace {
  device: number;
  /** The id of the shift key: the shift's UUID. */
  keyId: string;
  seq: number;
}

export interface KeyPlace {
  device: number;
  keyId: string;
}

/** An AES-GCM key of 32 raw bytes that can seal and open and never leaves WebCrypto again. */
export async function importSealingKey(raw: Bytes): Promise<CryptoKey> {
  requireLength("key", raw, KEY_BYTES);
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** `nonce (12) ‖ ciphertext ‖ tag (16)`. A nonce is used once per key. */
export async function sealEntry(
  key: CryptoKey,
  place: EntryPlace,
  plaintext: Bytes,
  nonce: Bytes,
): Promise<Bytes> {
  return seal(key, nonce, plaintext, entryBinding(place));
}

/** The plaintext of `sealEntry`. Rejects with `EnvelopeRefused` when anything differs. */
export async function openEntry(key: CryptoKey, place: EntryPlace, sealed: Bytes): Promise<Bytes> {
  return open(key, sealed, entryBinding(place), `entry ${place.seq}`);
}

/** The shard's public key from SubjectPublicKeyInfo DER. Rejects for anything that is no point on P-256. */
export async function importShardKey(spki: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("spki", spki, ECDH, true, []);
}

/** A key pair for one `wrapForShard`, from the browser's random source. */
export async function newEphemeralPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ECDH, true, ["deriveBits"]);
}

/**
 * The shift key so that only the shard can open it (126 bytes): version (1) ‖ ephemeral point (65) ‖
 * nonce (12) ‖ ciphertext (32) ‖ tag (16). `ephemeral` is used for this one wrap.
 */
export async function wrapForShard(
  dek: Bytes,
  shardKey: CryptoKey,
  place: KeyPlace,
  ephemeral: CryptoKeyPair,
  nonce: Bytes,
): Promise<Bytes> {
  requireLength("shift key", dek, KEY_BYTES);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", ephemeral.publicKey));
  const key = await shardWrappingKey(ephemeral.privateKey, shardKey, point, place);
  return concat(Uint8Array.of(WRAP_VERSION), point, await seal(key, nonce, dek));
}

/** The shift key of `wrapForShard`, with the shard's private half: for tests, no till holds it. */
export async function unwrapForShard(wrapped: Bytes, shardKey: CryptoKey, place: KeyPlace): Promise<Bytes> {
  requireWrap(wrapped, SHARD_WRAP_BYTES);
  const point = wrapped.slice(1, 1 + POINT_BYTES);
  let ephemeral: CryptoKey;
  try {
    ephemeral = await crypto.subtle.importKey("raw", point, ECDH, true, []);
  } catch {
    throw new EnvelopeRefused("The wrapped shift key holds no point on P-256.");
  }
  const key = await shardWrappingKey(shardKey, ephemeral, point, place);
  return open(key, wrapped.slice(1 + POINT_BYTES), undefined, "the wrapped shift key");
}

/**
 * The till key: what seals the catalogue, the carts and the shift keys on this till while it is unlocked.
 * HKDF-SHA256(device share, salt = 32 zero bytes, info = "octonext.sync.v1|till|<device>").
 */
export async function deriveTillKey(share: Bytes, device: number): Promise<CryptoKey> {
  requireLength("device share", share, SHARE_BYTES);
  return importSealingKey(await hkdf(share, new Uint8Array(KEY_BYTES), `${PROTOCOL}|till|${device}`));
}

/** The key of `derive_kek` in Python; `stretched` is Argon2id(PIN, salt), 32 bytes. */
export async function deriveKek(stretched: Bytes, salt: Bytes, share: Bytes): Promise<CryptoKey> {
  requireLength("salt", salt, SALT_BYTES);
  requireLength("device share", share, SHARE_BYTES);
  return importSealingKey(await hkdf(concat(stretched, share), salt, `${PROTOCOL}|kek`));
}

/** The shift key for the till itself (61 bytes): version (1) ‖ nonce (12) ‖ ciphertext (32) ‖ tag (16). */
export async function wrapForTill(key: CryptoKey, dek: Bytes, place: KeyPlace, nonce: Bytes): Promise<Bytes> {
  requireLength("shift key", dek, KEY_BYTES);
  return concat(Uint8Array.of(WRAP_VERSION), await seal(key, nonce, dek, tillBinding(place)));
}

/** The shift key of `wrapForTill`. Rejects with `EnvelopeRefused`. */
export async function unwrapForTill(key: CryptoKey, wrapped: Bytes, place: KeyPlace): Promise<Bytes> {
  requireWrap(wrapped, TILL_WRAP_BYTES);
  return open(key, wrapped.slice(1), tillBinding(place), "the wrapped shift key");
}

/** HKDF-SHA256 (RFC 5869), 32 bytes. */
export async function hkdf(secret: Bytes, salt: Bytes, info: string): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const scheme = { name: "HKDF", hash: "SHA-256", salt, info: utf8(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(scheme, key, 8 * KEY_BYTES));
}

async function shardWrappingKey(
  mine: CryptoKey,
  theirs: CryptoKey,
  point: Bytes,
  place: KeyPlace,
): Promise<CryptoKey> {
  const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, mine, 256));
  return importSealingKey(await hkdf(shared, point, `${PROTOCOL}|wrap|${place.device}|${place.keyId}`));
}

async function seal(key: CryptoKey, nonce: Bytes, plaintext: Bytes, binding?: Bytes): Promise<Bytes> {
  requireLength("nonce", nonce, NONCE_BYTES);
  return concat(nonce, new Uint8Array(await crypto.subtle.encrypt(gcm(nonce, binding), key, plaintext)));
}

async function open(key: CryptoKey, sealed: Bytes, binding: Bytes | undefined, what: string): Promise<Bytes> {
  if (sealed.length < ENTRY_OVERHEAD_BYTES) throw new EnvelopeRefused(`${what} is too short to be sealed.`);
  const nonce = sealed.slice(0, NONCE_BYTES);
  try {
    const plaintext = await crypto.subtle.decrypt(gcm(nonce, binding), key, sealed.subarray(NONCE_BYTES));
    return new Uint8Array(plaintext);
  } catch {
    throw new EnvelopeRefused(`${what} does not open with this key: it was altered, or belongs elsewhere.`);
  }
}

function gcm(nonce: Bytes, binding: Bytes | undefined): AesGcmParams {
  return binding === undefined
    ? { name: "AES-GCM", iv: nonce }
    : { name: "AES-GCM", iv: nonce, additionalData: binding };
}

function entryBinding({ device, keyId, seq }: EntryPlace): Bytes {
  return utf8(`${PROTOCOL}|entry|${device}|${keyId}|${seq}`);
}

function tillBinding({ device, keyId }: KeyPlace): Bytes {
  return utf8(`${PROTOCOL}|till|${device}|${keyId}`);
}

function requireWrap(wrapped: Bytes, length: number): void {
  if (wrapped[0] !== WRAP_VERSION) {
    throw new EnvelopeRefused(`The wrapped shift key is not of version ${WRAP_VERSION}.`);
  }
  if (wrapped.length !== length) {
    throw new EnvelopeRefused(`The wrapped shift key has ${wrapped.length} bytes instead of ${length}.`);
  }
}

function requireLength(name: string, value: Uint8Array, length: number): void {
  if (value.length !== length) throw new RangeError(`a ${name} has ${length} bytes, not ${value.length}`);
}

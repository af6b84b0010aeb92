/** The keys of a till, and how each comes from the one above it. See docs/decisions/0022. */
import {
  deriveTillKey,
  hkdf,
  importSealingKey,
  KEY_BYTES,
  toHex,
  unwrapForTill,
  utf8,
  type Bytes,
} from "@octonext/core";

import type { WrappedKey } from "./api";
import { StorageError } from "./errors";
import { Sealer } from "./sealer";

/** What IndexedDB keeps as CryptoKeys, none of them extractable. */
export interface LockedKeys {
  /** W. */
  locked: CryptoKey;
  /** Makes opaque ids of what a locked till reads. */
  ids: CryptoKey;
  device: CryptoKey;
}

/** What the share gives. */
export interface OpenKeys {
  /** TK, for what the protocol wraps with it, and as a sealer of everything else. */
  till: CryptoKey;
  sealer: Sealer;
  ids: CryptoKey;
}

const HMAC = { name: "HMAC", hash: "SHA-256", length: 256 } as const;
const HMAC_ANY = { name: "HMAC", hash: "SHA-256" } as const;
const SIGNING = { name: "ECDSA", namedCurve: "P-256" } as const;
const STRONGBOX = "strongbox|device";

export async function newLockedKeys(device: CryptoKey): Promise<LockedKeys> {
  return {
    locked: await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]),
    ids: await crypto.subtle.generateKey(HMAC, false, ["sign"]),
    device,
  };
}

export async function openKeys(
  share: Bytes,
  device: number,
  random: (bytes: number) => Bytes,
): Promise<OpenKeys> {
  const till = await deriveTillKey(share, device);
  const ids = await hkdf(share, new Uint8Array(KEY_BYTES), `octonext.till.v1|ids|${device}`);
  return {
    till,
    sealer: new Sealer(till, random),
    ids: await crypto.subtle.importKey("raw", ids, HMAC, false, ["sign"]),
  };
}

/** A device key pair, extractable until the strongbox has it. */
export async function newDeviceKey(): Promise<{ pair: CryptoKeyPair; publicKey: Bytes }> {
  const pair = await crypto.subtle.generateKey(SIGNING, true, ["sign", "verify"]);
  return { pair, publicKey: new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)) };
}

/** The device key under TK for the copy, and the one that stays, which cannot be taken out again. */
export async function putInStrongbox(
  privateKey: CryptoKey,
  keys: OpenKeys,
): Promise<{ strongbox: Bytes; device: CryptoKey }> {
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  const strongbox = await keys.sealer.seal(STRONGBOX, pkcs8);
  const device = await importSigning(pkcs8);
  pkcs8.fill(0);
  return { strongbox, device };
}

export async function takeFromStrongbox(strongbox: Bytes, keys: OpenKeys): Promise<CryptoKey> {
  const pkcs8 = await keys.sealer.open(STRONGBOX, strongbox);
  const device = await importSigning(pkcs8);
  pkcs8.fill(0);
  return device;
}

/** Whether a share's keys are those of this till. */
export async function opensStrongbox(strongbox: Bytes, keys: OpenKeys): Promise<boolean> {
  return (await keys.sealer.tryOpen(STRONGBOX, strongbox)) !== null;
}

/** What names a person in the copy: it must be found by its code alone when the database is lost. */
export async function personCopyId(salt: Bytes, code: string): Promise<string> {
  return opaqueId(await crypto.subtle.importKey("raw", salt, HMAC_ANY, false, ["sign"]), `person|${code}`);
}

/** HMAC-SHA256, in hexadecimal. */
export async function opaqueId(key: CryptoKey, name: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(name))));
}

export async function openShiftKey(keys: OpenKeys, device: number, wrapped: WrappedKey): Promise<CryptoKey> {
  try {
    const raw = await unwrapForTill(keys.till, wrapped.forTill, { device, keyId: wrapped.id });
    const key = await importSealingKey(raw);
    raw.fill(0);
    return key;
  } catch (error) {
    throw new StorageError("storage_failed", { detail: "a shift key does not open on this till" }, error);
  }
}

async function importSigning(pkcs8: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", pkcs8, SIGNING, false, ["sign"]);
}

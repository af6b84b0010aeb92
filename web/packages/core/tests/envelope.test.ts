/** Sealing and wrapping: `spec/vectors/envelope.json`, and round trips. */
import fc from "fast-check";
import { argon2id } from "hash-wasm";
import { describe, expect, it } from "vitest";

import {
  deriveKek,
  deriveTillKey,
  EnvelopeRefused,
  fromUtf8,
  hkdf,
  importSealingKey,
  importShardKey,
  newEphemeralPair,
  openEntry,
  sealEntry,
  toHex,
  unwrapForShard,
  unwrapForTill,
  utf8,
  wrapForShard,
  wrapForTill,
  type Bytes,
} from "../src/index";
import { hex, vectors } from "./vectors";

interface Envelope {
  device: number;
  shift: string;
  shift_key: string;
  entries: { seq: number; nonce: string; plaintext_utf8: string; sealed: string }[];
  wrap_for_shard: {
    shard_private_scalar: string;
    shard_public_key: string;
    ephemeral_private_scalar: string;
    ephemeral_point: string;
    nonce: string;
    wrapped: string;
  };
  wrap_for_till: {
    pin_utf8: string;
    salt: string;
    device_share: string;
    argon2id: { time: number; memory_kib: number; lanes: number };
    nonce: string;
    wrapped: string;
  };
}

const given = vectors("envelope") as Envelope;
const place = { device: given.device, keyId: given.shift };

function bytesOf(length: number): fc.Arbitrary<Bytes> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Uint8Array.from(bytes));
}

/** A P-256 private key from its scalar and its uncompressed point, as WebCrypto takes it. */
async function privateKey(scalar: string, point: string): Promise<CryptoKey> {
  const url = (text: string): string => Buffer.from(text, "hex").toString("base64url");
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: url(scalar),
    x: url(point.slice(2, 66)),
    y: url(point.slice(66, 130)),
  };
  return crypto.subtle.importKey("jwk", jwk, { name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
}

async function publicKey(point: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", hex(point), { name: "ECDH", namedCurve: "P-256" }, true, []);
}

describe("the vectors of envelope.json", () => {
  it("seals and opens every entry to the byte", async () => {
    const key = await importSealingKey(hex(given.shift_key));
    for (const { seq, nonce, plaintext_utf8, sealed } of given.entries) {
      const made = await sealEntry(key, { ...place, seq }, utf8(plaintext_utf8), hex(nonce));
      expect(toHex(made)).toBe(sealed);
      expect(fromUtf8(await openEntry(key, { ...place, seq }, hex(sealed)))).toBe(plaintext_utf8);
    }
  });

  it("wraps the shift key for the shard to the byte, and the shard opens it", async () => {
    const {
      shard_public_key,
      shard_private_scalar,
      ephemeral_private_scalar,
      ephemeral_point,
      nonce,
      wrapped,
    } = given.wrap_for_shard;
    const ephemeral = {
      privateKey: await privateKey(ephemeral_private_scalar, ephemeral_point),
      publicKey: await publicKey(ephemeral_point),
    };
    const shard = await importShardKey(hex(shard_public_key));
    const made = await wrapForShard(hex(given.shift_key), shard, place, ephemeral, hex(nonce));
    expect(toHex(made)).toBe(wrapped);
    const mine = await privateKey(shard_private_scalar, shard_public_key.slice(-130));
    expect(toHex(await unwrapForShard(hex(wrapped), mine, place))).toBe(given.shift_key);
  });

  it("derives the key of a PIN and wraps the shift key for the till to the byte", async () => {
    const { pin_utf8, salt, device_share, argon2id: cost, nonce, wrapped } = given.wrap_for_till;
    const stretched = await argon2id({
      password: pin_utf8,
      salt: hex(salt),
      iterations: cost.time,
      memorySize: cost.memory_kib,
      parallelism: cost.lanes,
      hashLength: 32,
      outputType: "binary",
    });
    const kek = await deriveKek(Uint8Array.from(stretched), hex(salt), hex(device_share));
    expect(toHex(await wrapForTill(kek, hex(given.shift_key), place, hex(nonce)))).toBe(wrapped);
    expect(toHex(await unwrapForTill(kek, hex(wrapped), place))).toBe(given.shift_key);
  });
});

describe("sealing", () => {
  it("gives back what it was given, and opens in no other place", async () => {
    const entry = fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes));
    const seq = fc.integer({ min: 1, max: 1_000_000 });
    await fc.assert(
      fc.asyncProperty(bytesOf(32), bytesOf(12), entry, seq, async (raw, nonce, plaintext, at) => {
        const key = await importSealingKey(raw);
        const sealed = await sealEntry(key, { ...place, seq: at }, plaintext, nonce);
        expect(await openEntry(key, { ...place, seq: at }, sealed)).toEqual(plaintext);
        for (const elsewhere of [
          { ...place, seq: at + 1 },
          { ...place, seq: at, device: place.device + 1 },
          { ...place, seq: at, keyId: "another" },
        ]) {
          await expect(openEntry(key, elsewhere, sealed)).rejects.toThrow(EnvelopeRefused);
        }
        sealed[sealed.length - 1] = (sealed[sealed.length - 1] ?? 0) ^ 1;
        await expect(openEntry(key, { ...place, seq: at }, sealed)).rejects.toThrow(EnvelopeRefused);
      }),
      { numRuns: 30 },
    );
  });

  it("wraps for a shard and for a till so that only that device's wrap opens", async () => {
    const shard = await newEphemeralPair();
    await fc.assert(
      fc.asyncProperty(bytesOf(32), bytesOf(12), bytesOf(32), async (dek, nonce, share) => {
        const wrapped = await wrapForShard(dek, shard.publicKey, place, await newEphemeralPair(), nonce);
        expect(await unwrapForShard(wrapped, shard.privateKey, place)).toEqual(dek);
        await expect(unwrapForShard(wrapped, shard.privateKey, { ...place, device: 1 })).rejects.toThrow(
          EnvelopeRefused,
        );
        const tillKey = await deriveTillKey(share, place.device);
        const own = await wrapForTill(tillKey, dek, place, nonce);
        expect(await unwrapForTill(tillKey, own, place)).toEqual(dek);
        const other = await deriveTillKey(share, place.device + 1);
        await expect(unwrapForTill(other, own, place)).rejects.toThrow(EnvelopeRefused);
      }),
      { numRuns: 15 },
    );
  });

  it("derives the till key as the contract says: salt of zeros, the device in the info", async () => {
    const share = new Uint8Array(32).fill(7);
    const nonce = new Uint8Array(12);
    const raw = await hkdf(share, new Uint8Array(32), "octonext.sync.v1|till|42");
    const wrapped = await wrapForTill(await deriveTillKey(share, 42), share, place, nonce);
    expect(await unwrapForTill(await importSealingKey(raw), wrapped, place)).toEqual(share);
  });

  it("refuses a wrap of another version or length, and a key or nonce of the wrong length", async () => {
    const key = await importSealingKey(new Uint8Array(32));
    await expect(unwrapForTill(key, new Uint8Array(61), place)).rejects.toThrow(/version/);
    await expect(unwrapForTill(key, Uint8Array.of(1, 2), place)).rejects.toThrow(/bytes/);
    await expect(openEntry(key, { ...place, seq: 1 }, new Uint8Array(27))).rejects.toThrow(EnvelopeRefused);
    await expect(sealEntry(key, { ...place, seq: 1 }, new Uint8Array(1), new Uint8Array(11))).rejects.toThrow(
      RangeError,
    );
    await expect(importSealingKey(new Uint8Array(31))).rejects.toThrow(RangeError);
    const noPoint = new Uint8Array(126);
    noPoint.set([1, 4], 0);
    const { privateKey: mine } = await newEphemeralPair();
    await expect(unwrapForShard(noPoint, mine, place)).rejects.toThrow(/point/);
  });
});

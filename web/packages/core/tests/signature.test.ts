/** Signatures: `spec/vectors/signature.json`, and the texts that are signed. */
import { describe, expect, it } from "vitest";

import {
  ciphertextsDigest,
  fromUtf8,
  helloMessage,
  importSigningKey,
  importVerifyingKey,
  pushMessage,
  sha256,
  sign,
  toHex,
  verify,
} from "../src/index";
import { hex, vectors } from "./vectors";

interface Signatures {
  public_key: string;
  cases: { name: string; message: string; signature: string; valid: boolean }[];
}

describe("the vectors of signature.json", () => {
  const given = vectors("signature") as Signatures;
  it.each(given.cases)("$name", async ({ message, signature, valid }) => {
    const key = await importVerifyingKey(hex(given.public_key));
    expect(await verify(key, hex(signature), hex(message))).toBe(valid);
  });
});

describe("signing", () => {
  it("makes signatures that verify, with a key that was imported and cannot be taken out again", async () => {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ]);
    const key = await importSigningKey(
      new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)),
    );
    expect(key.extractable).toBe(false);
    const message = helloMessage(Uint8Array.of(1, 255), 7, 0, new Uint8Array(32));
    const signature = await sign(key, message);
    expect(signature).toHaveLength(64);
    expect(await verify(pair.publicKey, signature, message)).toBe(true);
  });

  it("signs the lines of the protocol, joined by a line feed with none at the end", async () => {
    const hash = new Uint8Array(32).fill(0xab);
    expect(fromUtf8(helloMessage(Uint8Array.of(0, 16), 42, 17, hash))).toBe(
      `octonext.sync.v1 hello\n0010\n42\n17\n${"ab".repeat(32)}`,
    );
    const digest = await ciphertextsDigest([Uint8Array.of(9), Uint8Array.of(8, 7)]);
    expect(digest).toEqual(await sha256(Uint8Array.of(0, 0, 0, 1, 9, 0, 0, 0, 2, 8, 7)));
    expect(fromUtf8(pushMessage(42, 17, hash, digest))).toBe(
      `octonext.sync.v1 push\n42\n17\n${"ab".repeat(32)}\n${toHex(digest)}`,
    );
  });
});

/** What a PIN becomes: a key of its person, by Argon2id (RFC 9106), and checks of head office's PIN hashes. */
import { hkdf, type Bytes } from "@octonext/core";
import { argon2id, argon2Verify } from "hash-wasm";

import { Sealer } from "./sealer";

/** OWASP's second choice for Argon2id: what a cheap tablet's browser still computes in under a second. */
export const PIN_COST = { iterations: 2, memorySize: 19_456, parallelism: 1 } as const;
export const SALT_BYTES = 16;
/** A PIN hash from the feed may ask for this much at most; nobody's feed may stop the till. */
export const MEMORY_KIB_MAX = 262_144;
export const ITERATIONS_MAX = 16;

const STRETCHED_BYTES = 32;
const WARM_UP_KIB = 256;

/** K_person: HKDF-SHA256 of Argon2id(PIN, salt), as a sealer. */
export async function personSealer(
  pin: string,
  salt: Bytes,
  random: (bytes: number) => Bytes,
): Promise<Sealer> {
  const stretched = await argon2id({
    ...PIN_COST,
    password: pin,
    salt,
    hashLength: STRETCHED_BYTES,
    outputType: "binary",
  });
  return Sealer.of(await hkdf(stretched as Bytes, salt, "octonext.till.v1|person"), random);
}

/** Has the code compiled that the first PIN needs, with so little work that a PIN typed meanwhile waits for nothing. */
export async function warmUp(): Promise<void> {
  const salt = new Uint8Array(SALT_BYTES);
  const cost = { iterations: 1, memorySize: WARM_UP_KIB, parallelism: 1, hashLength: STRETCHED_BYTES };
  await argon2id({ ...cost, password: "0", salt, outputType: "binary" });
}

/** Whether a PIN fits an Argon2id PHC string, with the string's own cost; a string that is none fits nobody. */
export async function pinFits(pin: string, phc: string): Promise<boolean> {
  const cost = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/.exec(
    phc,
  );
  if (cost === null || Number(cost[1]) > MEMORY_KIB_MAX || Number(cost[2]) > ITERATIONS_MAX) return false;
  return argon2Verify({ password: pin, hash: phc });
}

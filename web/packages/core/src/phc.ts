/** Argon2id hashes as text, in the form of the Password Hashing Competition: read here, computed elsewhere. */
import { fromBase64 } from "./base64";
import type { Bytes } from "./bytes";

/** A hash from a feed decides what this till computes: above these it is refused, not tried. */
export const PHC_MEMORY_KIB_MAX = 262_144;
export const PHC_TIME_MAX = 16;
export const PHC_LANES_MAX = 16;

export interface Argon2id {
  memoryKib: number;
  time: number;
  lanes: number;
  salt: Bytes;
  hash: Bytes;
}

const PHC =
  /^\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,3}),p=([0-9]{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** The parts of the text; null for anything else, and for a cost that no till should pay. */
export function parsePhc(text: string): Argon2id | null {
  const match = PHC.exec(text);
  if (match === null) return null;
  const [memoryKib, time, lanes] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const salt = unpadded(match[4] ?? "");
  const hash = unpadded(match[5] ?? "");
  const isPayable = memoryKib <= PHC_MEMORY_KIB_MAX && time <= PHC_TIME_MAX && lanes <= PHC_LANES_MAX;
  const isCost = isPayable && time >= 1 && lanes >= 1 && memoryKib >= 8 * lanes;
  return isCost && salt !== null && hash !== null ? { memoryKib, time, lanes, salt, hash } : null;
}

function unpadded(text: string): Bytes | null {
  return fromBase64(text.padEnd(Math.ceil(text.length / 4) * 4, "="));
}

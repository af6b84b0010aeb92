/** Base64 as the protocol writes bytes in JSON: RFC 4648 section 4, with padding, and nothing laxer. */
import type { Bytes } from "./bytes";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = 0x3d;
const NONE = 0xff;

const letters = new Uint8Array(64);
const values = new Uint8Array(128).fill(NONE);
for (let value = 0; value < 64; value++) {
  const letter = ALPHABET.charCodeAt(value);
  letters[value] = letter;
  values[letter] = value;
}
const ascii = new TextDecoder("utf-8");

export function toBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let place = 0;
  for (let at = 0; at < bytes.length; at += 3) {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    const third = bytes[at + 2] ?? 0;
    text[place++] = letters[first >> 2] ?? 0;
    text[place++] = letters[((first & 3) << 4) | (second >> 4)] ?? 0;
    text[place++] = at + 1 < bytes.length ? (letters[((second & 15) << 2) | (third >> 6)] ?? 0) : PAD;
    text[place++] = at + 2 < bytes.length ? (letters[third & 63] ?? 0) : PAD;
  }
  return ascii.decode(text);
}

/** The bytes, or null for a text that is not exactly the base64 of some bytes. */
export function fromBase64(text: string): Bytes | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let place = 0;
  let bits = 0;
  let held = 0;
  for (let at = 0; at < digits; at++) {
    const value = values[text.charCodeAt(at)] ?? NONE;
    if (value === NONE) return null;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[place++] = (bits >> held) & 0xff;
    }
  }
  // Bits that belong to no byte must be zero, or two texts would mean the same bytes.
  return (bits & ((1 << held) - 1)) === 0 ? bytes : null;
}

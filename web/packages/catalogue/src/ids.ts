/** UUIDs as four 32-bit words, so that a column of them is compared without making text. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The words of a UUID, put at `at`. The text must be a UUID in lower case. */
export function putId(words: Uint32Array, at: number, id: string): void {
  words[at] = parseInt(id.slice(0, 8), 16);
  words[at + 1] = parseInt(id.slice(9, 13) + id.slice(14, 18), 16);
  words[at + 2] = parseInt(id.slice(19, 23) + id.slice(24, 28), 16);
  words[at + 3] = parseInt(id.slice(28, 36), 16);
}

export function idAt(words: Uint32Array, at: number): string {
  const text = hex(words[at]) + hex(words[at + 1]) + hex(words[at + 2]) + hex(words[at + 3]);
  const parts = [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)];
  return parts.join("-");
}

/** Negative, zero or positive, as the texts of the two ids would compare. */
export function compareIds(left: Uint32Array, at: number, right: Uint32Array, other: number): number {
  for (let word = 0; word < 4; word++) {
    const difference = (left[at + word] ?? 0) - (right[other + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function hex(word = 0): string {
  const byte = (shift: number): string => HEX[(word >>> shift) & 0xff] ?? "";
  return byte(24) + byte(16) + byte(8) + byte(0);
}

/** CRC-32 as in IEEE 802.3 and gzip (polynomial 0xEDB88320): finds torn and rotten records, no forger. */

const BYTES = 256;
/**
 * For each byte what it does to the sum, followed by no, one, two and three bytes of zeros: so four bytes are
 * taken in at a time, for every start reads the whole copy.
 */
const TABLES = new Uint32Array(4 * BYTES);
for (let byte = 0; byte < BYTES; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  TABLES[byte] = value;
}
for (let place = BYTES; place < TABLES.length; place++) {
  const before = TABLES[place - BYTES] ?? 0;
  TABLES[place] = (before >>> 8) ^ (TABLES[before & 0xff] ?? 0);
}

export function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  let place = 0;
  for (; place + 4 <= bytes.length; place += 4) {
    value ^=
      (bytes[place] ?? 0) |
      ((bytes[place + 1] ?? 0) << 8) |
      ((bytes[place + 2] ?? 0) << 16) |
      ((bytes[place + 3] ?? 0) << 24);
    value =
      (TABLES[3 * BYTES + (value & 0xff)] ?? 0) ^
      (TABLES[2 * BYTES + ((value >>> 8) & 0xff)] ?? 0) ^
      (TABLES[BYTES + ((value >>> 16) & 0xff)] ?? 0) ^
      (TABLES[value >>> 24] ?? 0);
  }
  for (; place < bytes.length; place++) {
    value = (value >>> 8) ^ (TABLES[(value ^ (bytes[place] ?? 0)) & 0xff] ?? 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}

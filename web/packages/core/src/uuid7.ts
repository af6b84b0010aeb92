/** UUIDs that sort by the time they were made: RFC 9562 section 5.7. */
import { toHex } from "./hex";

export const UUID7_RANDOM_BYTES = 10;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The UUIDv7 of a time in milliseconds since 1970 and at least 10 random bytes. Twin of `base/ids.py`. */
export function uuid7(unixMs: number, random: Uint8Array): string {
  if (random.length < UUID7_RANDOM_BYTES) throw new RangeError("a UUIDv7 needs 10 random bytes");
  const bytes = new Uint8Array(16);
  const time = BigInt.asUintN(48, BigInt(Math.trunc(unixMs)));
  for (let place = 0; place < 6; place++) bytes[place] = Number((time >> BigInt(40 - 8 * place)) & 0xffn);
  bytes.set(random.subarray(0, UUID7_RANDOM_BYTES), 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Whether the text is a UUID the way Python writes one: lower case, with hyphens. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

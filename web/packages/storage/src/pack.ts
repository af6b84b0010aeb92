/** Several byte strings as one: each preceded by its length as 4 bytes, big-endian. */
import { concat, type Bytes } from "@octonext/core";

import { StorageError } from "./errors";

export function pack(...fields: Bytes[]): Bytes {
  return concat(...fields.flatMap((field) => [uint32(field.length), field]));
}

/** Exactly `count` fields. Raises `damaged_file`. */
export function unpack(packed: Bytes, count: number): Bytes[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const fields: Bytes[] = [];
  let place = 0;
  while (place + 4 <= packed.length && fields.length < count) {
    const end = place + 4 + view.getUint32(place);
    if (end > packed.length) break;
    fields.push(packed.slice(place + 4, end));
    place = end;
  }
  if (fields.length === count && place === packed.length) return fields;
  throw new StorageError("damaged_file", { detail: "a record of another form" });
}

/** The first `count` fields, in place: they are part of `packed`. Raises `damaged_file`. */
export function beginning(packed: Bytes, count: number): Bytes[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const fields: Bytes[] = [];
  for (let place = 0; fields.length < count;) {
    const end = place + 4 <= packed.length ? place + 4 + view.getUint32(place) : Infinity;
    if (end > packed.length) throw new StorageError("damaged_file", { detail: "a record is cut off" });
    fields.push(packed.subarray(place + 4, end));
    place = end;
  }
  return fields;
}

export function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Columns whose length is not known yet: they double when they are full. */

type Column = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const LENGTH_MIN = 1_024;

/** The column itself if it holds `length`, else a larger one with the same beginning. */
export function roomFor<Type extends Column>(column: Type, length: number): Type {
  if (length <= column.length) return column;
  const make = column.constructor as new (length: number) => Type;
  const larger = new make(Math.max(length, 2 * column.length, LENGTH_MIN));
  (larger as Uint8Array).set(column);
  return larger;
}

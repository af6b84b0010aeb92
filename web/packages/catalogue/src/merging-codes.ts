/** The merged columns of barcodes: each product's, and the order in which a scan finds them. */
import { isGtin } from "./codes";
import type { Columns, Image } from "./image";
import { GONE, mergeOrders, SLICE_ROWS, type Plan } from "./merging-plan";
import { lowerBoundFrom, ownCodeAt } from "./reading";

export type CodeColumns = Pick<
  Columns,
  "codeStart" | "codeOwner" | "codeValue" | "codeDigits" | "byCode" | "ownCode" | "ownCodeStart"
>;

export function* mergeCodes(old: Image, plan: Plan): Generator<void, CodeColumns> {
  const { size, source, additions } = plan;
  const own = yield* mergeOwnCodes(old, plan);
  const codeStart = new Uint32Array(size + 1);
  for (let ordinal = 0; ordinal < size; ordinal++) {
    const from = source[ordinal] ?? 0;
    const count =
      from < 0
        ? (additions[-from - 1]?.product?.barcodes.length ?? 0)
        : (old.codeStart[from + 1] ?? 0) - (old.codeStart[from] ?? 0);
    codeStart[ordinal + 1] = (codeStart[ordinal] ?? 0) + count;
  }
  yield;
  const slots = codeStart[size] ?? 0;
  const codeValue = new Float64Array(slots);
  const codeDigits = new Uint8Array(slots);
  const codeOwner = new Uint32Array(slots);
  const fate = new Int32Array(old.codeValue.length).fill(GONE);
  const added: number[] = [];
  for (let ordinal = 0; ordinal < size; ordinal++) {
    if (ordinal % SLICE_ROWS === SLICE_ROWS - 1) yield;
    const from = source[ordinal] ?? 0;
    let slot = codeStart[ordinal] ?? 0;
    codeOwner.fill(ordinal, slot, codeStart[ordinal + 1]);
    if (from < 0) {
      for (const code of additions[-from - 1]?.product?.barcodes ?? []) {
        codeValue[slot] = isGtin(code) ? Number(code) : -(own.places.get(code) ?? 0) - 1;
        codeDigits[slot] = isGtin(code) ? code.length : 0;
        added.push(slot++);
      }
      continue;
    }
    for (let before = old.codeStart[from] ?? 0; before < (old.codeStart[from + 1] ?? 0); before++) {
      const value = old.codeValue[before] ?? 0;
      codeValue[slot] = value < 0 ? -(own.moved[-value - 1] ?? 0) - 1 : value;
      codeDigits[slot] = old.codeDigits[before] ?? 0;
      fate[before] = slot++;
    }
  }
  yield;
  added.sort((left, right) => (codeValue[left] ?? 0) - (codeValue[right] ?? 0));
  yield;
  // In the old order own codes are compared by their new places: those of texts that are gone too.
  const valueAt = (place: number): number => {
    const value = old.codeValue[old.byCode[place] ?? 0] ?? 0;
    return value < 0 ? -(own.moved[-value - 1] ?? 0) - 1 : value;
  };
  let last = 0;
  const before = added.map((slot) => {
    const value = codeValue[slot] ?? 0;
    return (last = lowerBoundFrom(last, old.byCode.length, (place) => valueAt(place) < value));
  });
  const byCode = mergeOrders(old.byCode, fate, added, before, slots);
  return {
    codeStart,
    codeOwner,
    codeValue,
    codeDigits,
    byCode,
    ownCode: own.units,
    ownCodeStart: own.starts,
  };
}

interface OwnCodes {
  readonly units: Uint16Array<ArrayBuffer>;
  readonly starts: Uint32Array<ArrayBuffer>;
  /** Of the codes that additions have. */
  readonly places: ReadonlyMap<string, number>;
  /** For each old place the new one; of a text that is gone the place where it would stand. */
  readonly moved: Int32Array;
}

function* mergeOwnCodes(old: Image, plan: Plan): Generator<void, OwnCodes> {
  const count = old.ownCodeStart.length - 1;
  const inUse = new Uint8Array(count);
  for (const from of plan.source) {
    if (from < 0) continue;
    for (let slot = old.codeStart[from] ?? 0; slot < (old.codeStart[from + 1] ?? 0); slot++) {
      const value = old.codeValue[slot] ?? 0;
      if (value < 0) inUse[-value - 1] = 1;
    }
  }
  yield;
  const wanted = new Set<string>();
  for (const { product } of plan.additions) {
    for (const code of product?.barcodes ?? []) if (!isGtin(code)) wanted.add(code);
  }
  const added = [...wanted].sort();
  yield;
  const merged: string[] = [];
  const places = new Map<string, number>();
  const moved = new Int32Array(count);
  let next = 0;
  for (let place = 0; place <= count; place++) {
    if (place % SLICE_ROWS === SLICE_ROWS - 1) yield;
    const code = place < count ? ownCodeAt(old, place) : null;
    for (
      let other = added[next];
      other !== undefined && (code === null || other < code);
      other = added[++next]
    ) {
      places.set(other, merged.push(other) - 1);
    }
    if (code === null) continue;
    moved[place] = merged.length;
    const isAdded = added[next] === code;
    if (isAdded) {
      places.set(code, merged.length);
      next++;
    }
    if (isAdded || inUse[place] === 1) merged.push(code);
  }
  return { ...packUnits(merged), places, moved };
}

/** Texts as UTF-16 units and where each starts, and the end. */
export function packUnits(texts: readonly string[]): {
  units: Uint16Array<ArrayBuffer>;
  starts: Uint32Array<ArrayBuffer>;
} {
  const starts = new Uint32Array(texts.length + 1);
  let length = 0;
  for (const [place, text] of texts.entries()) {
    starts[place] = length;
    length += text.length;
  }
  starts[texts.length] = length;
  const units = new Uint16Array(length);
  let at = 0;
  for (const text of texts)
    for (let letter = 0; letter < text.length; letter++) units[at++] = text.charCodeAt(letter);
  return { units, starts };
}

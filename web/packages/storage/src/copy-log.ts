/**
 * The second copy's file: named values in frames that are only ever appended, in one of two slots. What is
 * live is copied to the other slot now and then; each slot says by its generation whether it is the newer
 * one, and by a last frame that it is whole. So at any moment one of the two is good, and no directory
 * needs to change for it. Knows nothing of what the values mean.
 */
import { concat, fromUtf8, utf8, type Bytes } from "@octonext/core";

import { crc32 } from "./crc32";
import type { FileHandle } from "./environment";
import { StorageError } from "./errors";
import { uint32 } from "./pack";

export const MAGIC = utf8("OCTOCPY1");
const MARKER = utf8("ONXF");
const FRAME_HEADER_BYTES = 12;
const FRAME_BYTES_MAX = 8 * 1024 * 1024;
/** Compaction collects values into frames of about this size. */
const FRAME_BYTES = 256 * 1024;
/** Names of the file's own values. */
const GENERATION = "!generation";
const WHOLE = "!whole";

export type Operation = { name: string; value: Bytes } | { name: string; value: null };

/** Named values, wherever they are. */
export interface CopyStore {
  /** Stretches in the middle that could not be read; a torn end is none. */
  readonly damaged: number;
  /** A deletion was written, and the power went before `compact` made it true. */
  readonly buried: boolean;
  readonly size: number;
  readonly liveBytes: number;
  names(): IterableIterator<string>;
  has(name: string): boolean;
  read(name: string): Bytes | null;
  /** It was taken up: from now on values are read from the file. */
  takenUp(): void;
  /** All of them or none, whatever happens meanwhile. Flushed unless the loss of it does not matter. */
  append(operations: readonly Operation[], flush?: boolean): void;
  /** All that is live, in memory. */
  values(): Map<string, Bytes>;
  /** Forgets without writing: the next compaction leaves it out. For what a later value implies. */
  drop(name: string): void;
  /** What was deleted is gone from the disk. */
  compact(): void;
}

interface Live {
  at: number;
  length: number;
}

interface Slot {
  live: Map<string, Live>;
  /** Where the next frame goes. */
  end: number;
  generation: number;
  whole: boolean;
  damaged: number;
  /** Something was deleted, and its bytes are still there. */
  buried: boolean;
  /** All of the file, while it is being taken up: thousands of values are read at every start. */
  content: Bytes | null;
}

export class CopyLog implements CopyStore {
  private constructor(
    private readonly files: readonly [FileHandle, FileHandle],
    private current: 0 | 1,
    private slot: Slot,
  ) {}

  /** Reads both slots, takes the newest that is whole, and cuts what a power cut left behind its end. */
  static open(files: readonly [FileHandle, FileHandle]): CopyLog {
    const slots = [scan(files[0]), scan(files[1])] as const;
    const whole = ([0, 1] as const).filter((place) => slots[place].whole);
    // A slot whose first or last frame rotted is better than none.
    const rotten = ([0, 1] as const).filter(
      (place) => slots[place].damaged > 0 && slots[place].live.size > 0,
    );
    const good = whole.length > 0 ? whole : rotten;
    const newest = good.sort((one, other) => slots[other].generation - slots[one].generation)[0];
    if (newest === undefined) {
      const log = new CopyLog(files, 1, emptySlot());
      log.compact();
      return log;
    }
    const log = new CopyLog(files, newest, slots[newest]);
    if (files[newest].getSize() > log.slot.end) files[newest].truncate(log.slot.end);
    log.clearOther();
    return log;
  }

  get damaged(): number {
    return this.slot.damaged;
  }

  get buried(): boolean {
    return this.slot.buried;
  }

  get size(): number {
    return this.slot.end;
  }

  get liveBytes(): number {
    let bytes = 0;
    for (const { length } of this.slot.live.values()) bytes += length;
    return bytes;
  }

  names(): IterableIterator<string> {
    return this.slot.live.keys();
  }

  has(name: string): boolean {
    return this.slot.live.has(name);
  }

  read(name: string): Bytes | null {
    const live = this.slot.live.get(name);
    if (live === undefined) return null;
    const { content } = this.slot;
    // In place: whoever keeps it keeps the whole file in memory.
    if (content !== null) return content.subarray(live.at, live.at + live.length);
    const value = new Uint8Array(live.length);
    if (this.files[this.current].read(value, { at: live.at }) !== live.length) {
      throw new StorageError("storage_failed", { detail: "the copy is shorter than it was" });
    }
    return value;
  }

  takenUp(): void {
    this.slot.content = null;
  }

  append(operations: readonly Operation[], flush = true): void {
    if (operations.length === 0) return;
    const file = this.files[this.current];
    this.takenUp();
    const { bytes, places } = frame(operations);
    try {
      write(file, bytes, this.slot.end);
      if (flush) file.flush();
    } catch (error) {
      // Half a frame would be found as damage by the next start: give the place back.
      file.truncate(this.slot.end);
      throw error;
    }
    apply(this.slot, operations, places, this.slot.end);
    this.slot.end += bytes.length;
  }

  values(): Map<string, Bytes> {
    return new Map(this.each());
  }

  drop(name: string): void {
    this.slot.live.delete(name);
  }

  /** Writes what is live into the other slot, and empties this one: what was deleted is gone from both. */
  compact(): void {
    this.rewrite(this.each());
  }

  /** Holds these and nothing else, or what it held before if it raises. */
  take(values: ReadonlyMap<string, Bytes>): void {
    this.rewrite(values);
  }

  private rewrite(values: Iterable<[string, Bytes]>): void {
    const target = this.current === 0 ? 1 : 0;
    const file = this.files[target];
    const next = { ...emptySlot(), generation: this.slot.generation + 1 };
    file.truncate(0);
    write(file, MAGIC, 0);
    next.end = MAGIC.length;
    const put = (operations: Operation[]): void => {
      const { bytes, places } = frame(operations);
      write(file, bytes, next.end);
      apply(next, operations, places, next.end);
      next.end += bytes.length;
    };
    put([{ name: GENERATION, value: uint32(next.generation) }]);
    for (const batch of batchesOf(values)) put(batch);
    // In this order: a slot may call itself whole only when all before it is on the disk.
    file.flush();
    put([{ name: WHOLE, value: new Uint8Array(0) }]);
    file.flush();
    next.whole = true;
    this.current = target;
    this.slot = next;
    this.clearOther();
  }

  private *each(): Generator<[string, Bytes]> {
    for (const name of this.slot.live.keys()) {
      const value = this.read(name);
      if (value !== null) yield [name, value];
    }
  }

  private clearOther(): void {
    const other = this.files[this.current === 0 ? 1 : 0];
    if (other.getSize() === 0) return;
    other.truncate(0);
    other.flush();
  }
}

function* batchesOf(values: Iterable<[string, Bytes]>): Generator<Operation[]> {
  let batch: Operation[] = [];
  let bytes = 0;
  for (const [name, value] of values) {
    batch.push({ name, value });
    bytes += value.length;
    if (bytes < FRAME_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function emptySlot(): Slot {
  return { live: new Map(), end: 0, generation: 0, whole: false, damaged: 0, buried: false, content: null };
}

/** `marker (4) ‖ length (4) ‖ CRC-32 (4) ‖ operations`, and where in it each value stands. */
function frame(operations: readonly Operation[]): { bytes: Bytes; places: number[] } {
  const parts: Bytes[] = [];
  const places: number[] = [];
  let place = FRAME_HEADER_BYTES;
  for (const { name, value } of operations) {
    const label = utf8(name);
    const head = concat(
      Uint8Array.of(value === null ? 2 : 1),
      uint32(label.length),
      uint32(value?.length ?? 0),
      label,
    );
    places.push(place + head.length);
    place += head.length + (value?.length ?? 0);
    parts.push(head);
    if (value !== null) parts.push(value);
  }
  const body = concat(...parts);
  if (body.length > FRAME_BYTES_MAX) throw new RangeError(`a frame of ${body.length} bytes`);
  return { bytes: concat(MARKER, uint32(body.length), uint32(crc32(body)), body), places };
}

function write(file: FileHandle, bytes: Bytes, at: number): void {
  const written = file.write(bytes, { at });
  // A short write is how some browsers say that there is no room.
  if (written !== bytes.length) throw new StorageError("storage_full");
}

function apply(slot: Slot, operations: readonly Operation[], places: readonly number[], at: number): void {
  operations.forEach(({ name, value }, index) => {
    if (name === GENERATION && value !== null)
      slot.generation = new DataView(value.buffer).getUint32(value.byteOffset);
    else if (name === WHOLE) slot.whole = true;
    else if (value === null) {
      slot.live.delete(name);
      slot.buried = true;
    } else {
      // Deleted first, so that the order of the map is that of the last writing.
      slot.live.delete(name);
      slot.live.set(name, { at: at + (places[index] ?? 0), length: value.length });
    }
  });
}

function scan(file: FileHandle): Slot {
  const slot = emptySlot();
  const content = new Uint8Array(file.getSize());
  file.read(content, { at: 0 });
  slot.content = content;
  if (MAGIC.some((byte, place) => content[place] !== byte)) return slot;
  let place = MAGIC.length;
  slot.end = place;
  while (place < content.length) {
    const body = bodyAt(content, place);
    const found = body === null ? null : operationsIn(body);
    if (body === null || found === null) {
      // Not a frame: the torn end, unless another one follows.
      place = nextMarker(content, place + 1);
      continue;
    }
    if (place > slot.end) slot.damaged += 1;
    apply(slot, found.operations, found.places, place);
    place += FRAME_HEADER_BYTES + body.length;
    slot.end = place;
  }
  return slot;
}

function bodyAt(content: Bytes, place: number): Bytes | null {
  if (place + FRAME_HEADER_BYTES > content.length) return null;
  if (MARKER.some((byte, index) => content[place + index] !== byte)) return null;
  const view = new DataView(content.buffer, place);
  const length = view.getUint32(4);
  const start = place + FRAME_HEADER_BYTES;
  if (length > FRAME_BYTES_MAX || start + length > content.length) return null;
  const body = content.subarray(start, start + length);
  return crc32(body) === view.getUint32(8) ? body : null;
}

function operationsIn(body: Bytes): { operations: Operation[]; places: number[] } | null {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const operations: Operation[] = [];
  const places: number[] = [];
  let place = 0;
  while (place < body.length) {
    if (place + 9 > body.length) return null;
    const kind = view.getUint8(place);
    const value = place + 9 + view.getUint32(place + 1);
    const end = value + view.getUint32(place + 5);
    if (end > body.length) return null;
    const name = fromUtf8(body.subarray(place + 9, value));
    operations.push({ name, value: kind === 2 ? null : body.subarray(value, end) });
    places.push(FRAME_HEADER_BYTES + value);
    place = end;
  }
  return { operations, places };
}

function nextMarker(content: Bytes, from: number): number {
  for (
    let place = content.indexOf(MARKER[0] ?? 0, from);
    place !== -1;
    place = content.indexOf(MARKER[0] ?? 0, place + 1)
  ) {
    if (MARKER.every((byte, index) => content[place + index] === byte)) return place;
  }
  return content.length;
}

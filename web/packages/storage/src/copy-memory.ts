/** What was in files of the copy that were deleted, until it is in new ones: takes what is written as they would. */
import type { Bytes } from "@octonext/core";

import type { CopyStore, Operation } from "./copy-log";

export class CopyMemory implements CopyStore {
  readonly damaged = 0;
  readonly buried = false;

  constructor(private readonly live: Map<string, Bytes>) {}

  /** Nothing in it is dead. */
  get size(): number {
    return this.liveBytes;
  }

  get liveBytes(): number {
    let bytes = 0;
    for (const { length } of this.live.values()) bytes += length;
    return bytes;
  }

  names(): IterableIterator<string> {
    return this.live.keys();
  }

  has(name: string): boolean {
    return this.live.has(name);
  }

  read(name: string): Bytes | null {
    return this.live.get(name) ?? null;
  }

  takenUp(): void {
    // There is no file.
  }

  append(operations: readonly Operation[]): void {
    for (const { name, value } of operations) {
      // Deleted first, so that the order is that of the last writing, as in a file.
      this.live.delete(name);
      if (value !== null) this.live.set(name, value);
    }
  }

  values(): Map<string, Bytes> {
    return this.live;
  }

  drop(name: string): void {
    this.live.delete(name);
  }

  compact(): void {
    // Nothing in it is dead.
  }
}

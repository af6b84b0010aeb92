/**
 * A small feed kept whole: the rows of some kinds, read from their image and the segments after it, and
 * written together again when there are many segments. Rows are JSON; storage seals them.
 */
import { fromUtf8, utf8, type Bytes, type DeltaRow } from "@octonext/core";
import type { TillStorage } from "@octonext/storage";

/** Segments after which the rows are written together again. */
const SEGMENTS_MAX = 24;

export class RowImage {
  private readonly rows = new Map<string, DeltaRow>();
  private segments = 0;
  /** The number of the last segment. */
  private through = 0;

  constructor(readonly name: string) {}

  /** Replaces what is in memory by what is stored; the till has just been unlocked. */
  async load(storage: TillStorage): Promise<DeltaRow[]> {
    this.rows.clear();
    const { image, segments, through } = await storage.images.read(this.name);
    for (const bytes of [...(image ?? []), ...segments]) {
      for (const row of JSON.parse(fromUtf8(bytes)) as DeltaRow[]) this.keep(row);
    }
    this.segments = segments.length;
    this.through = through;
    return [...this.rows.values()];
  }

  /** A segment for `storeDelta`. */
  segment(rows: DeltaRow[]): { image: string; bytes: Bytes } {
    return { image: this.name, bytes: utf8(JSON.stringify(rows)) };
  }

  /** The segment is stored as that number, which may have been read by now: its rows count. */
  stored(rows: DeltaRow[], place: number): void {
    for (const row of rows) this.keep(row);
    this.segments += 1;
    this.through = Math.max(this.through, place);
  }

  /** Writes the rows together when there are many segments. */
  async compact(storage: TillStorage): Promise<void> {
    if (this.segments < SEGMENTS_MAX) return;
    const { through } = this;
    const parts = [utf8(JSON.stringify([...this.rows.values()]))];
    await storage.images.replace({ image: this.name, parts, through });
    this.segments = 0;
  }

  forget(): void {
    this.rows.clear();
  }

  private keep(row: DeltaRow): void {
    const name = `${row.kind}|${row.key}`;
    if (row.value === null) this.rows.delete(name);
    else this.rows.set(name, row);
  }
}

/**
 * Keeps the catalogue in memory and on the disk in step: rows are stored as they came, and now and then, when
 * nothing else is going on, everything is written together as an image that the next start uses in place.
 */
import { Catalogue, ImageError, type Row } from "@octonext/catalogue";
import { fromUtf8, utf8, type Bytes } from "@octonext/core";

import type { Till } from "./till";

export const IMAGE = "catalogue";
/** Segments after which an image is due however few their rows are: each costs time at the next start. */
const SEGMENTS_MAX = 40;
/** Rows that a start may have to put in front of the image. */
const LATER_ROWS_MAX = 2_000;

export class CatalogueKeeper {
  private catalogue: Catalogue | null = null;
  private loading: Promise<void> = Promise.resolve();
  private segments = 0;
  /** Rows in front of the image. */
  private later = 0;
  private through = 0;
  private tidying = false;
  /** How often what was stored turned out to be unreadable, and went. */
  private readings = 0;

  constructor(
    private readonly till: Till,
    /** The stored catalogue cannot be read: it has to come again, all of it. */
    private readonly unreadable: () => Promise<void>,
  ) {}

  /** The catalogue; an empty one while it is being read. */
  get current(): Catalogue {
    return this.catalogue ?? EMPTY;
  }

  get ready(): boolean {
    return this.catalogue !== null;
  }

  /** Reads it from the disk, once; it stays in memory while the till is locked. */
  load(): Promise<void> {
    if (this.catalogue === null) this.loading = this.read();
    return this.loading;
  }

  segment(rows: Row[]): { image: string; bytes: Bytes } {
    return { image: IMAGE, bytes: utf8(JSON.stringify(rows)) };
  }

  /** The segment is on the disk as that number, which may have been read by now: its rows count. */
  async stored(rows: Row[], place: number): Promise<void> {
    const { readings } = this;
    await this.loading;
    if (readings !== this.readings) return;
    this.catalogue?.apply(rows);
    this.later += rows.length;
    this.segments += 1;
    this.through = Math.max(this.through, place);
  }

  /** The feed has nothing more for now. */
  async show(): Promise<void> {
    const { products } = this.current.stats;
    this.till.board.change({ catalogue: { products, ready: this.ready } });
    if (products !== this.till.remembered.products) await this.till.remember({ products });
  }

  /** Writes a new image when one is due. `pause` lets everything else go first. */
  async tidy(pause: () => Promise<void>): Promise<void> {
    const { catalogue } = this;
    if (catalogue === null || this.tidying) return;
    // While the feed is on its way only what would cost too much memory is written together.
    const syncing = this.till.board.state.sync.feed !== null;
    const due = this.later >= LATER_ROWS_MAX || this.segments >= SEGMENTS_MAX;
    if (syncing ? !catalogue.mergeDue : !due) return;
    this.tidying = true;
    try {
      await catalogue.mergeGently(pause);
      // Nothing runs between these two: the image holds exactly these segments.
      const { through } = this;
      const parts = catalogue.toImage();
      this.segments = this.later = 0;
      await this.till.storage.images.replace({ image: IMAGE, parts, through });
    } finally {
      this.tidying = false;
    }
  }

  private async read(): Promise<void> {
    const { image, segments, through } = await this.till.storage.images.read(IMAGE);
    try {
      const catalogue = image === null ? Catalogue.empty() : Catalogue.fromImage(image);
      for (const bytes of segments) catalogue.apply(JSON.parse(fromUtf8(bytes)) as Row[]);
      this.catalogue = catalogue;
      this.segments = segments.length;
      this.later = catalogue.stats.laterRows;
      this.through = through;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.readings += 1;
      this.catalogue = Catalogue.empty();
      this.segments = this.later = this.through = 0;
      await this.unreadable();
    }
    await this.show();
  }
}

const EMPTY = Catalogue.empty();

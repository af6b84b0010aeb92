/**
 * Keeps the catalogue in memory and on the disk in step: rows are stored as they came, and now and then, when
 * nothing else is going on, everything is written together as an image that the next start uses in place.
 * While there is no image yet, rows are taken in apart and found when the feed is complete, or after a while.
 */
import { Catalogue, ImageError, Intake, type Row } from "@octonext/catalogue";
import type { Bytes } from "@octonext/core";
import { StorageError } from "@octonext/storage";

import { Exclusive } from "./exclusive";
import { rowsIn, segmentOf } from "./row-segment";
import type { Till } from "./till";

export const IMAGE = "catalogue";
/** Segments after which an image is due however few their rows are: each costs time at the next start. */
const SEGMENTS_MAX = 40;
/** Rows that a start may have to put in front of the image. */
const LATER_ROWS_MAX = 2_000;
/** A feed that takes longer than this can be sold from before it is complete; then after twice as long. */
const UNSEEN_MS = 10_000;

type Pause = () => Promise<void>;

export class CatalogueKeeper {
  private catalogue: Catalogue | null = null;
  private intake: Intake | null = null;
  /** Reading, taking rows in and making them findable, each for itself. Who has a catalogue waits for none of it. */
  private readonly turns = new Exclusive();
  /** The one reading that everybody waits for who needs a catalogue, while there is none. */
  private reading: Promise<void> | null = null;
  private segments = 0;
  /** Rows that the image on the disk does not hold. */
  private later = 0;
  private through = 0;
  private tidying = false;
  /** When what was taken in was last made findable, and how much that was. */
  private shownAt = 0;
  private shownRows = 0;
  private unseenMs = UNSEEN_MS;
  /** How often what was stored turned out to be unreadable, and went. */
  private readings = 0;

  constructor(
    private readonly till: Till,
    /** The stored catalogue cannot be read: it has to come again, all of it. */
    private readonly unreadable: () => Promise<void>,
    /** Lets everything else go first. */
    private readonly pause: Pause,
  ) {}

  /** The catalogue; an empty one while it is being read. */
  get current(): Catalogue {
    return this.catalogue ?? EMPTY;
  }

  get ready(): boolean {
    return this.catalogue !== null;
  }

  /** Somebody is about to unlock the till: what will be read is fetched, sealed as it is. */
  expect(): void {
    if (this.catalogue === null) this.till.storage.images.prefetch(IMAGE);
  }

  /**
   * Reads it from the disk: once for all who ask meanwhile, and again only if that failed. It stays in memory
   * while the till is locked, and is usable at once whatever else is going on here.
   */
  load(): Promise<void> {
    if (this.catalogue !== null) return Promise.resolve();
    this.reading ??= this.turns
      .run(() => this.read())
      .finally(() => {
        this.reading = null;
      });
    return this.reading;
  }

  /** `packed`: the same rows as they came. */
  segment(rows: Row[], packed: Bytes | null): { image: string; bytes: Bytes } {
    return { image: IMAGE, bytes: segmentOf(rows, packed) };
  }

  /**
   * Rows whose segment `stored` brings to the disk: they count once it is there. Those of a feed that begins
   * are taken in meanwhile, for nobody sees them yet.
   */
  async take(rows: Row[], stored: Promise<number>): Promise<void> {
    const { readings } = this;
    // Heard at once: whoever waits for something else first must not leave a rejection alone.
    stored.catch(() => undefined);
    const intake = await this.turns.run(() => {
      this.intake?.take(rows);
      return Promise.resolve(this.intake);
    });
    // The segment has this number, and may have been read by now.
    const place = await stored;
    if (readings !== this.readings) return;
    // Meanwhile the intake may have become the catalogue.
    if (intake === null || intake !== this.intake) this.catalogue?.apply(rows);
    this.later += rows.length;
    this.segments += 1;
    this.through = Math.max(this.through, place);
  }

  /** The feed has nothing more for now. */
  async show(): Promise<void> {
    await this.build(true);
    await this.tell();
  }

  /** Writes a new image when one is due. */
  async tidy(): Promise<void> {
    if (this.catalogue === null || this.tidying) return;
    this.tidying = true;
    try {
      if (this.till.board.state.sync.feed !== null) await this.tidyWhileSyncing();
      else if (this.later >= LATER_ROWS_MAX || this.segments >= SEGMENTS_MAX) await this.writeImage();
    } finally {
      this.tidying = false;
    }
  }

  /** The image is written when the feed is complete; until then only what would cost too much memory is merged. */
  private async tidyWhileSyncing(): Promise<void> {
    const { intake, till } = this;
    if (intake === null) {
      if (this.current.mergeDue) await this.current.mergeGently(this.pause);
      return;
    }
    const unseen = till.environment.monotonic() - this.shownAt >= this.unseenMs;
    if (!unseen || intake.rows === this.shownRows) return;
    this.unseenMs *= 2;
    await this.build(false);
    await this.tell();
  }

  private async writeImage(): Promise<void> {
    await this.build(true);
    const catalogue = this.current;
    await catalogue.mergeGently(this.pause);
    // Nothing runs between these two: the image holds exactly these segments.
    const { through } = this;
    const parts = catalogue.toImage();
    this.segments = this.later = 0;
    await this.till.storage.images.replace({ image: IMAGE, parts, through });
  }

  /** Makes what was taken in the catalogue, if there is more of it; `whole`: later rows stand in front of it. */
  private build(whole: boolean): Promise<void> {
    return this.turns.run(async () => {
      const { intake } = this;
      if (intake === null) return;
      // Nothing is taken in meanwhile; what was found before is found until this is done.
      this.use(await Catalogue.fromIntake(intake, this.pause), whole ? null : intake);
      this.shownRows = intake.rows;
    });
  }

  private use(catalogue: Catalogue, intake: Intake | null): void {
    this.catalogue = catalogue;
    this.intake = intake;
    this.shownAt = this.till.environment.monotonic();
  }

  private async read(): Promise<void> {
    try {
      await this.readStored();
      await this.tell();
    } catch (error) {
      if (!(error instanceof StorageError && error.code === "locked")) throw error;
      // Locked before it was read: it is read at the next sign-in, which may have been already.
      if (this.catalogue === null && this.till.storage.vault.unlocked) await this.read();
    }
  }

  private async readStored(): Promise<void> {
    const { image, segments, through } = await this.till.storage.images.read(IMAGE);
    try {
      if (image === null) await this.takeIn(segments);
      else {
        const catalogue = Catalogue.fromImage(image);
        for (const bytes of segments) catalogue.apply(await rowsIn(bytes));
        this.later = catalogue.stats.laterRows;
        this.use(catalogue, null);
      }
      this.segments = segments.length;
      this.through = through;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      await this.unreadable();
      this.readings += 1;
      this.use(Catalogue.empty(), new Intake());
      this.segments = this.later = this.through = 0;
    }
  }

  /** No image was written yet: the feed may have been on its way when the till was left. */
  private async takeIn(segments: Bytes[]): Promise<void> {
    const intake = new Intake();
    for (const bytes of segments) {
      intake.take(await rowsIn(bytes));
      await this.pause();
    }
    const catalogue = await Catalogue.fromIntake(intake, this.pause);
    this.later = this.shownRows = intake.rows;
    this.use(catalogue, intake);
  }

  private async tell(): Promise<void> {
    if (this.catalogue === null) return;
    const { products } = this.catalogue.stats;
    this.till.board.change({ catalogue: { products, ready: this.ready } });
    if (products !== this.till.remembered.products) await this.till.remember({ products });
  }
}

const EMPTY = Catalogue.empty();

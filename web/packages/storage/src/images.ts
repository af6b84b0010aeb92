/** The catalogue and the customers, sealed: an image in chunks, and the segments that came after it. */
import { fromUtf8, utf8, type Bytes } from "@octonext/core";

import type { Images } from "./api";
import type { Database, ManifestRow, SegmentRow } from "./database";
import { StorageError } from "./errors";
import { Turns } from "./turns";
import type { TillVault } from "./vault";
import { settled } from "./transaction";

export const CHUNK_BYTES = 1024 * 1024;
/** Segments are rows as they came; they are all of this generation. */
const SEGMENTS = 0;
/** Pieces that are read and opened at once: enough that neither waits for the other, and few in memory twice. */
const READ_AT_ONCE = 8;

interface Fetched {
  manifest: ManifestRow;
  parts: readonly SegmentRow[];
  segments: readonly SegmentRow[];
}

export class SealedImages implements Images {
  private readonly turns = new Turns();
  /** What was fetched before it can be opened. */
  private ahead: { image: string; rows: Promise<Fetched> } | null = null;

  constructor(
    private readonly database: Database,
    private readonly vault: TillVault,
    /** Raises `storage_full` when so many bytes would take what receipts need: all this can be had again. */
    private readonly needRoom: (bytes: number) => Promise<void>,
  ) {}

  async cursor(feed: string): Promise<string | null> {
    const row = await this.database.get("cursors", feed);
    if (row === undefined) return null;
    return (await this.vault.lockedSealer.openJson(`cursor|${feed}`, row.sealed)) as string;
  }

  storeDelta(request: {
    feed: string;
    cursor: string;
    segments: { image: string; bytes: Bytes }[];
  }): Promise<ReadonlyMap<string, number>> {
    return this.turns.take(async () => {
      const [sealed, { rows, manifests }] = await Promise.all([
        this.vault.lockedSealer.sealJson(`cursor|${request.feed}`, request.cursor),
        this.segments(request.segments),
      ]);
      await this.needRoom(rows.reduce((sum, { sealed: bytes }) => sum + bytes.length, 0));
      // Not strict: after a power cut the cursor is behind as well, and the shard sends it again.
      const writing = this.database.transaction(["manifests", "segments", "cursors"], "readwrite", RELAXED);
      const requests: Promise<unknown>[] = rows.map((row) => writing.objectStore("segments").put(row));
      for (const row of manifests.values()) requests.push(writing.objectStore("manifests").put(row));
      requests.push(writing.objectStore("cursors").put({ feed: request.feed, sealed }));
      await settled([...requests, writing.done]);
      return new Map([...manifests].map(([image, { last }]) => [image, last]));
    });
  }

  prefetch(image: string): void {
    const rows = this.turns.take(async () => {
      const manifest = await this.manifest(image);
      const { generation, chunks, contained, last } = manifest;
      const parts = generation === SEGMENTS ? [] : await this.fetched(image, generation, 0, chunks - 1);
      return { manifest, parts, segments: await this.fetched(image, SEGMENTS, contained + 1, last) };
    });
    // Whoever reads finds out for himself.
    rows.catch(() => undefined);
    this.ahead = { image, rows };
  }

  async read(image: string): Promise<{ image: Bytes[] | null; segments: Bytes[]; through: number }> {
    const ahead = this.ahead?.image === image ? await this.ahead.rows.catch(() => null) : null;
    if (this.ahead?.image === image) this.ahead = null;
    return this.turns.take(async () => {
      const manifest = await this.manifest(image);
      const { generation, chunks, contained, last } = manifest;
      const same = ahead !== null && isSame(ahead.manifest, manifest) ? ahead : null;
      const source = { image, generation, first: 0, last: chunks - 1, rows: same?.parts ?? null };
      const parts = generation === SEGMENTS ? null : await this.parts(source);
      const later = { image, generation: SEGMENTS, first: contained + 1, last, rows: same?.segments ?? null };
      const segments: Bytes[] = [];
      for await (const segment of this.opened(later)) segments.push(segment);
      return { image: parts, segments, through: last };
    });
  }

  replace(request: { image: string; parts: Bytes[]; through: number }): Promise<void> {
    return this.turns.take(async () => {
      const { image, parts, through } = request;
      const before = await this.manifest(image);
      const generation = before.generation + 1;
      await this.needRoom(0);
      // A crash on the way leaves chunks that no manifest names.
      await this.database.delete("segments", range(image, generation, Number.MAX_SAFE_INTEGER));
      // One transaction each: so nothing but one chunk is in memory twice.
      let chunks = 0;
      for (const chunk of chunksOf(parts)) {
        const sealed = await this.seal(image, generation, chunks, chunk);
        await this.needRoom(sealed.length);
        const writing = this.database.transaction("segments", "readwrite", RELAXED);
        await settled([writing.store.put({ image, generation, place: chunks, sealed }), writing.done]);
        chunks += 1;
      }
      const writing = this.database.transaction(["manifests", "segments"], "readwrite", RELAXED);
      const segments = writing.objectStore("segments");
      await settled([
        writing.objectStore("manifests").put({ ...before, generation, chunks, contained: through }),
        segments.delete(IDBKeyRange.bound([image, SEGMENTS, 0], [image, SEGMENTS, through])),
        ...(generation > 1 ? [segments.delete(range(image, 1, generation - 1))] : []),
        writing.done,
      ]);
    });
  }

  clear(request: { feed: string; images: string[] }): Promise<void> {
    return this.turns.take(async () => {
      await this.needRoom(0);
      const writing = this.database.transaction(["manifests", "segments", "cursors"], "readwrite", RELAXED);
      const requests: Promise<unknown>[] = [writing.objectStore("cursors").delete(request.feed)];
      for (const image of request.images) {
        requests.push(writing.objectStore("manifests").delete(image));
        requests.push(
          writing.objectStore("segments").delete(range(image, SEGMENTS, Number.MAX_SAFE_INTEGER)),
        );
      }
      await settled([...requests, writing.done]);
    });
  }

  /** What storing these segments writes. */
  private async segments(
    segments: readonly { image: string; bytes: Bytes }[],
  ): Promise<{ rows: SegmentRow[]; manifests: Map<string, ManifestRow> }> {
    const names = [...new Set(segments.map(({ image }) => image))];
    const manifests = new Map<string, ManifestRow>();
    for (const manifest of await Promise.all(names.map((image) => this.manifest(image)))) {
      manifests.set(manifest.image, manifest);
    }
    const rows = segments.map(async ({ image, bytes }): Promise<SegmentRow> => {
      const manifest = manifests.get(image) ?? nothingOf(image);
      const place = manifest.last + 1;
      manifests.set(image, { ...manifest, last: place });
      return { image, generation: SEGMENTS, place, sealed: await this.seal(image, SEGMENTS, place, bytes) };
    });
    return { rows: await Promise.all(rows), manifests };
  }

  private async manifest(image: string): Promise<ManifestRow> {
    return (await this.database.get("manifests", image)) ?? nothingOf(image);
  }

  private async parts(source: Source): Promise<Bytes[]> {
    const { image } = source;
    const pieces = this.opened(source);
    const next = async (): Promise<Bytes> => {
      const piece = await pieces.next();
      if (piece.done === true) throw notWhole(image);
      return piece.value;
    };
    const lengths = JSON.parse(fromUtf8(await next())) as number[];
    const parts = lengths.map((length) => new Uint8Array(length));
    for (const part of parts) {
      for (let at = 0; at < part.length; at += CHUNK_BYTES) part.set(await next(), at);
    }
    if ((await pieces.next()).done !== true) throw notWhole(image);
    return parts;
  }

  private async seal(image: string, generation: number, place: number, bytes: Bytes): Promise<Bytes> {
    return this.vault.open.sealer.seal(binding(image, generation, place), bytes);
  }

  /** Sealed pieces as the database has them. */
  private async fetched(
    image: string,
    generation: number,
    first: number,
    last: number,
  ): Promise<SegmentRow[]> {
    if (first > last) return [];
    const all = IDBKeyRange.bound([image, generation, first], [image, generation, last]);
    const rows = await this.database.getAll("segments", all);
    if (rows.length !== last - first + 1) throw notWhole(image);
    return rows;
  }

  /** Pieces one after the other; the next ones are fetched and opened while these are used. */
  private async *opened({ image, generation, first, last, rows }: Source): AsyncGenerator<Bytes> {
    const read = async (from: number): Promise<Bytes[]> => {
      const to = Math.min(last, from + READ_AT_ONCE - 1);
      const some =
        rows?.slice(from - first, to - first + 1) ?? (await this.fetched(image, generation, from, to));
      const { sealer } = this.vault.open;
      return Promise.all(
        some.map(({ place, sealed }) => sealer.open(binding(image, generation, place), sealed)),
      );
    };
    if (first > last) return;
    let reading = read(first);
    for (let from = first; from <= last; from += READ_AT_ONCE) {
      const pieces = await reading;
      reading = read(from + READ_AT_ONCE);
      // Heard here too: whoever stops in between must not leave a rejection alone.
      reading.catch(() => undefined);
      yield* pieces;
    }
  }
}

/** Where pieces are, and themselves if they were fetched before. */
interface Source {
  image: string;
  generation: number;
  first: number;
  last: number;
  rows: readonly SegmentRow[] | null;
}

const isSame = (one: ManifestRow, other: ManifestRow): boolean =>
  one.generation === other.generation && one.contained === other.contained && one.last === other.last;

const nothingOf = (image: string): ManifestRow => ({
  image,
  generation: SEGMENTS,
  chunks: 0,
  contained: 0,
  last: 0,
});

const binding = (image: string, generation: number, place: number): string =>
  `image|${image}|${generation}|${place}`;

function notWhole(image: string): StorageError {
  return new StorageError("storage_failed", { detail: `a part of ${image} is missing` });
}

const RELAXED = { durability: "relaxed" } as const;

/** All places of these generations of an image. */
function range(image: string, first: number, last: number): IDBKeyRange {
  return IDBKeyRange.bound([image, first, 0], [image, last, Number.MAX_SAFE_INTEGER]);
}

/** First the lengths of the parts, then each in pieces. */
function* chunksOf(parts: readonly Bytes[]): Generator<Bytes> {
  yield utf8(JSON.stringify(parts.map((part) => part.length)));
  for (const part of parts) {
    for (let at = 0; at < part.length; at += CHUNK_BYTES) yield part.slice(at, at + CHUNK_BYTES);
  }
}

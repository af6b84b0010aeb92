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

export class SealedImages implements Images {
  private readonly turns = new Turns();

  constructor(
    private readonly database: Database,
    private readonly vault: TillVault,
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
      const sealed = await this.vault.lockedSealer.sealJson(`cursor|${request.feed}`, request.cursor);
      const manifests = new Map<string, ManifestRow>();
      const rows: SegmentRow[] = [];
      for (const { image, bytes } of request.segments) {
        const manifest = manifests.get(image) ?? (await this.manifest(image));
        const place = manifest.last + 1;
        manifests.set(image, { ...manifest, last: place });
        rows.push({
          image,
          generation: SEGMENTS,
          place,
          sealed: await this.seal(image, SEGMENTS, place, bytes),
        });
      }
      // Not strict: after a power cut the cursor is behind as well, and the shard sends it again.
      const writing = this.database.transaction(["manifests", "segments", "cursors"], "readwrite", RELAXED);
      const requests: Promise<unknown>[] = rows.map((row) => writing.objectStore("segments").put(row));
      for (const row of manifests.values()) requests.push(writing.objectStore("manifests").put(row));
      requests.push(writing.objectStore("cursors").put({ feed: request.feed, sealed }));
      await settled([...requests, writing.done]);
      return new Map([...manifests].map(([image, { last }]) => [image, last]));
    });
  }

  read(image: string): Promise<{ image: Bytes[] | null; segments: Bytes[]; through: number }> {
    return this.turns.take(async () => {
      const { generation, chunks, contained, last } = await this.manifest(image);
      const parts = generation === SEGMENTS ? null : await this.parts(image, generation, chunks);
      const segments: Bytes[] = [];
      for (let place = contained + 1; place <= last; place++) {
        segments.push(await this.segment(image, SEGMENTS, place));
      }
      return { image: parts, segments, through: last };
    });
  }

  replace(request: { image: string; parts: Bytes[]; through: number }): Promise<void> {
    return this.turns.take(async () => {
      const { image, parts, through } = request;
      const before = await this.manifest(image);
      const generation = before.generation + 1;
      // A crash on the way leaves chunks that no manifest names.
      await this.database.delete("segments", range(image, generation, Number.MAX_SAFE_INTEGER));
      // One transaction each: so nothing but one chunk is in memory twice.
      let chunks = 0;
      for (const chunk of chunksOf(parts)) {
        const sealed = await this.seal(image, generation, chunks, chunk);
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

  private async manifest(image: string): Promise<ManifestRow> {
    const found = await this.database.get("manifests", image);
    return found ?? { image, generation: SEGMENTS, chunks: 0, contained: 0, last: 0 };
  }

  private async parts(image: string, generation: number, chunks: number): Promise<Bytes[]> {
    const lengths = JSON.parse(fromUtf8(await this.segment(image, generation, 0))) as number[];
    const parts = lengths.map((length) => new Uint8Array(length));
    let place = 1;
    for (const part of parts) {
      for (let at = 0; at < part.length; at += CHUNK_BYTES) {
        part.set(await this.segment(image, generation, place), at);
        place += 1;
      }
    }
    if (place !== chunks) throw new StorageError("storage_failed", { detail: `${image} is not whole` });
    return parts;
  }

  private async seal(image: string, generation: number, place: number, bytes: Bytes): Promise<Bytes> {
    return this.vault.open.sealer.seal(`image|${image}|${generation}|${place}`, bytes);
  }

  private async segment(image: string, generation: number, place: number): Promise<Bytes> {
    const row = await this.database.get("segments", [image, generation, place]);
    if (row === undefined) {
      throw new StorageError("storage_failed", { detail: `a part of ${image} is missing` });
    }
    return this.vault.open.sealer.open(`image|${image}|${generation}|${place}`, row.sealed);
  }
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

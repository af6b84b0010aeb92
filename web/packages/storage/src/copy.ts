/**
 * The second copy of what is not on the shard yet, in the origin's private file system: with a PIN it gives
 * the till back, without one each of its entries is a push that any till of the branch can hand over.
 * Its failing stops nobody: it says so in `status`, and is mended from the database later.
 */
import { fromUtf8, genesis, sameBytes, utf8, type Bytes } from "@octonext/core";

import type { Place, WrappedKey } from "./api";
import {
  empty,
  numberIn,
  operationsOf,
  packPlace,
  unpackPlace,
  type CopiedCommit,
  type CopiedEntry,
  type CopiedPerson,
  type CopiedRecord,
  type CopiedTill,
} from "./copied";
import { CopyFiles } from "./copy-files";
import { CopyLog, type CopyStore, type Operation } from "./copy-log";
import { CopyMemory } from "./copy-memory";
import type { Files } from "./environment";
import { beginning, pack, unpack } from "./pack";

/** Dead bytes in the file before it is worth writing anew. */
export const COMPACT_BYTES = 1024 * 1024;

export class Copy {
  private failing = false;
  /** What the entries in the file follow; they have no gap. */
  private basePlace: Place = { seq: 0, hash: genesis() };
  private headPlace: Place = { seq: 0, hash: genesis() };
  private readonly keyOfEntry = new Map<number, string>();
  private newestKey: string | null = null;
  private surfacing: Promise<void> | null = null;

  private constructor(
    private readonly files: CopyFiles | null,
    private log: CopyStore | null,
  ) {
    if (log !== null) this.load(log);
  }

  static async open(files: Files | null): Promise<Copy> {
    if (files === null) return new Copy(null, null);
    const own = new CopyFiles(files);
    try {
      return new Copy(own, CopyLog.open(await own.open()));
    } catch {
      return new Copy(own, null);
    }
  }

  /**
   * A browser that clears the origin deletes files that are open, which go on taking writes that nobody will find.
   * What the shard lacks is kept in memory then, until it can be written again, into new files.
   */
  surface(): Promise<void> {
    this.surfacing ??= this.rise().finally(() => {
      this.surfacing = null;
    });
    return this.surfacing;
  }

  private async rise(): Promise<void> {
    const { files } = this;
    if (files === null || this.log === null) return;
    if (!this.isAdrift) {
      if (this.holdsNothing || (await files.areThere())) return;
      this.float();
    }
    const fresh = CopyLog.open(await files.open());
    if (!(this.log instanceof CopyMemory)) return;
    // Nothing can be written between these two.
    fresh.take(this.log.values());
    this.log = fresh;
  }

  /** What was in deleted files, and what was written since, waits for new files. */
  get isAdrift(): boolean {
    return this.log instanceof CopyMemory;
  }

  /** Whether it has anything to read, in files or in memory. */
  get isOpen(): boolean {
    return this.log !== null;
  }

  /** Closes the files. False when they do not hold what this does: whoever goes on must go on with this very copy. */
  async end(): Promise<boolean> {
    await this.surface().catch(() => undefined);
    if (this.isAdrift) return false;
    try {
      if (this.holdsNothing || (await this.files?.areThere()) !== false) {
        await this.files?.release();
        this.log = null;
        return true;
      }
    } catch {
      // Nobody knows whether they are there.
    }
    this.float();
    return false;
  }

  get status(): "ok" | "unavailable" | "failing" {
    if (this.log === null || this.isAdrift) return "unavailable";
    return this.failing ? "failing" : "ok";
  }

  /** Part of the file could not be read, or could not be written: what it holds is to be compared. */
  get suspect(): boolean {
    return this.failing || (this.log?.damaged ?? 0) > 0;
  }

  get base(): Place {
    return this.basePlace;
  }

  /** The last entry up to which there is no gap. */
  get head(): Place {
    return this.headPlace;
  }

  till(): CopiedTill | null {
    const [till, strongbox, copyIdentity] = [
      this.read("till"),
      this.read("strongbox"),
      this.read("identity"),
    ];
    if (till === null) return null;
    const [device, branch, publicKey, salt] = unpack(till, 4);
    return {
      device: numberIn(device),
      branch: numberIn(branch),
      publicKey: publicKey ?? empty(),
      salt: salt ?? empty(),
      strongbox: strongbox ?? empty(),
      copyIdentity: copyIdentity ?? empty(),
    };
  }

  revoked(): "revoked" | "stolen" | null {
    const reason = this.read("revoked");
    if (reason === null) return null;
    return fromUtf8(reason) === "stolen" ? "stolen" : "revoked";
  }

  /** The same, when it was said to this very till. */
  revokedWith(till: { device: number; salt: Bytes }): "revoked" | "stolen" | null {
    const own = this.till();
    return own?.device === till.device && sameBytes(own.salt, till.salt) ? this.revoked() : null;
  }

  entry(seq: number): CopiedEntry | null {
    const packed = this.read(`entry|${seq}`);
    if (packed === null) return null;
    const [k, h, prev, s, c] = unpack(packed, 5);
    return {
      seq,
      k: fromUtf8(k ?? empty()),
      h: h ?? empty(),
      prev: prev ?? empty(),
      s: s ?? empty(),
      c: c ?? empty(),
    };
  }

  /** All entries without a gap, oldest first. */
  *entries(): Generator<CopiedEntry> {
    for (let seq = this.basePlace.seq + 1; seq <= this.headPlace.seq; seq++) {
      const entry = this.entry(seq);
      if (entry !== null) yield entry;
    }
  }

  key(id: string): WrappedKey | null {
    const packed = this.read(`key|${id}`);
    if (packed === null) return null;
    const [forShard, forTill] = unpack(packed, 2);
    return { id, forShard: forShard ?? empty(), forTill: forTill ?? empty() };
  }

  keys(): WrappedKey[] {
    return this.ids("key").flatMap((id) => this.key(id) ?? []);
  }

  person(id: string): CopiedPerson | null {
    const packed = this.read(`person|${id}`);
    if (packed === null) return null;
    const [salt, inner, about] = unpack(packed, 3);
    return { salt: salt ?? empty(), inner: inner ?? empty(), about: about ?? empty() };
  }

  personIds(): string[] {
    return this.ids("person");
  }

  records(): CopiedRecord[] {
    return this.ids("record").map((name) => {
      const [collection, id] = name.split("|");
      return { collection: collection ?? "", id: id ?? "", sealed: this.read(`record|${name}`) ?? empty() };
    });
  }

  /** Counts of wrong PINs while the database is lost; opaque to this file. */
  attempts(id: string): string | null {
    const text = this.read(`attempts|${id}`);
    return text === null ? null : fromUtf8(text);
  }

  writeAttempts(id: string, text: string): void {
    this.write([{ name: `attempts|${id}`, value: utf8(text) }]);
  }

  putTill(till: CopiedTill): void {
    this.write([
      {
        name: "till",
        value: pack(utf8(`${till.device}`), utf8(`${till.branch}`), till.publicKey, till.salt),
      },
      { name: "strongbox", value: till.strongbox },
      { name: "identity", value: till.copyIdentity },
    ]);
  }

  putPerson(id: string, person: CopiedPerson): void {
    this.write([
      { name: `person|${id}`, value: pack(person.salt, person.inner, person.about) },
      { name: `attempts|${id}`, value: null },
    ]);
  }

  /** Not only named as deleted: gone from the file. */
  forgetPerson(id: string): void {
    this.write([{ name: `person|${id}`, value: null }]);
    this.compact();
  }

  /** What a commit wrote, in one frame; `prev` is the hash before its first entry. Gives what takes it back. */
  append(commit: CopiedCommit): () => void {
    const before = { head: this.headPlace, newestKey: this.newestKey };
    const operations = operationsOf(commit, (name) => this.log?.has(name) ?? false);
    let reverse: Operation[] = [];
    const written = this.guard(() => {
      reverse = operations.map(({ name }) => ({ name, value: this.read(name) }));
      this.log?.append(operations);
    });
    if (!written) return () => undefined;
    this.newestKey = commit.keys.at(-1)?.id ?? this.newestKey;
    for (const { seq, k, h } of commit.entries) {
      this.keyOfEntry.set(seq, k);
      if (seq === this.headPlace.seq + 1) this.headPlace = { seq, hash: h };
    }
    return () => {
      if (!this.write(reverse)) return;
      this.newestKey = before.newestKey;
      this.headPlace = before.head;
      for (const { seq } of commit.entries) this.keyOfEntry.delete(seq);
    };
  }

  /** The shard holds everything up to here. Not flushed: after a power cut the shard says it again. */
  acknowledge(place: Place): void {
    if (this.log === null || place.seq <= this.basePlace.seq) return;
    if (!this.write([{ name: "base", value: packPlace(place) }], false)) return;
    this.moveBase(this.log, place);
    const live = this.log.liveBytes;
    if (this.log.size - live > Math.max(COMPACT_BYTES, live)) this.compact();
  }

  /** Empties the file and gives it another start: for what the database knows better. */
  restart(base: Place): void {
    const log = this.log;
    if (log === null) return;
    for (const name of [...log.names()]) log.drop(name);
    this.keyOfEntry.clear();
    this.basePlace = base;
    this.headPlace = base;
    this.newestKey = null;
    this.guard(() => {
      log.compact();
      log.append([{ name: "base", value: packPlace(base) }]);
    });
  }

  /** Leaves sealed entries and the shard's wraps of their keys, and nothing that opens any of it. */
  revoke(reason: "revoked" | "stolen"): void {
    const log = this.log;
    if (log === null) return;
    const gone = [...log.names()].filter((name) =>
      /^(strongbox|identity|person\||record\||attempts\|)/.test(name),
    );
    this.write([
      ...gone.map((name) => ({ name, value: null })),
      ...this.keys().map(({ id, forShard }) => ({ name: `key|${id}`, value: pack(forShard, empty()) })),
      { name: "revoked", value: utf8(reason) },
    ]);
    this.compact();
  }

  /** Nothing is left in it. */
  clear(): void {
    this.restart({ seq: 0, hash: genesis() });
  }

  /** Of files that nobody can have deleted. */
  close(): void {
    this.files?.close();
    this.log = null;
  }

  /** The shard has all of it. */
  private get holdsNothing(): boolean {
    return this.headPlace.seq === this.basePlace.seq;
  }

  private float(): void {
    if (this.log !== null && !this.isAdrift) this.log = new CopyMemory(this.log.values());
  }

  private compact(): void {
    const log = this.log;
    if (log === null) return;
    const used = new Set(this.keyOfEntry.values());
    if (this.newestKey !== null) used.add(this.newestKey);
    for (const id of this.ids("key")) if (!used.has(id)) log.drop(`key|${id}`);
    this.guard(() => {
      log.compact();
    });
  }

  private load(log: CopyStore): void {
    const base = log.read("base");
    if (base !== null) this.basePlace = unpackPlace(base);
    this.headPlace = this.basePlace;
    this.newestKey = this.ids("key").at(-1) ?? null;
    const seqs = this.ids("entry")
      .map(Number)
      .sort((one, other) => one - other);
    for (const seq of seqs) {
      const packed = log.read(`entry|${seq}`);
      if (packed === null) continue;
      const [k, h] = beginning(packed, 2);
      this.keyOfEntry.set(seq, fromUtf8(k ?? empty()));
      if (seq === this.headPlace.seq + 1) this.headPlace = { seq, hash: (h ?? empty()).slice() };
    }
    log.takenUp();
    this.moveBase(log, this.basePlace);
    if (log.buried) this.compact();
  }

  private moveBase(log: CopyStore, place: Place): void {
    for (const seq of this.keyOfEntry.keys()) {
      if (seq > place.seq) continue;
      log.drop(`entry|${seq}`);
      this.keyOfEntry.delete(seq);
    }
    this.basePlace = place;
    if (this.headPlace.seq < place.seq) this.headPlace = place;
  }

  private read(name: string): Bytes | null {
    return this.log?.read(name) ?? null;
  }

  private ids(kind: string): string[] {
    if (this.log === null) return [];
    return [...this.log.names()]
      .filter((name) => name.startsWith(`${kind}|`))
      .map((name) => name.slice(kind.length + 1));
  }

  private write(operations: readonly Operation[], flush = true): boolean {
    return this.guard(() => {
      this.log?.append(operations, flush);
    });
  }

  private guard(work: () => void): boolean {
    if (this.log === null) return false;
    try {
      work();
      return true;
    } catch {
      this.failing = true;
      return false;
    }
  }

  /** It was compared with the database, and holds what it should. */
  mended(): void {
    this.failing = false;
  }
}

/**
 * A machine that loses its power: files that keep what was flushed (and any part of what was not), a database
 * that keeps what was committed, and a count of every step, at each of which it can be stopped.
 */
import "fake-indexeddb/auto";

import { IDBFactory } from "fake-indexeddb";

import type { Environment, FileHandle } from "../src/environment";
import { dumpOf } from "./dump";

export class PowerCut extends Error {
  constructor() {
    super("the power is gone");
    this.name = "PowerCut";
  }
}

/** What a write to the database takes at least. */
const SMALLEST_BYTES = 4096;

/** What the disk does with bytes that were written but not flushed when the power goes. */
export type Tearing = "lost" | "kept" | "torn";

class Disk {
  durable = new Uint8Array(0);
  current = new Uint8Array(0);
  /** The session that has it open. */
  holder = 0;

  /** In place where there is room: a till tries its disk with some MiB again and again. */
  grow(size: number): void {
    const { current } = this;
    if (size <= current.length) return;
    const fits = current.byteOffset === 0 && size <= current.buffer.byteLength;
    const bytes = fits ? new Uint8Array(current.buffer) : new Uint8Array(2 * size);
    this.current = bytes.subarray(0, size);
    if (!fits) this.current.set(current);
  }

  cut(tearing: Tearing): void {
    if (tearing === "lost") this.current = this.durable.slice();
    else if (tearing === "torn" && this.current.length > this.durable.length) {
      // Half of what was appended arrives.
      this.current = this.current.slice(
        0,
        this.durable.length + Math.ceil((this.current.length - this.durable.length) / 2),
      );
    }
    this.durable = this.current.slice();
  }
}

export class Machine {
  readonly disks = new Map<string, Disk>();
  readonly factory = new IDBFactory();
  clock = Date.UTC(2026, 10, 22, 9);
  /** Bytes that files may take in all. */
  room = Number.POSITIVE_INFINITY;
  /** Makes writing to files fail; no file can be made; the browser does not say which there are. */
  brokenFiles = false;
  unmakable = false;
  untold = false;
  quota = { usage: 0, quota: 10 * 1024 ** 3 };
  persisted = false;
  steps = 0;
  /** The next transactions that add to the database fail for lack of room. */
  databaseFull = false;
  /** They fail as Chromium's do on a disk that is really full: with any error, and the connection is closed. */
  closesWhenFull = false;
  /** So many times it cannot be opened: another process still holds its files. */
  heldFor = 0;
  /** Writes to the database that found the disk full: in Chromium the next start finds it damaged. */
  torn = 0;
  /** It is still closing, and aborts what is opened. */
  private isClosing = false;
  /** So many reads fail. */
  unreadable = 0;
  private onTruncate: (disk: Disk) => void = () => undefined;
  private stopAt = Number.POSITIVE_INFINITY;
  private dead = false;
  private session = 0;
  private readonly connections: IDBDatabase[] = [];

  /** Starts the browser again, with everything that is on the disk. */
  boot(stopAt = Number.POSITIVE_INFINITY): Environment {
    this.dead = false;
    this.steps = 0;
    this.stopAt = stopAt;
    this.session += 1;
    // The browser that ran before holds nothing open any more.
    this.disconnect();
    const session = this.session;
    return {
      indexedDB: this.tagged(session),
      files: {
        open: (name) => this.unlessRefused(this.unmakable, () => this.file(name, session)),
        has: (name) => this.unlessRefused(this.untold, () => this.disks.has(name)),
      },
      quota: {
        estimate: () => Promise.resolve(this.quota),
        persist: () => {
          this.persisted = true;
          return Promise.resolve(true);
        },
        persisted: () => Promise.resolve(this.persisted),
      },
      now: () => this.clock,
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      superseded: () => undefined,
    };
  }

  /** Ends the browser: nothing more is written, and the disk keeps what it keeps. */
  cut(tearing: Tearing = "lost"): void {
    this.dead = true;
    for (const disk of this.disks.values()) disk.cut(tearing);
  }

  /** Lets so many more steps happen, then the power goes. */
  stopAfter(steps: number): void {
    this.stopAt = this.steps + steps;
  }

  get isDead(): boolean {
    return this.dead;
  }

  step(): void {
    if (this.dead) throw new PowerCut();
    this.steps += 1;
    if (this.steps <= this.stopAt) return;
    this.dead = true;
    throw new PowerCut();
  }

  /** Takes what is left of the disk, for the database as well. */
  fill(): void {
    this.room = this.used();
  }

  get left(): number {
    return this.room - this.used();
  }

  private used(): number {
    return [...this.disks.values()].reduce((sum, each) => sum + each.current.length, 0);
  }

  /** The database has no room until the reserve is given up. */
  fillUntilReserveIsReleased(): { release: () => boolean } {
    this.databaseFull = true;
    const reserve = this.disks.get("reserve");
    this.onTruncate = (disk) => {
      if (disk !== reserve || disk.current.length > 0) return;
      this.databaseFull = false;
      // Later it is only tried how much room there is.
      this.onTruncate = () => undefined;
    };
    return { release: () => !this.databaseFull };
  }

  /** As when somebody clears the site's data in part, or LevelDB gave up. */
  async loseDatabase(): Promise<void> {
    this.disconnect();
    await new Promise((resolve, reject) => {
      const deleting = this.factory.deleteDatabase("octonext-till");
      deleting.onsuccess = resolve;
      deleting.onerror = reject;
    });
  }

  /** Somebody clears the site's data, with or without its files, while the till runs: browsers tell it. */
  async clearWhileRunning({ files }: { files: boolean }): Promise<void> {
    const told = [...this.connections];
    await this.loseDatabase();
    if (files) this.disks.clear();
    this.tellClosed(told);
  }

  /** The browser closes the connections without being asked. */
  tellClosed(connections = this.connections.splice(0)): void {
    for (const database of new Set(connections)) {
      database.close();
      database.dispatchEvent(closeEvent());
    }
  }

  /** The connections are dead, and nobody is told. */
  disconnect(): void {
    for (const database of this.connections.splice(0)) database.close();
  }

  /** How many databases there are. */
  async databases(): Promise<number> {
    return (await this.factory.databases()).length;
  }

  /** Everything in files and database as text, to look for what must not be there. */
  dump(): Promise<string> {
    return dumpOf(
      // The reserve is random bytes, among which three letters are found by chance.
      [...this.disks].flatMap(([name, disk]) => (name === "reserve" ? [] : [disk.current])),
      this.factory,
    );
  }

  /** A request of a browser that has ended since, or that ends with it. */
  request(session: number): void {
    if (session !== this.session) throw new PowerCut();
    this.step();
  }

  closed(database: IDBDatabase): void {
    database.close();
    this.isClosing = true;
  }

  private unlessRefused<T>(isRefused: boolean, answer: () => T): Promise<T> {
    const refusal = new DOMException("gone", "InvalidStateError");
    return isRefused ? Promise.reject(refusal) : Promise.resolve().then(answer);
  }

  private refuseToOpen(): void {
    const failed = new DOMException(
      "Internal error opening backing store for indexedDB.open.",
      "UnknownError",
    );
    if (this.heldFor > 0) {
      this.heldFor -= 1;
      throw failed;
    }
    if (!this.closesWhenFull) return;
    if (this.isClosing) {
      this.isClosing = false;
      throw new DOMException("The connection was closed.", "AbortError");
    }
    if (this.databaseFull) throw failed;
  }

  private tagged(session: number): IDBFactory {
    const { factory, connections } = this;
    const tag = (opening: IDBOpenDBRequest): void => {
      owners.set(opening.result, { machine: this, session });
      connections.push(opening.result);
    };
    return {
      open: (name: string, version?: number) => {
        this.request(session);
        this.refuseToOpen();
        const opening = factory.open(name, version);
        opening.addEventListener("upgradeneeded", () => {
          tag(opening);
        });
        opening.addEventListener("success", () => {
          tag(opening);
        });
        return opening;
      },
      deleteDatabase: (name: string) => {
        this.request(session);
        return factory.deleteDatabase(name);
      },
    } as unknown as IDBFactory;
  }

  private file(name: string, session: number): FileHandle {
    const disk = this.disks.get(name) ?? new Disk();
    if (disk.holder === session) throw new Error(`${name} is open`);
    disk.holder = session;
    this.disks.set(name, disk);
    const live = (): Disk => {
      if (session !== this.session) throw new PowerCut();
      return disk;
    };
    const writing = (): Disk => {
      this.step();
      if (this.brokenFiles) throw new Error("input/output error");
      return live();
    };
    return {
      read: (buffer, { at }) => {
        const part = live().current.subarray(at, at + buffer.length);
        buffer.set(part);
        return part.length;
      },
      write: (buffer, { at }) => {
        const target = writing();
        const grow = Math.max(0, at + buffer.length - target.current.length);
        const written = this.used() + grow > this.room ? 0 : buffer.length;
        if (written === 0 && buffer.length > 0) return 0;
        target.grow(at + written);
        target.current.set(buffer, at);
        return written;
      },
      truncate: (size) => {
        const target = writing();
        target.current = target.current.subarray(0, size);
        this.onTruncate(target);
      },
      getSize: () => live().current.length,
      flush: () => {
        const target = writing();
        target.durable = target.current.slice();
      },
      close: () => {
        // Chromium 156 never comes back from closing a file that it has deleted.
        if (this.disks.get(name) !== disk) throw new Error(`${name} is deleted`);
        disk.holder = 0;
      },
    };
  }
}

/** As fake-indexeddb wants its events; it has none of its own for this. */
function closeEvent(): Event {
  const phases = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 };
  return { type: "close", initialized: true, eventPath: [], ...phases } as unknown as Event;
}

interface Abortable {
  _abort(name: string | null): void;
  _state: string;
  error: DOMException | null;
}

/** The words of Chromium 156. */
const NO_SPACE =
  "Connection is closing because of: IO error: 000003.log: FILE_ERROR_NO_SPACE (ChromeMethodBFE: 3::WritableFileAppend::8)";

/** Whose browser opened a database: its requests are steps. The dump opens it as nobody. */
const owners = new WeakMap<IDBDatabase, { machine: Machine; session: number }>();

for (const method of ["put", "add", "delete", "clear", "get", "getAll", "count"] as const) {
  const prototype = IDBObjectStore.prototype as unknown as Record<string, (...given: unknown[]) => unknown>;
  const real = prototype[method];
  if (real === undefined) throw new Error(`fake-indexeddb has no ${method}`);
  prototype[method] = function (this: IDBObjectStore, ...given: unknown[]) {
    const owner = owners.get(this.transaction.db);
    const writes = this.transaction.mode !== "readonly";
    try {
      owner?.machine.request(owner.session);
    } catch (error) {
      if (!writes) throw error;
      // A browser that is gone commits nothing; whoever waits for it is told as for any abort.
      const { transaction } = this;
      queueMicrotask(() => {
        try {
          transaction.abort();
        } catch {
          // An earlier request did it.
        }
      });
    }
    if (!writes && owner !== undefined && owner.machine.unreadable > 0) {
      owner.machine.unreadable -= 1;
      throw new DOMException("the disk", "UnknownError");
    }
    if (writes && owner !== undefined && owner.machine.left < SMALLEST_BYTES) owner.machine.torn += 1;
    const request = real.apply(this, given);
    if (owner?.machine.databaseFull === true && (method === "put" || method === "add")) {
      // As browsers do it: the request is taken, and the transaction ends with the error.
      const transaction = this.transaction as unknown as Abortable;
      const { machine } = owner;
      queueMicrotask(() => {
        if (transaction._state === "finished") return;
        if (!machine.closesWhenFull) {
          transaction._abort("QuotaExceededError");
          return;
        }
        transaction.error = new DOMException(NO_SPACE, "UnknownError");
        transaction._abort(null);
        machine.closed(this.transaction.db);
      });
    }
    return request;
  };
}

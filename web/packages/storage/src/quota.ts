/**
 * How much room is left, and a reserve that is given up before writing would fail for lack of it: a till that
 * stops selling because of old files would be worse than one that lives on its reserve and says so.
 */
import type { Environment, FileHandle } from "./environment";
import { isQuota, StorageError } from "./errors";

const RESERVE_FILE = "reserve";
/** Room for about 2,000 receipts. */
export const RESERVE_BYTES = 8 * 1024 * 1024;
/** Below these the alarm is raised, long before anything fails. */
export const LOW_BYTES = 256 * 1024 * 1024;
export const LOW_SHARE = 0.2;
export const CRITICAL_BYTES = 48 * 1024 * 1024;

/** What a browser's random numbers come in at most. */
const RANDOM_BYTES = 64 * 1024;
/** What is tried at a time. With less than that left nothing is written: the database tidies up as well. */
const STEP_BYTES = 1024 * 1024;
/** Chromium's database may write so much when it is opened: what it had only in its log. */
const OPENING_BYTES = 5 * STEP_BYTES;
/** For so long what was found of the disk's room is believed. */
const ROOM_HOLDS_MS = 10;
/** Trying to have the reserve again wears the disk. */
const TAKE_AGAIN_MS = 60_000;

export interface QuotaFigures {
  persisted: boolean | null;
  usedBytes: number;
  quotaBytes: number;
  level: "ok" | "low" | "critical";
}

export class Quota {
  private released = false;
  /** When it was last tried to have the reserve again; milliseconds since 1970. */
  private triedAt = 0;
  /** When there was room last; milliseconds since 1970. */
  private roomAt = 0;
  private mayRefill = false;
  private block: Uint8Array<ArrayBuffer> | null = null;

  private constructor(
    private readonly environment: Environment,
    private reserve: FileHandle | null,
  ) {}

  /** Fills the reserve as far as there is room for it. */
  static async open(environment: Environment): Promise<Quota> {
    const quota = new Quota(environment, null);
    await quota.reach();
    // How full the disk is takes the browser long to say, and a start with its reserve needs not know.
    const isFull = quota.reserve !== null && quota.reserve.getSize() >= RESERVE_BYTES;
    if (!isFull && (await quota.figures()).level !== "critical") quota.fill();
    return quota;
  }

  /** Opens the reserve's file, if that could not be done before; without private files there is no reserve. */
  async reach(): Promise<void> {
    try {
      this.reserve ??= (await this.environment.files?.open(RESERVE_FILE)) ?? null;
      // Whoever was killed while it tried the disk.
      if (this.reserve !== null && this.reserve.getSize() > RESERVE_BYTES)
        this.reserve.truncate(RESERVE_BYTES);
    } catch {
      // The thresholds warn all the same.
    }
  }

  /**
   * Asked before the journal is written, because a browser's database does not survive a disk without any room: what
   * could not be written whole stays in its log, and if it is written to again, the next start finds it damaged
   * and deletes it. Gives up the reserve when there is no room for `beside` it; raises `storage_full` when there is
   * none for `least` then.
   */
  makeRoom(beside = STEP_BYTES, least = STEP_BYTES): void {
    if (this.reserve === null) return;
    const now = this.environment.now();
    if (beside === STEP_BYTES && Math.abs(now - this.roomAt) < ROOM_HOLDS_MS) return;
    const hasReserve = this.reserve.getSize() > 0;
    const hasRoom =
      (hasReserve && this.hasRoomFor(beside)) || ((!hasReserve || this.release()) && this.hasRoomFor(least));
    if (!hasRoom) {
      this.released = true;
      throw new StorageError("storage_full");
    }
    this.roomAt = now;
  }

  /** As `makeRoom`, before a database is opened and so many bytes are written into it at once. */
  makeRoomToOpen(bytes = 0): void {
    this.makeRoom(OPENING_BYTES + bytes, STEP_BYTES + bytes);
  }

  /** Whether an opening that failed without saying why can have failed for lack of room. */
  get isTooFullToOpen(): boolean {
    return !this.hasRoomFor(OPENING_BYTES);
  }

  /**
   * Asked before so many bytes are written that a till can do without for a while: they leave room for the reserve,
   * also for one that was given up. Raises `storage_full`. Nothing of the journal may be written meanwhile.
   */
  needRoom(bytes: number): void {
    if (this.reserve === null) return;
    const missing = Math.max(0, RESERVE_BYTES - this.reserve.getSize());
    if (!this.hasRoomFor(bytes + STEP_BYTES + missing)) throw new StorageError("storage_full");
  }

  /** Gives the reserve's room to whoever could not write. Whether there was any. */
  release(): boolean {
    this.released = true;
    return this.reserve !== null && this.reserve.getSize() > 0 && this.cut();
  }

  async figures(): Promise<QuotaFigures> {
    const source = this.environment.quota;
    if (this.reserve === null) await this.reach();
    if (source === null)
      return { persisted: null, usedBytes: 0, quotaBytes: 0, level: this.level(Infinity, 1) };
    const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([source.estimate(), source.persisted()]);
    const left = quota - usage;
    const level = this.level(left, quota === 0 ? 1 : left / quota);
    // Room came back: the reserve can be had again, far enough from the threshold that it does not swing.
    this.mayRefill = this.released && left > CRITICAL_BYTES + 2 * RESERVE_BYTES;
    return { persisted, usedBytes: usage, quotaBytes: quota, level };
  }

  async requestPersistence(): Promise<boolean> {
    const source = this.environment.quota;
    return (await (source?.persist?.() ?? source?.persisted())) ?? false;
  }

  /**
   * Takes the reserve again, if the last figures said that there is room. The browser may say so where the disk has
   * none: so it grows step by step, and stays smaller than it should be with the alarm.
   */
  takeAgain(): void {
    if (!this.mayRefill) return;
    const now = this.environment.now();
    if (Math.abs(now - this.triedAt) < TAKE_AGAIN_MS) return;
    this.triedAt = now;
    this.fill();
  }

  /** Closes the reserve's file, unless the browser has deleted it: Chromium 156 never comes back from that. */
  async end(): Promise<void> {
    const { reserve } = this;
    this.reserve = null;
    const isThere = await this.environment.files?.has(RESERVE_FILE).catch(() => false);
    if (isThere === true) reserve?.close();
  }

  /** Of a file that nobody can have deleted. */
  close(): void {
    this.reserve?.close();
  }

  private level(left: number, share: number): "ok" | "low" | "critical" {
    if (this.released || left < CRITICAL_BYTES) return "critical";
    return left < LOW_BYTES || share < LOW_SHARE ? "low" : "ok";
  }

  /** As far as there is room for as much again beside each step: it never takes the last of the disk. */
  private fill(): void {
    const { reserve } = this;
    if (reserve === null) return;
    const block = this.oneBlock();
    try {
      for (let at = reserve.getSize(); at < RESERVE_BYTES && this.hasRoomFor(2 * STEP_BYTES);) {
        const written = reserve.write(block.subarray(0, Math.min(STEP_BYTES, RESERVE_BYTES - at)), { at });
        at += written;
        if (written === 0) break;
      }
      reserve.flush();
      this.released = reserve.getSize() < RESERVE_BYTES;
    } catch {
      this.released = true;
    }
  }

  /** Tries it behind the reserve, and takes it back before it reaches the disk. */
  private hasRoomFor(bytes: number): boolean {
    if (this.reserve === null) return true;
    const end = this.reserve.getSize();
    let found = true;
    try {
      for (let at = 0; at < bytes && found; at += STEP_BYTES) {
        const block = this.oneBlock().subarray(0, Math.min(STEP_BYTES, bytes - at));
        found = this.reserve.write(block, { at: end + at }) === block.length;
      }
    } catch (error) {
      // A file that fails for another reason says nothing about the room.
      found = !isQuota(error);
    }
    try {
      this.reserve.truncate(end);
    } catch {
      // It is cut when it is given up.
    }
    return found;
  }

  /** Random bytes: zeros or a hole might take no room on the disk. */
  private oneBlock(): Uint8Array<ArrayBuffer> {
    if (this.block !== null) return this.block;
    const block = new Uint8Array(STEP_BYTES);
    for (let at = 0; at < block.length; at += RANDOM_BYTES)
      block.set(this.environment.random(RANDOM_BYTES), at);
    this.block = block;
    return block;
  }

  /** Whether it could be; a disk that cannot is no reason not to sell. */
  private cut(): boolean {
    try {
      this.reserve?.truncate(0);
      this.reserve?.flush();
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * How much room is left, and a reserve that is given up when writing fails for lack of it: a till that
 * stops selling because of old files would be worse than one that lives on its reserve and says so.
 */
import type { Environment, FileHandle } from "./environment";

const RESERVE_FILE = "reserve";
/** Room for about 2,000 receipts. */
export const RESERVE_BYTES = 8 * 1024 * 1024;
/** Below these the alarm is raised, long before anything fails. */
export const LOW_BYTES = 256 * 1024 * 1024;
export const LOW_SHARE = 0.2;
export const CRITICAL_BYTES = 48 * 1024 * 1024;

const BLOCK_BYTES = 64 * 1024;
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

  private constructor(
    private readonly environment: Environment,
    private readonly reserve: FileHandle | null,
  ) {}

  /** Fills the reserve as far as there is room for it. */
  static async open(environment: Environment): Promise<Quota> {
    let reserve: FileHandle | null = null;
    try {
      reserve = (await environment.files?.open(RESERVE_FILE)) ?? null;
    } catch {
      // Without private files there is no reserve; the thresholds warn all the same.
    }
    const quota = new Quota(environment, reserve);
    // How full the disk is takes the browser long to say, and a start with its reserve needs not know.
    const isFull = reserve !== null && reserve.getSize() >= RESERVE_BYTES;
    if (!isFull && (await quota.figures()).level !== "critical") quota.fill();
    return quota;
  }

  /** Gives the reserve's room to whoever could not write. Whether there was any. */
  release(): boolean {
    this.released = true;
    return this.reserve !== null && this.reserve.getSize() > 0 && this.cut(0);
  }

  async figures(): Promise<QuotaFigures> {
    const source = this.environment.quota;
    if (source === null)
      return { persisted: null, usedBytes: 0, quotaBytes: 0, level: this.level(Infinity, 1) };
    const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([source.estimate(), source.persisted()]);
    const left = quota - usage;
    const level = this.level(left, quota === 0 ? 1 : left / quota);
    // Room came back: take the reserve again, far enough from the threshold that it does not swing.
    if (this.released && left > CRITICAL_BYTES + 2 * RESERVE_BYTES) this.takeAgain();
    return { persisted, usedBytes: usage, quotaBytes: quota, level };
  }

  async requestPersistence(): Promise<boolean> {
    const source = this.environment.quota;
    return (await (source?.persist?.() ?? source?.persisted())) ?? false;
  }

  close(): void {
    this.reserve?.close();
  }

  private level(left: number, share: number): "ok" | "low" | "critical" {
    if (this.released || left < CRITICAL_BYTES) return "critical";
    return left < LOW_BYTES || share < LOW_SHARE ? "low" : "ok";
  }

  /** The browser may say that there is room where the disk has none: it is tried, with as much beside it. */
  private takeAgain(): void {
    const now = this.environment.now();
    if (Math.abs(now - this.triedAt) < TAKE_AGAIN_MS) return;
    this.triedAt = now;
    this.fill(2 * RESERVE_BYTES);
  }

  /** Takes so much, and keeps the reserve of it; without room for all of it, nothing, and the alarm stays. */
  private fill(bytes = RESERVE_BYTES): void {
    if (this.reserve === null) return;
    // Random bytes, written out: zeros or a hole might take no room on the disk.
    const block = this.environment.random(BLOCK_BYTES);
    let isWhole = true;
    try {
      for (let at = this.reserve.getSize(); at < bytes && isWhole; at += BLOCK_BYTES) {
        isWhole = this.reserve.write(block, { at }) === BLOCK_BYTES;
      }
      this.reserve.flush();
    } catch {
      isWhole = false;
    }
    this.released = !isWhole;
    // What little there is serves the journal better.
    if (!this.cut(isWhole ? RESERVE_BYTES : 0)) this.released = true;
  }

  /** Whether it could be; a disk that cannot is no reason not to sell. */
  private cut(bytes: number): boolean {
    try {
      this.reserve?.truncate(bytes);
      this.reserve?.flush();
      return true;
    } catch {
      return false;
    }
  }
}

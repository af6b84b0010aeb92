/**
 * The database by a handle that outlives its connection: a browser that could not write closes the
 * connection for good, and everybody who holds the handle goes on with the next one.
 */
import type { Database } from "./database";
import { mayNeedRoom, StorageError } from "./errors";

const OPEN_TRIES = 30;
const OPEN_PAUSE_MS = 100;
const WRITING = new Set<string | symbol>(["put", "add", "delete", "clear"]);

export interface ConnectionHost {
  /** Raises `storage_failed` when this is not the database that was open before. */
  check(next: Database): Promise<void>;
  /** That one is not there any more: nothing may go on as if it were. */
  lost(): void;
  /** Raises `storage_full` when there is no room to write: nothing is tried then. */
  makeRoom(): void;
  /** The same for opening, which writes as well. */
  makeRoomToOpen(): void;
}

export class Connection {
  /** Use this one; never keep what it was made of. */
  readonly database: Database;
  /** The same for whoever has asked for room. */
  readonly unguarded: Database;
  private isDead = false;
  private opening: Promise<void> | null = null;
  private closed = false;

  constructor(
    private current: Database,
    private readonly open: () => Promise<Database>,
    private readonly host: ConnectionHost,
  ) {
    this.watch(current);
    this.database = this.handle(() => {
      host.makeRoom();
    });
    this.unguarded = this.handle(() => undefined);
  }

  /** The browser has closed it, and there was no room to open another. */
  get dead(): boolean {
    return this.isDead;
  }

  /** A new connection in the place of this one, which may be dead. Raises `storage_failed`, `storage_full`. */
  reopen(): Promise<void> {
    this.opening ??= this.replace().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  /** For good. */
  close(): void {
    this.closed = true;
    this.current.close();
  }

  private handle(beforeWriting: () => void): Database {
    return new Proxy(this.current, {
      get: (_, name) => {
        const value: unknown = Reflect.get(this.current, name);
        if (typeof value !== "function") return value;
        const method = value.bind(this.current) as (...given: unknown[]) => unknown;
        if (!WRITING.has(name) && name !== "transaction") return method;
        return (...given: unknown[]): unknown => {
          if (WRITING.has(name) || given[1] === "readwrite") beforeWriting();
          return method(...given);
        };
      },
    });
  }

  private async replace(): Promise<void> {
    this.isDead = true;
    this.current.close();
    let next: Database | null = null;
    this.host.makeRoomToOpen();
    try {
      // While it is still closing what failed, it aborts what is opened.
      next = await openPatiently(this.open, ["AbortError"]);
      await this.host.check(next);
    } catch (error) {
      next?.close();
      if (!mayNeedRoom(error)) this.host.lost();
      throw error;
    }
    this.current = next;
    this.isDead = false;
    if (this.closed) next.close();
    else this.watch(next);
  }

  /** The event comes only when the browser has closed it, not we. */
  private watch(database: Database): void {
    database.addEventListener("close", () => {
      // Failing that, whoever looks at the disk, signs in or writes next tries again.
      if (!this.closed && this.current === database) this.reopen().catch(() => undefined);
    });
  }
}

/** Opens it, for some seconds again and again when it fails with an error of one of these names. */
export async function openPatiently(
  open: () => Promise<Database>,
  passing: readonly string[],
): Promise<Database> {
  for (let tries = 1; ; tries++) {
    try {
      return await open();
    } catch (error) {
      if (!passing.includes(nameOf(error)) || tries === OPEN_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, OPEN_PAUSE_MS));
    }
  }
}

function nameOf(error: unknown): string {
  const cause = error instanceof StorageError ? error.cause : error;
  return cause instanceof DOMException ? cause.name : "";
}

/** What storage needs of the browser, so that tests can give it a machine that loses its power. */
import { StorageError } from "./errors";

/** The part of FileSystemSyncAccessHandle that the copy uses. */
export interface FileHandle {
  read(buffer: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  write(buffer: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/** Files of this origin by name, made when they are not there. */
export interface Files {
  open(name: string): Promise<FileHandle>;
  /** Whether a file of this name is there. One that was deleted can still be open, and takes what is written. */
  has(name: string): Promise<boolean>;
}

/** What StorageManager says; null where a browser has none. */
export interface QuotaSource {
  estimate(): Promise<{ usage?: number; quota?: number }>;
  /** Only a window may ask; a worker lacks it. */
  persist?(): Promise<boolean>;
  persisted(): Promise<boolean>;
}

export interface Environment {
  indexedDB: IDBFactory;
  /** Null where the browser has no private file system. */
  files: Files | null;
  quota: QuotaSource | null;
  /** Milliseconds since 1970. */
  now(): number;
  random: (bytes: number) => Uint8Array<ArrayBuffer>;
  /** A newer version of the app wants the database: this one has closed it and can do nothing more. */
  superseded: () => void;
}

const FOLDER = "octonext";
/** A worker that was just ended may hold its files a moment longer. */
const OPEN_TRIES = 40;
const OPEN_PAUSE_MS = 50;

/** The browser's own, in a dedicated worker. */
export function browserEnvironment(superseded: () => void = () => undefined): Environment {
  const manager = navigator.storage as StorageManager | undefined;
  return {
    indexedDB,
    files:
      manager === undefined || !("getDirectory" in manager)
        ? null
        : { open: openPrivateFile, has: hasPrivateFile },
    quota: manager === undefined ? null : quotaOf(manager),
    now: () => Date.now(),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    superseded,
  };
}

function quotaOf(manager: StorageManager & { persist?: () => Promise<boolean> }): QuotaSource {
  const source = { estimate: () => manager.estimate(), persisted: () => manager.persisted() };
  return manager.persist === undefined ? source : { ...source, persist: manager.persist.bind(manager) };
}

async function openPrivateFile(name: string): Promise<FileHandle> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  const file = await folder.getFileHandle(name, { create: true });
  for (let tries = 1; ; tries++) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      const held = error instanceof DOMException && error.name === "NoModificationAllowedError";
      if (!held || tries === OPEN_TRIES) {
        throw new StorageError("storage_failed", { detail: `cannot open ${name}: ${String(error)}` }, error);
      }
      await new Promise((resolve) => setTimeout(resolve, OPEN_PAUSE_MS));
    }
  }
}

async function hasPrivateFile(name: string): Promise<boolean> {
  try {
    const root = await navigator.storage.getDirectory();
    await (await root.getDirectoryHandle(FOLDER)).getFileHandle(name);
    return true;
  } catch (error) {
    // The second is Chromium's answer while it has just deleted everything.
    if (error instanceof DOMException && ["NotFoundError", "InvalidStateError"].includes(error.name))
      return false;
    throw error;
  }
}

/** The state that the page shows: one object, replaced as a whole, told to whoever listens. */
import { DEFAULT_SETTINGS } from "@octonext/core/settings";

import type { TillState } from "./api";

/** What a page may show before the worker has answered. */
export function startingState(appVersion: string): TillState {
  return {
    phase: "starting",
    identity: null,
    known: [],
    person: null,
    permissions: [],
    shift: null,
    sync: {
      state: "connecting",
      since: 0,
      unsynced: 0,
      oldestUnsyncedAt: null,
      lastAckedAt: null,
      lastError: null,
      feed: null,
      clockOffsetMs: null,
    },
    storage: { persisted: null, usedBytes: 0, quotaBytes: 0, level: "ok", copy: "ok" },
    settings: DEFAULT_SETTINGS,
    catalogue: { products: 0, ready: false },
    held: 0,
    idle: true,
    appVersion,
  };
}

/** Holds the state; many changes in one turn of the event loop are told once, and only the parts that changed. */
export class StateBoard {
  private current: TillState;
  /** What changed and was not told yet. */
  private untold: Partial<TillState> | null = null;

  constructor(
    appVersion: string,
    private readonly tell: (changed: Partial<TillState>) => void,
  ) {
    this.current = startingState(appVersion);
  }

  get state(): TillState {
    return this.current;
  }

  change(part: Partial<TillState>): void {
    this.current = { ...this.current, ...part };
    const waiting = this.untold !== null;
    this.untold = { ...this.untold, ...part };
    if (waiting) return;
    queueMicrotask(() => {
      const changed = this.untold ?? {};
      this.untold = null;
      this.tell(changed);
    });
  }

  changeSync(part: Partial<TillState["sync"]>): void {
    this.change({ sync: { ...this.current.sync, ...part } });
  }

  changeStorage(part: Partial<TillState["storage"]>): void {
    this.change({ storage: { ...this.current.storage, ...part } });
  }
}

/** The shell with an engine in memory, to be looked at: `?state=offline` and others. Never shipped. */
// First of all: what a screen says about its own must win over the primitives.
import "../../src/theme/tokens.css";
import "../../src/theme/base.css";
import "../../src/theme/ui.css";
import { createRoot } from "react-dom/client";

import type { TillState } from "@octonext/engine/api";

import { App } from "../../src/app";
import { MemoryTill } from "../memory-engine";
import { memoryState, NOW, PEOPLE } from "../memory/state";

const base = memoryState();
const shift = {
  id: "s0",
  openedAt: new Date(NOW - 4 * 3_600_000).toISOString(),
  openedBy: { en: "Cashier One", ar: "" },
};
const offline = {
  ...base.sync,
  state: "offline" as const,
  since: NOW - 40 * 60_000,
  unsynced: 12,
  oldestUnsyncedAt: Date.now() - 38 * 60_000,
  lastError: { code: "unreachable" as const, detail: "", at: NOW - 60_000 },
};
const STATES: Record<string, Partial<TillState>> = {
  starting: { phase: "starting" },
  unenrolled: { phase: "unenrolled", identity: null },
  locked: { shift },
  first: { known: [] },
  lost: { phase: "lost" },
  revoked: { phase: "revoked", sync: { ...base.sync, state: "stopped", unsynced: 12 } },
  elsewhere: { phase: "elsewhere" },
  offline: { sync: offline, shift },
  stopped: {
    sync: {
      ...offline,
      state: "stopped",
      lastError: { code: "forked", detail: "seq 41", at: NOW },
      clockOffsetMs: -900_000,
    },
    storage: {
      ...base.storage,
      persisted: false,
      level: "critical",
      usedBytes: 1_900_000_000,
      copy: "failing",
    },
  },
  feed: { sync: { ...base.sync, feed: { received: 42_000, left: 58_000 } } },
};

const state = new URLSearchParams(location.search).get("state") ?? "locked";
const till = new MemoryTill({ known: PEOPLE, ...STATES[state] });
const place = document.getElementById("app");
if (place !== null) createRoot(place).render(<App client={till} />);

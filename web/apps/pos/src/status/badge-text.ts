/** What the badge says: always the truth about the connection, in as few words as possible. */
import type { SyncStatus, StorageStatus } from "@octonext/engine/api";

import type { Formats, Words } from "../i18n";
import { syncErrorWords } from "../i18n/refusals";

export interface BadgeText {
  tone: "good" | "busy" | "warning" | "bad";
  /** The state. */
  headline: string;
  /** What is not handed over yet; null when there is nothing to say. */
  detail: string | null;
  /** All of it and the last error, for screen readers. */
  summary: string;
}

/** A wrong clock is worth a word from here on: receipts carry the time. */
export const CLOCK_TOLERANCE_MS = 2 * 60_000;

export function badgeText(
  sync: SyncStatus,
  storage: StorageStatus,
  now: number,
  t: Words,
  format: Formats,
): BadgeText {
  const state: Record<SyncStatus["state"], string> = {
    online: t("badge.online"),
    connecting: t("badge.connecting"),
    offline: t("badge.offline_since", { time: format.time(sync.since) }),
    stopped: t("badge.stopped"),
  };
  const parts: string[] = [];
  if (sync.unsynced > 0) {
    parts.push(t("badge.unsynced", { count: sync.unsynced }));
    if (sync.oldestUnsyncedAt !== null) {
      parts.push(t("badge.oldest", { span: format.span(Math.max(1000, now - sync.oldestUnsyncedAt)) }));
    }
  }
  if (sync.feed !== null && sync.state === "online") parts.push(t("badge.loading"));
  if (storage.level === "low") parts.push(t("badge.storage_low"));
  if (storage.level === "critical") parts.push(t("badge.storage_critical"));
  if (clockIsWrong(sync))
    parts.push(t("badge.clock", { span: format.span(Math.abs(sync.clockOffsetMs ?? 0)) }));

  const headline = state[sync.state];
  const error =
    sync.lastError === null || sync.state === "online" ? null : syncErrorWords(t, sync.lastError.code);
  const said = [headline, ...(parts.length === 0 ? [t("badge.all_synced")] : parts), error];
  return {
    tone: toneOf(sync, storage),
    headline,
    detail: parts.length === 0 ? null : parts.join(" · "),
    summary: said.filter((each) => each !== null).join(". "),
  };
}

export function clockIsWrong(sync: SyncStatus): boolean {
  return sync.clockOffsetMs !== null && Math.abs(sync.clockOffsetMs) > CLOCK_TOLERANCE_MS;
}

function toneOf(sync: SyncStatus, storage: StorageStatus): BadgeText["tone"] {
  if (sync.state === "stopped" || storage.level === "critical") return "bad";
  if (
    sync.state === "offline" ||
    storage.level === "low" ||
    storage.copy === "failing" ||
    clockIsWrong(sync)
  ) {
    return "warning";
  }
  return sync.state === "connecting" || sync.feed !== null ? "busy" : "good";
}

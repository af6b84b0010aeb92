/** The badge in the bar: connection at a glance, and the way to its panel. */
import { lazy, Suspense, useState } from "react";

import { useTill } from "../engine";
import { useFormats, useWords } from "../i18n";
import { useNow } from "../shell/clock";
import { useShortcuts } from "../ui/shortcuts";
import { OfflineIcon, OnlineIcon, SyncIcon, WarningIcon } from "../ui/icons";
import { badgeText } from "./badge-text";

const StatusPanel = lazy(() => import("./status-panel").then((module) => ({ default: module.StatusPanel })));

export function SyncBadge() {
  const t = useWords();
  const format = useFormats();
  const { sync, storage } = useTill("sync", "storage");
  const now = useNow();
  const [open, setOpen] = useState(false);
  const text = badgeText(sync, storage, now, t, format);
  useShortcuts([
    {
      keys: "Ctrl+I",
      label: t("help.status"),
      run: () => {
        setOpen(true);
      },
    },
  ]);
  return (
    <>
      <button
        type="button"
        className={`badge badge--${text.tone}`}
        data-testid="sync-badge"
        data-state={sync.state}
        data-unsynced={sync.unsynced}
        aria-haspopup="dialog"
        aria-keyshortcuts="Control+I"
        onClick={() => {
          setOpen(true);
        }}
      >
        {sync.state === "stopped" ? (
          <WarningIcon size={22} />
        ) : sync.state === "offline" ? (
          <OfflineIcon size={22} />
        ) : sync.state === "connecting" || sync.feed !== null ? (
          <SyncIcon size={22} />
        ) : (
          <OnlineIcon size={22} />
        )}
        <span className="hidden-text">{t("badge.label", { summary: text.summary })}</span>
        <span className="badge__text" aria-hidden="true">
          <span className="badge__headline">{text.headline}</span>
          {text.detail !== null && <span className="badge__detail">{text.detail}</span>}
        </span>
      </button>
      {/* Only the state is announced by itself: a count that is read out at every sale would be noise. */}
      <span className="hidden-text" role="status">
        {text.headline}
      </span>
      {open && (
        <Suspense fallback={null}>
          <StatusPanel
            onClose={() => {
              setOpen(false);
            }}
          />
        </Suspense>
      )}
    </>
  );
}

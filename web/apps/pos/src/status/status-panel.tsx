/** Behind the badge: the connection, what waits, storage, and the ways out when nothing else works. */
import type { ReactNode } from "react";

import { useAction, useEngine, useTill } from "../engine";
import { useFormats, useWords } from "../i18n";
import { syncErrorWords } from "../i18n/refusals";
import { useNow } from "../shell/clock";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { SyncIcon } from "../ui/icons";
import { Notice } from "../ui/notice";
import { useToast } from "../ui/toast";
import { badgeText, clockIsWrong } from "./badge-text";
import { RescueExport } from "./rescue-export";
import { RescueUpload } from "./rescue-upload";

export function StatusPanel({ onClose }: { onClose: () => void }) {
  const t = useWords();
  const engine = useEngine();
  const { phase, sync } = useTill("phase", "sync");
  const { run, busy } = useAction();
  return (
    <Dialog
      title={t("status.title")}
      onClose={onClose}
      width="large"
      testId="status-panel"
      footer={
        <Button
          kind="primary"
          data-autofocus
          icon={<SyncIcon />}
          busy={busy}
          onClick={() => void run(() => engine.syncNow())}
        >
          {busy ? t("status.syncing") : t("status.sync_now")}
        </Button>
      }
    >
      <ErrorOrAssurance />
      <div className="panels">
        <ConnectionFacts />
        <StorageFacts />
      </div>
      <section className="form-stack">
        <h3>{t("rescue.title")}</h3>
        <p className="muted">{t("rescue.text")}</p>
        {(phase === "open" || phase === "locked") && <RescueExport />}
        {phase === "open" && sync.state === "online" && <RescueUpload />}
      </section>
    </Dialog>
  );
}

function ErrorOrAssurance() {
  const t = useWords();
  const { sync, storage } = useTill("sync", "storage");
  const error = sync.state === "online" ? null : sync.lastError;
  return (
    <>
      {error !== null && (
        <Notice kind={sync.state === "stopped" ? "error" : "warning"} live={false}>
          <p>{syncErrorWords(t, error.code)}</p>
          {sync.state !== "stopped" && <p>{t("status.keeps_selling")}</p>}
        </Notice>
      )}
      {error === null && sync.state === "offline" && <Notice>{t("status.keeps_selling")}</Notice>}
      {storage.level === "critical" && <Notice kind="error">{t("status.storage_critical")}</Notice>}
      {storage.level === "low" && <Notice kind="warning">{t("status.storage_low")}</Notice>}
    </>
  );
}

function ConnectionFacts() {
  const t = useWords();
  const format = useFormats();
  const now = useNow();
  const { sync, storage, catalogue } = useTill("sync", "storage", "catalogue");
  const text = badgeText(sync, storage, now, t, format);
  const span = (at: number) => format.span(Math.max(1000, now - at));
  return (
    <section className="fact-list">
      <h3>{t("status.connection")}</h3>
      <dl>
        <Fact name={t("status.state")}>{text.headline}</Fact>
        <Fact name={t("status.since")}>{format.dateTime(sync.since)}</Fact>
        <Fact name={t("status.unsynced")}>
          {sync.unsynced === 0 ? t("badge.all_synced") : format.number(sync.unsynced)}
        </Fact>
        {sync.oldestUnsyncedAt !== null && (
          <Fact name={t("status.oldest")}>
            {format.dateTime(sync.oldestUnsyncedAt)} ({span(sync.oldestUnsyncedAt)})
          </Fact>
        )}
        <Fact name={t("status.last_acked")}>
          {sync.lastAckedAt === null ? t("status.never") : format.dateTime(sync.lastAckedAt)}
        </Fact>
        {sync.lastError !== null && (
          <Fact name={t("status.last_error")}>
            {syncErrorWords(t, sync.lastError.code)}{" "}
            <span className="muted">
              {format.dateTime(sync.lastError.at)}
              {sync.lastError.detail !== "" && (
                <>
                  {" · "}
                  <bdi>{sync.lastError.detail}</bdi>
                </>
              )}
            </span>
          </Fact>
        )}
        <Fact name={t("status.products")}>{format.number(catalogue.products)}</Fact>
        {sync.feed !== null && (
          <Fact name={t("status.feed")}>
            {sync.feed.left === null
              ? t("status.feed_received", { received: sync.feed.received })
              : t("status.feed_left", { received: sync.feed.received, left: sync.feed.left })}
            {sync.feed.left !== null && (
              <progress
                className="progress"
                aria-label={t("status.feed")}
                max={Math.max(1, sync.feed.received + sync.feed.left)}
                value={sync.feed.received}
              />
            )}
          </Fact>
        )}
        {sync.clockOffsetMs !== null && (
          <Fact name={t("status.clock")}>{clockWords(t, format.span, sync)}</Fact>
        )}
      </dl>
    </section>
  );
}

function clockWords(
  t: ReturnType<typeof useWords>,
  span: (ms: number) => string,
  sync: ReturnType<typeof useTill>["sync"],
): string {
  const offset = sync.clockOffsetMs ?? 0;
  if (!clockIsWrong(sync)) return t("status.clock_ok");
  // The server is later than this machine: the machine is behind.
  return offset > 0
    ? t("status.clock_behind", { span: span(offset) })
    : t("status.clock_ahead", { span: span(-offset) });
}

function StorageFacts() {
  const t = useWords();
  const format = useFormats();
  const engine = useEngine();
  const toast = useToast();
  const { storage } = useTill("storage");
  const { run, busy } = useAction();
  const persist = async () => {
    const answer = await run(() => engine.requestPersistence());
    if (answer === null) return;
    toast(
      answer.value
        ? { kind: "done", text: t("status.persist_granted") }
        : { kind: "info", text: t("status.persist_denied") },
    );
  };
  const copies = {
    ok: t("status.copy_ok"),
    unavailable: t("status.copy_unavailable"),
    failing: t("status.copy_failing"),
  };
  return (
    <section className="fact-list">
      <h3>{t("status.storage")}</h3>
      <dl>
        <Fact name={t("status.used")}>
          {t("status.used_of", {
            used: format.bytes(storage.usedBytes),
            quota: format.bytes(storage.quotaBytes),
          })}
          <progress
            className="progress"
            aria-label={t("status.used")}
            max={Math.max(1, storage.quotaBytes)}
            value={storage.usedBytes}
          />
        </Fact>
        <Fact name={t("status.persisted")}>
          {storage.persisted === null
            ? t("status.persisted_unasked")
            : storage.persisted
              ? t("status.persisted_yes")
              : t("status.persisted_no")}
        </Fact>
        <Fact name={t("status.copy")}>{copies[storage.copy]}</Fact>
      </dl>
      {storage.persisted !== true && (
        <Button busy={busy} onClick={() => void persist()}>
          {t("status.persist")}
        </Button>
      )}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

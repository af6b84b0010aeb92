/** Head office ended this till. What it has not handed over can still be saved, sealed as it is. */
import { useTill } from "../engine";
import { useWords } from "../i18n";
import { Front } from "../shell/front";
import { RescueExport } from "../status/rescue-export";
import { Notice } from "../ui/notice";

export function RevokedScreen() {
  const t = useWords();
  const { sync } = useTill("sync");
  return (
    <Front title={t("revoked.title")}>
      <Notice kind="error" live={false}>
        {t("revoked.text")}
      </Notice>
      {sync.unsynced > 0 ? (
        <>
          <p>{t("revoked.unsynced", { count: sync.unsynced })}</p>
          <RescueExport />
        </>
      ) : (
        <p className="muted">{t("revoked.nothing_left")}</p>
      )}
    </Front>
  );
}

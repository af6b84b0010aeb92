/** What people choose for this till, and what it is. */
import { useAction, useTill } from "../engine";
import { useFormats, useName, useWords } from "../i18n";
import { usePreferences } from "../preferences";
import { Button } from "../ui/button";
import { Choice } from "../ui/choice";
import { DownloadIcon } from "../ui/icons";
import { useInstall } from "./install";

export function SettingsPage() {
  const t = useWords();
  return (
    <div className="page">
      <h1>{t("settings.title")}</h1>
      <div className="panels">
        <Looks />
        <Devices />
        <About />
      </div>
    </div>
  );
}

function Looks() {
  const t = useWords();
  const { preferences, prefer } = usePreferences();
  return (
    <section className="panel">
      <Choice
        label={t("settings.language")}
        value={preferences.language}
        options={[
          { value: "en", label: "English", lang: "en" },
          { value: "ar", label: "العربية", lang: "ar" },
        ]}
        onChange={(language) => {
          prefer({ language });
        }}
      />
      <Choice
        label={t("settings.digits")}
        value={preferences.digits}
        options={[
          { value: "latin", label: `${t("settings.digits_latin")} 123` },
          { value: "arabic", label: `${t("settings.digits_arabic")} ١٢٣` },
        ]}
        onChange={(digits) => {
          prefer({ digits });
        }}
      />
      <Choice
        label={t("settings.theme")}
        value={preferences.theme}
        options={[
          { value: "system", label: t("settings.theme_system") },
          { value: "light", label: t("settings.theme_light") },
          { value: "dark", label: t("settings.theme_dark") },
        ]}
        onChange={(theme) => {
          prefer({ theme });
        }}
      />
    </section>
  );
}

function Devices() {
  const t = useWords();
  const { preferences, prefer } = usePreferences();
  const here = { browser: true, usb: "usb" in navigator, serial: "serial" in navigator };
  return (
    <section className="panel">
      <Choice
        label={t("settings.receipt_width")}
        value={preferences.receiptWidth}
        options={[
          { value: 80, label: t("settings.millimetres", { width: 80 }) },
          { value: 58, label: t("settings.millimetres", { width: 58 }) },
        ]}
        onChange={(receiptWidth) => {
          prefer({ receiptWidth });
        }}
      />
      <Choice
        label={t("settings.printer")}
        value={preferences.printer}
        options={[
          { value: "browser", label: t("settings.printer_browser") },
          { value: "usb", label: t("settings.printer_usb") },
          { value: "serial", label: t("settings.printer_serial") },
        ]}
        onChange={(printer) => {
          prefer({ printer });
        }}
      />
      {!here[preferences.printer] && <p className="field__error">{t("settings.printer_missing")}</p>}
    </section>
  );
}

function About() {
  const t = useWords();
  const name = useName();
  const format = useFormats();
  const { identity, appVersion } = useTill("identity", "appVersion");
  const { run } = useAction();
  const install = useInstall();
  return (
    <section className="panel fact-list">
      <h2>{t("settings.about")}</h2>
      <dl>
        {identity !== null && (
          <>
            <div className="fact">
              <dt>{t("settings.branch")}</dt>
              <dd>
                {name(identity.branchName)} <span className="latin">({identity.branchCode})</span>
              </dd>
            </div>
            <div className="fact">
              <dt>{t("settings.till")}</dt>
              <dd className="latin">{identity.deviceCode}</dd>
            </div>
            <div className="fact">
              <dt>{t("settings.jurisdiction")}</dt>
              <dd>
                <span className="latin">{identity.jurisdiction}</span>, {format.currency(identity.currency)}
              </dd>
            </div>
          </>
        )}
        <div className="fact">
          <dt>{t("settings.version")}</dt>
          <dd className="latin">{appVersion}</dd>
        </div>
      </dl>
      {install.installed && <p className="muted">{t("settings.installed")}</p>}
      {install.prompt !== null && (
        <>
          <p className="muted">{t("settings.install_text")}</p>
          <Button
            icon={<DownloadIcon />}
            onClick={() => void run(install.prompt ?? (() => Promise.resolve()))}
          >
            {t("settings.install")}
          </Button>
        </>
      )}
    </section>
  );
}

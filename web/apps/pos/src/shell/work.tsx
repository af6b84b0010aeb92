/** The till while somebody is signed in: the bar, and below it selling, the shift, or the settings. */
import { lazy, Suspense, useEffect, useState } from "react";

import { useEngine, useTill } from "../engine";
import { useWords } from "../i18n";
import { OpenShift } from "../shift/open-shift";
import { lastPerson } from "../sign-in/last-person";
import { Spinner } from "../ui/notice";
import { CrashGuard } from "./crash-guard";
import { TopBar, type Page } from "./top-bar";
import { useTouched } from "./touched";
import { UpdateNotice } from "./update-notice";
import "./shell.css";

const loadSell = () => import("../sell");
// This file itself is fetched while somebody types a PIN: so is what comes after it.
void loadSell();
const Sell = lazy(() => loadSell().then((module) => ({ default: module.SellScreen })));
const ShiftPage = lazy(() => import("../shift/shift-page").then((module) => ({ default: module.ShiftPage })));
const SettingsPage = lazy(() =>
  import("../settings/settings-page").then((module) => ({ default: module.SettingsPage })),
);

export function Work() {
  const t = useWords();
  const engine = useEngine();
  const { person, shift } = useTill("person", "shift");
  const [page, setPage] = useState<Page>("sell");
  useTouched(engine);
  useEffect(() => {
    if (person !== null) lastPerson.id = person.id;
  }, [person]);
  return (
    <div className="work">
      <a className="skip" href="#content">
        {t("bar.skip")}
      </a>
      <TopBar page={page} onPage={setPage} />
      <UpdateNotice />
      <div id="content" className="work__content" tabIndex={-1}>
        <CrashGuard>
          <Suspense fallback={<Spinner label={t("common.loading")} />}>
            {page === "settings" ? (
              <main className="work__page">
                <SettingsPage />
              </main>
            ) : page === "shift" ? (
              <main className="work__page">
                <ShiftPage
                  onSell={() => {
                    setPage("sell");
                  }}
                />
              </main>
            ) : shift === null ? (
              <main className="work__page">
                <OpenShift />
              </main>
            ) : (
              <Sell />
            )}
          </Suspense>
        </CrashGuard>
      </div>
    </div>
  );
}

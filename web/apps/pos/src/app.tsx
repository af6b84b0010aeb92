/** Which screen the till shows: its phase decides. Only sign-in is in the first download. */
import { lazy, Suspense, useEffect } from "react";

import type { TillClient } from "@octonext/engine/api";

import { ApprovalProvider } from "./approval/provider";
import { EngineProvider, useTill } from "./engine";
import { TimeZone, useWords } from "./i18n";
import { PreferencesProvider } from "./preferences";
import { CrashGuard } from "./shell/crash-guard";
import { Starting } from "./shell/starting";
import { UpdateProvider } from "./shell/updates";
import { SignInScreen } from "./sign-in/sign-in-screen";
import { Spinner } from "./ui/notice";
import { ShortcutProvider } from "./ui/shortcuts";
import { ToastProvider } from "./ui/toast";

const loadWork = () => import("./shell/work");
const Work = lazy(() => loadWork().then((module) => ({ default: module.Work })));
const Enrol = lazy(() => import("./enrol/enrol-screen").then((module) => ({ default: module.EnrolScreen })));
const Lost = lazy(() => import("./enrol/lost-screen").then((module) => ({ default: module.LostScreen })));
const Revoked = lazy(() =>
  import("./enrol/revoked-screen").then((module) => ({ default: module.RevokedScreen })),
);
const Elsewhere = lazy(() =>
  import("./enrol/elsewhere-screen").then((module) => ({ default: module.ElsewhereScreen })),
);

export function App({ client }: { client: TillClient }) {
  return (
    <PreferencesProvider>
      <EngineProvider client={client}>
        <ToastProvider>
          <ShortcutProvider>
            <ApprovalProvider>
              <UpdateProvider>
                <CrashGuard>
                  <Suspense fallback={<Waiting />}>
                    <Screen />
                  </Suspense>
                </CrashGuard>
              </UpdateProvider>
            </ApprovalProvider>
          </ShortcutProvider>
        </ToastProvider>
      </EngineProvider>
    </PreferencesProvider>
  );
}

function Waiting() {
  const t = useWords();
  return <Spinner label={t("common.loading")} />;
}

function Screen() {
  const t = useWords();
  const { phase, identity } = useTill("phase", "identity");
  useEffect(() => {
    document.title = t("app.name");
  }, [t]);
  useEffect(() => {
    // While somebody types a PIN, what comes next is fetched (from the service worker's cache mostly).
    if (phase === "locked") void loadWork();
  }, [phase]);
  return <TimeZone value={identity?.timeZone}>{screenOf(phase)}</TimeZone>;
}

function screenOf(phase: ReturnType<typeof useTill>["phase"]) {
  switch (phase) {
    case "starting":
      return <Starting />;
    case "unenrolled":
      return <Enrol />;
    case "lost":
      return <Lost />;
    case "revoked":
      return <Revoked />;
    case "elsewhere":
      return <Elsewhere />;
    case "locked":
      return <SignInScreen />;
    case "open":
      return <Work />;
  }
}

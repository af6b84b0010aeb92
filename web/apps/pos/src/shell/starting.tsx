/** While the engine reads its journal. Nothing is shown for a moment: a flash of a screen is a nuisance. */
import { useEffect, useState } from "react";

import { useTill } from "../engine";
import { useWords } from "../i18n";
import { Notice, Spinner } from "../ui/notice";
import { Mark } from "./mark";
import "./shell.css";

const SHOWN_AFTER_MS = 400;
const SLOW_AFTER_MS = 8000;

export function Starting() {
  const t = useWords();
  const { storage } = useTill("storage");
  const isFull = storage.level === "critical";
  const [waited, setWaited] = useState<"short" | "shown" | "long">("short");
  useEffect(() => {
    const timers = [
      setTimeout(() => {
        setWaited("shown");
      }, SHOWN_AFTER_MS),
      setTimeout(() => {
        setWaited("long");
      }, SLOW_AFTER_MS),
    ];
    return () => {
      timers.forEach(clearTimeout);
    };
  }, []);
  return (
    <main className="starting" aria-busy="true">
      <Mark size={72} />
      <h1 className={waited === "short" ? "hidden-text" : "starting__title"}>{t("starting.title")}</h1>
      {waited !== "short" && <Spinner label={t("common.loading")} />}
      {isFull && <Notice kind="error">{t("starting.full")}</Notice>}
      {waited === "long" && !isFull && <Notice live>{t("starting.slow")}</Notice>}
    </main>
  );
}

/** The frame of the screens before the work: the mark, one card, the connection below. */
import type { ReactNode } from "react";

import { useTill } from "../engine";
import { useName, useWords } from "../i18n";
import { usePreferences } from "../preferences";
import { LanguageIcon } from "../ui/icons";
import { SyncBadge } from "../status/badge";
import { Mark } from "./mark";
import "./shell.css";

export interface FrontProps {
  title: string;
  children: ReactNode;
  /** The badge says something only once the till knows its server. */
  badge?: boolean;
  wide?: boolean;
}

export function Front({ title, children, badge = false, wide = false }: FrontProps) {
  const t = useWords();
  const name = useName();
  const { identity } = useTill();
  const { preferences, prefer } = usePreferences();
  const other = preferences.language === "ar" ? "en" : "ar";
  return (
    <div className="front">
      <header className="front__bar">
        <div className="brand">
          <Mark size={40} />
          <div className="brand__text">
            <strong className="brand__name">
              {identity === null ? "OctoNext" : name(identity.branchName)}
            </strong>
            {identity !== null && (
              <span className="brand__detail">{t("bar.till", { code: identity.deviceCode })}</span>
            )}
          </div>
        </div>
        <div className="front__tools">
          {badge && <SyncBadge />}
          <button
            type="button"
            className="button button--quiet"
            lang={other}
            onClick={() => {
              prefer({ language: other });
            }}
          >
            <LanguageIcon />
            {other === "ar" ? "العربية" : "English"}
          </button>
        </div>
      </header>
      <main className={wide ? "front__card front__card--wide" : "front__card"}>
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}

/** The frame of the screens before the work: the mark, one card, the connection below. */
import type { ReactNode } from "react";

import { usePreferences } from "../preferences";
import { LanguageIcon } from "../ui/icons";
import { SyncBadge } from "../status/badge";
import { Brand } from "./brand";
import "./shell.css";

export interface FrontProps {
  title: string;
  children: ReactNode;
  /** The badge says something only once the till knows its server. */
  badge?: boolean;
  wide?: boolean;
}

export function Front({ title, children, badge = false, wide = false }: FrontProps) {
  const { preferences, prefer } = usePreferences();
  const other = preferences.language === "ar" ? "en" : "ar";
  return (
    <div className="front">
      <header className="front__bar">
        <Brand size={40} />
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

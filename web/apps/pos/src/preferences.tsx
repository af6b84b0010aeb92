/** What the people at this till chose for its looks: kept in localStorage, nothing secret. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import type { Digits, Language } from "./i18n/format";

const STORED_AS = "octonext.preferences";

export interface Preferences {
  language: Language;
  digits: Digits;
  theme: "system" | "light" | "dark";
  /** Millimetres of the receipt paper. */
  receiptWidth: 58 | 80;
  printer: "browser" | "usb" | "serial";
}

const CHOICES: { [K in keyof Preferences]: readonly Preferences[K][] } = {
  language: ["en", "ar"],
  digits: ["latin", "arabic"],
  theme: ["system", "light", "dark"],
  receiptWidth: [58, 80],
  printer: ["browser", "usb", "serial"],
};

function defaults(): Preferences {
  const arabic = navigator.language.toLowerCase().startsWith("ar");
  return {
    language: arabic ? "ar" : "en",
    digits: "latin",
    theme: "system",
    receiptWidth: 80,
    printer: "browser",
  };
}

/** Whatever stands there; what it does not say, or says wrongly, is the default. */
export function readPreferences(): Preferences {
  const found = defaults();
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED_AS) ?? "{}");
    if (typeof stored !== "object" || stored === null) return found;
    return Object.fromEntries(
      Object.entries(found).map(([name, value]) => {
        const said: unknown = Reflect.get(stored, name);
        const allowed: readonly unknown[] = CHOICES[name as keyof Preferences];
        return [name, allowed.includes(said) ? said : value];
      }),
    ) as unknown as Preferences;
  } catch {
    // Storage that is blocked or holds no JSON must not keep a till from opening.
    return found;
  }
}

interface Held {
  preferences: Preferences;
  prefer: (change: Partial<Preferences>) => void;
}

const Context = createContext<Held | null>(null);

export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [preferences, set] = useState(readPreferences);
  const prefer = useCallback((change: Partial<Preferences>) => {
    set((before) => {
      const after = { ...before, ...change };
      try {
        localStorage.setItem(STORED_AS, JSON.stringify(after));
      } catch {
        // Kept for this page at least.
      }
      return after;
    });
  }, []);
  useEffect(() => {
    const root = document.documentElement;
    root.lang = preferences.language;
    root.dir = preferences.language === "ar" ? "rtl" : "ltr";
    root.dataset["theme"] = preferences.theme;
  }, [preferences]);
  const held = useMemo(() => ({ preferences, prefer }), [preferences, prefer]);
  return <Context value={held}>{children}</Context>;
}

export function usePreferences(): Held {
  const held = useContext(Context);
  if (held === null) throw new Error("usePreferences outside of PreferencesProvider");
  return held;
}

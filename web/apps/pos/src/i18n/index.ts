/** Words and formats for components: `useWords` of the shell, `wordsOf` for a part that brings its own. */
import { createContext, useContext, useMemo } from "react";

import { usePreferences } from "../preferences";
import { ar } from "./ar";
import { fill, type Dictionary, type Translate, type Translation, type Value } from "./dictionary";
import { en } from "./en";
import { formats, type Formats, type Language } from "./format";

export type { Formats, Language } from "./format";
export type { Dictionary, Plural, Translate, Translation } from "./dictionary";
export { parseDecimal, toLatinDigits } from "./format";

/** The branch's own time zone, once the till knows its branch. */
export const TimeZone = createContext<string | undefined>(undefined);

export function useFormats(): Formats {
  const { language, digits } = usePreferences().preferences;
  const zone = useContext(TimeZone);
  return formats(language, digits, zone);
}

export function translator<D extends Dictionary>(
  both: { en: D; ar: Translation<D> },
  language: Language,
  number: (value: number) => string,
): Translate<D> {
  const chosen: Dictionary = both[language];
  return (key, ...rest) => {
    const entry = chosen[key];
    const params: Readonly<Record<string, Value>> = rest[0] ?? {};
    return entry === undefined ? key : fill(entry, params, language, number);
  };
}

/** A hook for words of one's own: `const useWords = wordsOf({ en, ar })`, then `const t = useWords()`. */
export function wordsOf<D extends Dictionary>(both: { en: D; ar: Translation<D> }): () => Translate<D> {
  return function useOwnWords() {
    const format = useFormats();
    return useMemo(() => translator(both, format.language, format.number), [format]);
  };
}

export const useWords = wordsOf({ en, ar });
export type Words = Translate<typeof en>;

/** A name in the chosen language; Arabic that is missing is English. */
export function nameIn(language: Language, name: { en: string; ar: string }): string {
  return language === "ar" && name.ar !== "" ? name.ar : name.en;
}

export function useName(): (name: { en: string; ar: string }) => string {
  const { language } = useFormats();
  return useMemo(() => nameIn.bind(null, language), [language]);
}

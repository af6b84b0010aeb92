/** What must hold for every dictionary of the app, the shell's and those that parts bring. */
import { expect } from "vitest";

import type { Dictionary, Entry } from "../src/i18n/dictionary";

const FORMS = ["zero", "one", "two", "few", "many", "other"] as const;
const ARABIC = /\p{Script=Arabic}/u;

function texts(entry: Entry): string[] {
  return typeof entry === "string"
    ? [entry]
    : FORMS.map((form) => entry[form]).filter((each) => each !== undefined);
}

function names(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/gu)].map((match) => match[1] ?? "").sort();
}

/** `same`: keys whose text is rightly the same in both languages; one without letters needs no mention. */
export function checkDictionary(en: Dictionary, ar: Dictionary, same: readonly string[] = []): void {
  expect(Object.keys(ar).sort()).toEqual(Object.keys(en).sort());
  for (const [key, english] of Object.entries(en)) {
    const arabic = ar[key];
    if (arabic === undefined) throw new Error(`${key} is missing`);
    expect(typeof arabic, key).toBe(typeof english);
    for (const text of [...texts(english), ...texts(arabic)]) expect(text.trim(), key).not.toBe("");
    const wordless = texts(english).every((text) => !/\p{L}/u.test(text.replaceAll(/\{\w+\}/gu, "")));
    if (!same.includes(key) && !wordless) {
      for (const text of texts(arabic)) expect(text, `${key} is not translated`).toMatch(ARABIC);
      for (const text of texts(english)) expect(text, `${key} is not English`).not.toMatch(ARABIC);
    }
    if (typeof arabic === "string") {
      expect(names(arabic), key).toEqual(names(texts(english)[0] ?? ""));
    } else {
      // Arabic has six forms; one of them missing would read like a foreigner's Arabic.
      expect(
        FORMS.filter((form) => arabic[form] === undefined),
        key,
      ).toEqual([]);
      const known = new Set(texts(english).flatMap(names));
      for (const text of texts(arabic)) for (const name of names(text)) expect(known, key).toContain(name);
      for (const form of ["few", "many", "other"] as const)
        expect(names(arabic[form] ?? ""), key).toContain("count");
    }
  }
}

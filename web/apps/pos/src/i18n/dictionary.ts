/** Typed words: a dictionary, what its texts need, and how a text is filled in. */

/** The forms that CLDR knows; Arabic uses all six, English two. */
export interface Plural {
  zero?: string;
  one?: string;
  two?: string;
  few?: string;
  many?: string;
  other: string;
}

export type Entry = string | Plural;
export type Dictionary = Record<string, Entry>;

/** The same keys; a plural stays a plural, whatever forms it has. */
export type Translation<D extends Dictionary> = { [K in keyof D]: D[K] extends string ? string : Plural };

type Names<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type Texts<E> = E extends string ? E : E extends object ? Extract<E[keyof E], string> : never;
/** The names in a text's braces; a plural takes `count` as well. */
export type ParamsOf<E> = Names<Texts<E>> | (E extends string ? never : "count");

export type Value = string | number;
export type Rest<E> = [ParamsOf<E>] extends [never] ? [] : [params: Record<ParamsOf<E>, Value>];
export type Translate<D extends Dictionary> = <K extends keyof D & string>(
  key: K,
  ...rest: Rest<D[K]>
) => string;

const ISOLATE = "\u2068";
const POP = "\u2069";
const LATIN_OR_SIGNED = /[A-Za-z+\-/:@]/u;

/**
 * A name or number of the other script within Arabic is kept together by directional isolates, or its
 * parts would be read in the wrong order.
 */
function placed(value: string, language: string): string {
  return language === "ar" && LATIN_OR_SIGNED.test(value) ? `${ISOLATE}${value}${POP}` : value;
}

export function fill(
  entry: Entry,
  params: Readonly<Record<string, Value>>,
  language: string,
  number: (value: number) => string,
): string {
  const text = typeof entry === "string" ? entry : plural(entry, params["count"], language);
  return text.replaceAll(/\{(\w+)\}/gu, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return placed(typeof value === "number" ? number(value) : value, language);
  });
}

/** By language: making one takes a slow tablet a millisecond, and the badge asks after every sale. */
const rules = new Map<string, Intl.PluralRules>();

function plural(entry: Plural, count: Value | undefined, language: string): string {
  const known = rules.get(language) ?? new Intl.PluralRules(language);
  rules.set(language, known);
  const form = known.select(typeof count === "number" ? count : 0);
  // English has no "zero" of its own in CLDR; a dictionary that gives one means it.
  return (count === 0 ? entry.zero : undefined) ?? entry[form] ?? entry.other;
}

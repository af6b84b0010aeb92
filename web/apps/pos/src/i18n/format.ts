/** Numbers, money and times as people read them, from integers, with the digits they prefer. */

export type Language = "en" | "ar";
export type Digits = "latin" | "arabic";

const ARABIC_ZERO = 0x0660;
/** Names that people of a country write for their own money; any other currency keeps its code. */
export const ARABIC_CURRENCY: Readonly<Record<string, string>> = {
  KWD: "د.ك",
  SAR: "ر.س",
  AED: "د.إ",
  BHD: "د.ب",
  OMR: "ر.ع",
  QAR: "ر.ق",
};
/** A minus that is as wide as a digit, and a mark that keeps it before its number within Arabic. */
const MINUS = "\u2212";
const LEFT_TO_RIGHT_MARK = "\u200e";

export interface Formats {
  language: Language;
  digits: Digits;
  /** A whole number with groups. */
  number: (value: number) => string;
  /** Digits of a text as they are preferred: receipt numbers, codes. Never groups. */
  inDigits: (text: string) => string;
  /** Minor units, without the currency: `1,250.500`. */
  money: (minor: number, exponent: number) => string;
  /** Minor units with their currency: `KWD 1,250.500` or `1,250.500 د.ك`. */
  moneyOf: (minor: number, exponent: number, currency: string) => string;
  currency: (currency: string) => string;
  /** Thousandths without useless zeros: `2`, `0.485`. */
  quantity: (thousandths: number) => string;
  /** Parts per million as percent: `5`, `12.5`. */
  percent: (ppm: number) => string;
  time: (at: number | string) => string;
  date: (at: number | string) => string;
  dateTime: (at: number | string) => string;
  /** `5 min`, `2 h`, `3 days`: how long ago, coarse. */
  span: (ms: number) => string;
  bytes: (count: number) => string;
}

export function toArabicDigits(text: string): string {
  return text.replaceAll(/\d/gu, (digit) => String.fromCharCode(ARABIC_ZERO + Number(digit)));
}

/** Arabic-Indic and Persian digits and separators as the Latin ones that parsing knows. */
export function toLatinDigits(text: string): string {
  return text
    .replaceAll(/[\u0660-\u0669]/gu, (digit) => String(digit.charCodeAt(0) - ARABIC_ZERO))
    .replaceAll(/[\u06f0-\u06f9]/gu, (digit) => String(digit.charCodeAt(0) - 0x06f0))
    .replaceAll("\u066b", ".")
    .replaceAll("\u066c", ",");
}

/** `-1250500` with 3 places is `-1,250.500`; integers all the way. */
export function decimalText(value: number, places: number, trim = false): string {
  const sign = value < 0 ? MINUS : "";
  const digits = String(Math.abs(value)).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places).replaceAll(/\B(?=(\d{3})+$)/gu, ",");
  let fraction = places === 0 ? "" : digits.slice(-places);
  if (trim) fraction = fraction.replace(/0+$/u, "");
  return `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/**
 * What a person typed as minor units, or null where it is no such amount: `12.5` with 3 places is 12500.
 * Groups are allowed and ignored; more places than the currency has are not an amount.
 */
export function parseDecimal(text: string, places: number): number | null {
  const plain = toLatinDigits(text).replaceAll(/[\s,]/gu, "");
  const match = /^(-|\u2212)?(\d{0,12})(?:\.(\d*))?$/u.exec(plain);
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  if ((whole === "" && fraction === "") || fraction.length > places) return null;
  const minor = Number(whole + fraction.padEnd(places, "0"));
  return sign === undefined || minor === 0 ? minor : -minor;
}

const SPANS: readonly [unit: "day" | "hour" | "minute" | "second", ms: number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

const made = new Map<string, Formats>();

/** One object for one choice: making formatters is slow, and a long cart asks often. */
export function formats(language: Language, digits: Digits, timeZone?: string): Formats {
  const key = `${language} ${digits} ${timeZone ?? ""}`;
  const found = made.get(key) ?? makeFormats(language, digits, timeZone);
  made.set(key, found);
  return found;
}

function makeFormats(language: Language, digits: Digits, timeZone: string | undefined): Formats {
  const inDigits = (text: string): string =>
    digits === "arabic" ? toArabicDigits(text).replaceAll(",", "\u066c").replaceAll(".", "\u066b") : text;
  const onlyDigits = (text: string): string => (digits === "arabic" ? toArabicDigits(text) : text);
  const signed = (text: string): string =>
    language === "ar" && text.startsWith(MINUS) ? LEFT_TO_RIGHT_MARK + text : text;
  const decimal = (value: number, places: number, trim = false): string =>
    signed(inDigits(decimalText(value, places, trim)));

  // Gulf shops keep the Gregorian calendar on receipts; Saudi Arabia's locale would switch to Hijri.
  const locale = language === "ar" ? "ar-KW" : "en-GB";
  const system = { calendar: "gregory", numberingSystem: digits === "arabic" ? "arab" : "latn" };
  const zone = timeZone === undefined ? {} : { timeZone };
  const clock = new Intl.DateTimeFormat(locale, { ...system, ...zone, hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(locale, { ...system, ...zone, dateStyle: "medium" });
  const both = new Intl.DateTimeFormat(locale, {
    ...system,
    ...zone,
    dateStyle: "medium",
    timeStyle: "short",
  });
  // Made when first asked for: most screens show neither spans nor sizes.
  const measures = new Map<string, Intl.NumberFormat>();
  const measure = (unit: string, options: Intl.NumberFormatOptions): Intl.NumberFormat => {
    const own = { style: "unit", unit, numberingSystem: system.numberingSystem, ...options } as const;
    const found = measures.get(unit) ?? new Intl.NumberFormat(locale, own);
    measures.set(unit, found);
    return found;
  };
  const currency = (code: string): string => (language === "ar" ? (ARABIC_CURRENCY[code] ?? code) : code);

  return {
    language,
    digits,
    number: (value) => decimal(Math.trunc(value), 0),
    inDigits: onlyDigits,
    money: (minor, exponent) => decimal(minor, exponent),
    moneyOf: (minor, exponent, code) =>
      language === "ar"
        ? `${decimal(minor, exponent)}\u00a0${currency(code)}`
        : `${currency(code)}\u00a0${decimal(minor, exponent)}`,
    currency,
    quantity: (thousandths) => decimal(thousandths, 3, true),
    percent: (ppm) => decimal(ppm, 4, true),
    time: (at) => clock.format(new Date(at)),
    date: (at) => day.format(new Date(at)),
    dateTime: (at) => both.format(new Date(at)),
    span: (ms) => {
      const [unit, size] = SPANS.find(([, each]) => ms >= each) ?? (["second", 1000] as const);
      const count = Math.max(0, Math.floor(ms / size));
      return measure(unit, { unitDisplay: language === "ar" ? "long" : "short" }).format(count);
    },
    bytes: (count) => {
      const mega = count >= 1_000_000;
      const size = measure(mega ? "megabyte" : "kilobyte", { maximumFractionDigits: 0 });
      return size.format(count / (mega ? 1_000_000 : 1000));
    },
  };
}

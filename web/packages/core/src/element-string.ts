/**
 * GS1 element strings, as GS1-128 and GS1 DataMatrix hold them: application identifiers (AI) with their data,
 * one after the other. GS1 General Specifications, chapters 3 and 7.8. Twin of `catalog/domain/scans.py`.
 */
import { hasCheckDigit } from "./barcodes";

/** What a till needs of it; null where the code does not say. */
export interface Elements {
  /** AI 01, 14 digits. */
  gtin: string;
  /** AI 310x: net weight in thousandths of a kilogram. */
  weight: number | null;
  /** AI 392x: the price of this very piece; `value` / 10^`decimals` of the currency's unit. */
  price: { value: number; decimals: number } | null;
  /** AI 10. */
  lot: string | null;
  /** AI 21. */
  serial: string | null;
  /** AI 17, an ISO date. */
  expiry: string | null;
  /** AI 15. */
  bestBefore: string | null;
  /** AI 11. */
  produced: string | null;
}

/** FNC1 within the data, as scanners hand it over: ASCII 29. */
const SEPARATOR = "\u001d";
/** What a scanner sends before GS1-128, GS1 DataMatrix, GS1 QR and GS1 DataBar when told to: ISO/IEC 15424. */
const SYMBOLOGY = /^\](?:C1|d2|Q3|e0)/;
const BRACKETED = /\(([0-9]{2,4})\)([^(]*)/y;
const CHARACTERS_MAX = 400;
/** By the first two digits of an AI: how many characters, AI included, end without a separator (7.8.5). */
const PREDEFINED: Readonly<Record<string, number>> = {
  "00": 20,
  "01": 16,
  "02": 16,
  "03": 16,
  "04": 18,
  "11": 8,
  "12": 8,
  "13": 8,
  "14": 8,
  "15": 8,
  "16": 8,
  "17": 8,
  "18": 8,
  "19": 8,
  "20": 4,
  "31": 10,
  "32": 10,
  "33": 10,
  "34": 10,
  "35": 10,
  "36": 10,
  "41": 16,
};

/**
 * What an element string says, in any of its forms: with a symbology prefix, with FNC1 as ASCII 29, or written
 * with parentheses. Null for a text that is none or names no goods. `year` decides the century of dates.
 */
export function parseElements(text: string, year: number): Elements | null {
  if (text.length > CHARACTERS_MAX) return null;
  const found = text.startsWith("(") ? bracketed(text) : chained(text);
  const gtin = found?.get("01");
  if (found === null || gtin === undefined || !/^[0-9]{14}$/.test(gtin) || !hasCheckDigit(gtin)) return null;
  return {
    gtin,
    weight: weightOf(found),
    price: priceOf(found),
    lot: textOf(found, "10"),
    serial: textOf(found, "21"),
    expiry: dateOf(found.get("17"), year),
    bestBefore: dateOf(found.get("15"), year),
    produced: dateOf(found.get("11"), year),
  };
}

/** `(01)…(10)…`, as printed below a symbol and typed from there. */
function bracketed(text: string): Map<string, string> | null {
  const found = new Map<string, string>();
  BRACKETED.lastIndex = 0;
  for (let match = BRACKETED.exec(text); match !== null; match = BRACKETED.exec(text)) {
    const [, ai = "", value = ""] = match;
    if (found.has(ai) || value === "") return null;
    found.set(ai, value.trim());
    if (BRACKETED.lastIndex === text.length) return found;
  }
  return null;
}

function chained(text: string): Map<string, string> | null {
  const isMarked = SYMBOLOGY.test(text) || text.startsWith(SEPARATOR);
  let rest = text.replace(SYMBOLOGY, "");
  // Without a mark it is taken for one only where it begins like one.
  if (!isMarked && !/^01[0-9]{14}/.test(rest)) return null;
  const found = new Map<string, string>();
  while (rest !== "") {
    if (rest.startsWith(SEPARATOR)) {
      rest = rest.slice(1);
      continue;
    }
    if (!/^[0-9]{2}/.test(rest)) return null;
    const fixed = PREDEFINED[rest.slice(0, 2)];
    const end = fixed ?? (rest.includes(SEPARATOR) ? rest.indexOf(SEPARATOR) : rest.length);
    const element = rest.slice(0, end);
    if (element.length < end || element.includes(SEPARATOR)) return null;
    const ai = element.slice(0, aiLength(element));
    if (element.length <= ai.length || found.has(ai)) return null;
    found.set(ai, element.slice(ai.length));
    rest = rest.slice(end);
  }
  return found;
}

/** How many digits the identifier at the beginning has: GS1 General Specifications, figure 3.2-1. */
function aiLength(element: string): number {
  if (/^(?:3[1-6]|39|43|7|8)/.test(element)) return 4;
  return /^(?:2[3-5]|4)/.test(element) ? 3 : 2;
}

function weightOf(found: ReadonlyMap<string, string>): number | null {
  for (let decimals = 0; decimals <= 5; decimals++) {
    const value = found.get(`310${decimals}`);
    if (value === undefined || !/^[0-9]{6}$/.test(value)) continue;
    // Grams are what a till sells by; finer is rounded, half up.
    return decimals <= 3
      ? Number(value) * 10 ** (3 - decimals)
      : Math.round(Number(value) / 10 ** (decimals - 3));
  }
  return null;
}

function priceOf(found: ReadonlyMap<string, string>): { value: number; decimals: number } | null {
  for (let decimals = 0; decimals <= 9; decimals++) {
    const value = found.get(`392${decimals}`);
    if (value !== undefined && /^[0-9]{1,15}$/.test(value)) return { value: Number(value), decimals };
  }
  return null;
}

function textOf(found: ReadonlyMap<string, string>, ai: string): string | null {
  const value = found.get(ai);
  return value !== undefined && value.length >= 1 && value.length <= 20 ? value : null;
}

/** YYMMDD; day 00 is the last of the month. The century is the nearest (7.12). */
function dateOf(value: string | undefined, year: number): string | null {
  const match = /^([0-9]{2})([0-9]{2})([0-9]{2})$/.exec(value ?? "");
  if (match === null) return null;
  const [short, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const ahead = short - (year % 100);
  const century = Math.floor(year / 100) + (ahead >= 51 ? -1 : ahead <= -50 ? 1 : 0);
  const full = century * 100 + short;
  const isLeap = (full % 4 === 0 && full % 100 !== 0) || full % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  if (days === undefined || day > days) return null;
  const pad = (number: number, width: number): string => String(number).padStart(width, "0");
  return `${pad(full, 4)}-${pad(month, 2)}-${pad(day === 0 ? days : day, 2)}`;
}

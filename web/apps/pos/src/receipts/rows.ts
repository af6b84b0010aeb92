/**
 * What goes on paper as rows, before anybody draws it. Screen, browser print, ESC/POS and PDF all draw these,
 * so that what somebody holds is what the cashier saw.
 */
import type { Both } from "./labels";

export type ReceiptRow =
  /** The seller's name, and what kind of paper this is. */
  | ({ kind: "heading" } & Both)
  | ({ kind: "title" } & Both)
  /** A framed word, such as COPY. */
  | ({ kind: "mark" } & Both)
  /** Address, phone, footer: each language on a line of its own, centred. */
  | ({ kind: "centred" } & Both)
  /** English label, value, Arabic label. */
  | ({ kind: "pair"; value: string; strong: boolean } & Both)
  | { kind: "item"; en: string; ar: string; detail: string; amount: string; note: string | null }
  /** The tax block; its first row is the head. */
  | { kind: "columns"; cells: readonly [string, string, string]; head: boolean }
  | { kind: "rule" }
  | ({ kind: "qr"; text: string } & Both);

export const rule: ReceiptRow = { kind: "rule" };

export function pair(label: Both, value: string, strong = false): ReceiptRow {
  return { kind: "pair", ...label, value, strong };
}

export function centred(text: Both): ReceiptRow[] {
  return text.en === "" && text.ar === "" ? [] : [{ kind: "centred", en: text.en, ar: text.ar }];
}

export function paired(name: Both): string {
  return name.ar === "" || name.ar === name.en ? name.en : `${name.en} · ${name.ar}`;
}

/** `2026-11-22 19:20` in the branch's zone: read alike in both languages. */
export function stamp(at: string, timeZone: string): string {
  const clock = clocks.get(timeZone) ?? clockOf(timeZone);
  clocks.set(timeZone, clock);
  const parts = clock.formatToParts(new Date(at));
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  return `${of("year")}-${of("month")}-${of("day")} ${of("hour")}:${of("minute")}`;
}

/** By time zone: a till has one, and making a clock is slow. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone,
    calendar: "gregory",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}

/** The branch's time zone: how far its clocks are from UTC, and which day it is there. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes east of UTC at that moment; 0 for a zone that this browser does not know. */
export function offsetMinutes(timeZone: string, unixMs: number): number {
  const parts = partsAt(timeZone, unixMs);
  if (parts === null) return 0;
  const local = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  return Math.round((local - Math.floor(unixMs / 1000) * 1000) / 60_000);
}

/** The date at the branch, `2026-11-22`. */
export function dayAt(timeZone: string, unixMs: number): string {
  const local = new Date(unixMs + offsetMinutes(timeZone, unixMs) * 60_000);
  return local.toISOString().slice(0, 10);
}

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

function partsAt(timeZone: string, unixMs: number): Parts | null {
  let format = formats.get(timeZone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
        timeZone,
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
        hourCycle: "h23",
      });
    } catch {
      return null;
    }
    formats.set(timeZone, format);
  }
  const found = Object.fromEntries(
    format.formatToParts(unixMs).map((part) => [part.type, Number(part.value)]),
  );
  const { year, month, day, hour, minute, second } = found;
  if (year === undefined || month === undefined || day === undefined) return null;
  return { year, month, day, hour: hour ?? 0, minute: minute ?? 0, second: second ?? 0 };
}

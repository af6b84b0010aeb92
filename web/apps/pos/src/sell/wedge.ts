/**
 * Tells a keyboard-wedge scanner from a person: a scanner types a whole code faster than hands can, and
 * ends with Enter. Pure: it is fed keys with their times and says what the page should do.
 */

/** Scanners send a character every 1 to 30 ms on average; the fastest typists need 60 ms and more. */
export const MEAN_MS_MAX = 40;
/** A busy machine or a radio link may delay one key of a scan; a longer pause is a new beginning. */
export const GAP_MS_MAX = 100;
/** Shorter bursts are two keys pressed together, not codes. EAN-8 is the shortest code a shop scans; PLUs of 4 exist. */
export const LENGTH_MIN = 4;
/** GS1 DataMatrix holds 2,335 characters at most; a stuck key is not a code. */
export const LENGTH_MAX = 2400;

/** GS1's separator, which wedges send as this control character (Ctrl+]) or as the key F8; only the first is safe here. */
const GROUP_SEPARATOR = "\u001d";

export interface WedgeKey {
  key: string;
  /** The key's place on a US keyboard, which is what scanners pretend to be. */
  code?: string;
  /** Milliseconds, of any clock that does not jump. */
  at: number;
  ctrl?: boolean;
  alt?: boolean;
  meta?: boolean;
}

export type WedgeAnswer =
  /** Not (yet) a scan: let the page have the key. */
  | { kind: "pass" }
  /** This Enter ends a scan: it is not a press of Enter. */
  | { kind: "scan"; code: string };

export class Wedge {
  private burst = "";
  private first = -Infinity;
  private last = -Infinity;

  press(key: WedgeKey): WedgeAnswer {
    const follows = key.at - this.last <= GAP_MS_MAX;
    if (key.key === "Enter") {
      const mean = (key.at - this.first) / this.burst.length;
      const code = follows && mean <= MEAN_MS_MAX ? this.burst : "";
      this.forget();
      return code.length >= LENGTH_MIN ? { kind: "scan", code } : { kind: "pass" };
    }
    const character = characterOf(key);
    // Shift and its like stand between a scanner's capital letters.
    if (character === null) {
      if (!MODIFIERS.has(key.key)) this.forget();
      return { kind: "pass" };
    }
    if (!follows || this.burst.length >= LENGTH_MAX) {
      this.burst = "";
      this.first = key.at;
    }
    this.burst += character;
    this.last = key.at;
    return { kind: "pass" };
  }

  /** Characters of the burst so far; 1 after any key that stands alone. */
  get length(): number {
    return this.burst.length;
  }

  forget(): void {
    this.burst = "";
    this.first = -Infinity;
    this.last = -Infinity;
  }
}

const MODIFIERS = new Set(["Shift", "Control", "Alt", "AltGraph", "CapsLock", "NumLock", "Unidentified"]);

function characterOf(key: WedgeKey): string | null {
  if (key.ctrl === true && key.key === "]") return GROUP_SEPARATOR;
  if (key.ctrl === true || key.alt === true || key.meta === true) return null;
  if (key.key.length !== 1) return null;
  if (key.key.charCodeAt(0) < 128) return key.key;
  // The machine is set to Arabic: the scanner pressed K, the page was told another letter.
  const place = /^(?:Key|Digit)([A-Z0-9])$/u.exec(key.code ?? "")?.[1];
  return place ?? (key.code === "Minus" ? "-" : key.key);
}

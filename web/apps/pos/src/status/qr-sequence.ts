/** Scanned QR codes of a rescue, in any order and any number of times, until all are there. */

/** `ONR1:<file>:<number>/<total>:…`, as `storage/src/qr-parts.ts` writes it; the engine checks the rest. */
const PART = /^ONR1:([0-9A-F]{8}):(\d+)\/(\d+):/u;

export interface QrSequence {
  file: string;
  total: number;
  parts: ReadonlyMap<number, string>;
}

/** The sequence with this code; a code of another file begins anew, and what is no such code changes nothing. */
export function withCode(before: QrSequence | null, text: string): QrSequence | null {
  const [, file, number, total] = PART.exec(text) ?? [];
  if (file === undefined) return before;
  const same = before !== null && before.file === file && before.total === Number(total);
  if (same && before.parts.has(Number(number))) return before;
  const parts = new Map(same ? before.parts : []);
  parts.set(Number(number), text);
  return { file, total: Number(total), parts };
}

/** What the engine takes, once every code is there. */
export function wholeFile(sequence: QrSequence | null): Uint8Array | null {
  if (sequence === null || sequence.parts.size < sequence.total) return null;
  return new TextEncoder().encode([...sequence.parts.values()].join("\n"));
}

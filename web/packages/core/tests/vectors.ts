/** Reads `spec/vectors`, which Python satisfies too. */
import { readFileSync } from "node:fs";

import { fromHex, type Bytes } from "../src/index";

/** The file as JSON; a test says what it looks like. */
export function vectors(name: string): unknown {
  const path = new URL(`../../../../spec/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8"));
}

export function hex(text: string): Bytes {
  const bytes = fromHex(text);
  if (bytes === null) throw new Error(`${text} is no hexadecimal`);
  return bytes;
}

/** Reads JSON that somebody else wrote: each value is what was asked for, or `Malformed` says where not. */
import { fromBase64 } from "./base64";
import type { Bytes } from "./bytes";

/** A document is not of the expected shape; `message` names the place and never quotes the value. */
export class Malformed extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Malformed";
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The text as JSON. Throws Malformed. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Malformed("no JSON");
  }
}

export function asObject(value: unknown, where: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Malformed(`${where} is no object`);
  return value as JsonObject;
}

export function asList(value: unknown, where: string, max = Infinity): readonly unknown[] {
  if (!Array.isArray(value)) throw new Malformed(`${where} is no list`);
  if (value.length > max) throw new Malformed(`${where} has more than ${max} members`);
  return value as readonly unknown[];
}

export function asText(value: unknown, where: string): string {
  if (typeof value !== "string") throw new Malformed(`${where} is no text`);
  return value;
}

export function asInteger(value: unknown, where: string, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value))
    throw new Malformed(`${where} is no integer`);
  if (value < min || value > max) throw new Malformed(`${where} is not between ${min} and ${max}`);
  return value;
}

export function asBoolean(value: unknown, where: string): boolean {
  if (typeof value !== "boolean") throw new Malformed(`${where} is neither true nor false`);
  return value;
}

/** Base64 of between `min` and `max` bytes. */
export function asBytes(value: unknown, where: string, min: number, max: number): Bytes {
  const bytes = fromBase64(asText(value, where));
  if (bytes === null) throw new Malformed(`${where} is no base64`);
  if (bytes.length < min || bytes.length > max) throw new Malformed(`${where} has ${bytes.length} bytes`);
  return bytes;
}

/** One of the given words. */
export function asWord<Word extends string>(value: unknown, where: string, words: readonly Word[]): Word {
  const word = words.find((each) => each === value);
  if (word === undefined) throw new Malformed(`${where} is none of ${words.join(", ")}`);
  return word;
}

/** The value read by `read`; null where it is missing or null. */
export function optional<Value>(value: unknown, read: (value: unknown) => Value): Value | null {
  return value === undefined || value === null ? null : read(value);
}

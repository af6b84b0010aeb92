/**
 * The rescue file: signed pushes of a till that cannot send them itself, as JSON lines. Whoever carries it
 * can read nothing of it, and change nothing without being found out by the shard.
 */
import {
  fromBase64,
  fromUtf8,
  HASH_BYTES,
  PUSH_ENTRIES_MAX,
  SIGNATURE_BYTES,
  toBase64,
  utf8,
  type Bytes,
} from "@octonext/core";

import type { Rescue, RescuePush } from "./api";
import { crc32 } from "./crc32";
import { StorageError } from "./errors";

const FORMAT = "octonext.rescue.v1";
/** Far above what a till holds that was offline for months. */
export const RESCUE_BYTES_MAX = 256 * 1024 * 1024;

export function encodeRescue(rescue: Rescue): Bytes {
  const head = { format: FORMAT, device: rescue.device, branch: rescue.branch, pushes: rescue.pushes.length };
  const lines = [JSON.stringify(head), ...rescue.pushes.map((push) => JSON.stringify(pushJson(push)))];
  const body = lines.map((line) => `${line}\n`).join("");
  return utf8(`${body}${JSON.stringify({ end: crc32(utf8(body)) })}\n`);
}

/** Raises `damaged_file` {detail} for anything that is no whole rescue file. */
export function decodeRescue(file: Bytes): Rescue {
  if (file.length > RESCUE_BYTES_MAX) throw damaged("it is larger than any rescue file");
  const text = readable(file);
  const [first, ...rest] = text.split("\n");
  const head = parsed(first ?? "", "its first line");
  if (head["format"] !== FORMAT) throw damaged("it is no rescue file of a till, or of another version");
  const device = positive(head["device"], "device");
  const branch = positive(head["branch"], "branch");
  const count = integer(head["pushes"], "pushes");
  if (rest.length !== count + 2 || rest.at(-1) !== "") throw damaged("it was cut off");
  const ending = rest.at(-2) ?? "";
  const body = text.slice(0, text.length - ending.length - 1);
  if (parsed(ending, "its last line")["end"] !== crc32(utf8(body))) throw damaged("its check sum is wrong");
  const pushes = rest
    .slice(0, count)
    .map((line, index) => push(parsed(line, `push ${index + 1}`), `push ${index + 1}`));
  return { device, branch, pushes };
}

function pushJson(push: RescuePush): object {
  return {
    first: push.first,
    prev: toBase64(push.prev),
    entries: push.entries.map((entry) => ({
      k: entry.keyId,
      h: toBase64(entry.hash),
      c: toBase64(entry.ciphertext),
    })),
    keys: push.keys.map((key) => ({ id: key.id, wrapped: toBase64(key.forShard) })),
    signature: toBase64(push.signature),
  };
}

type Members = Record<string, unknown>;

function push(value: Members, what: string): RescuePush {
  const entries = list(value["entries"], what).map((entry) => ({
    keyId: text(entry["k"], `${what}: a key id`),
    hash: bytes(entry["h"], `${what}: a hash`, HASH_BYTES),
    ciphertext: bytes(entry["c"], `${what}: an entry`),
  }));
  if (entries.length === 0 || entries.length > PUSH_ENTRIES_MAX)
    throw damaged(`${what} has ${entries.length} entries`);
  return {
    first: positive(value["first"], `${what}: first`),
    prev: bytes(value["prev"], `${what}: prev`, HASH_BYTES),
    entries,
    keys: list(value["keys"], what).map((key) => ({
      id: text(key["id"], `${what}: a key id`),
      forShard: bytes(key["wrapped"], `${what}: a key`),
    })),
    signature: bytes(value["signature"], `${what}: signature`, SIGNATURE_BYTES),
  };
}

function readable(file: Bytes): string {
  try {
    return fromUtf8(file);
  } catch {
    throw damaged("it is no text");
  }
}

function parsed(line: string, what: string): Members {
  try {
    const value = JSON.parse(line) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Members;
  } catch {
    // Said below, in words.
  }
  throw damaged(`${what} cannot be read`);
}

function list(value: unknown, what: string): Members[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "object" && each !== null))
    return value as Members[];
  throw damaged(`${what} lacks a list`);
}

function text(value: unknown, what: string): string {
  if (typeof value === "string" && /^[A-Za-z0-9-]{1,64}$/.test(value)) return value;
  throw damaged(`${what} is none`);
}

function integer(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw damaged(`${what} is no number`);
}

function positive(value: unknown, what: string): number {
  const number = integer(value, what);
  if (number === 0) throw damaged(`${what} is 0`);
  return number;
}

function bytes(value: unknown, what: string, length?: number): Bytes {
  const found = typeof value === "string" ? fromBase64(value) : null;
  if (found !== null && found.length > 0 && (length === undefined || found.length === length)) return found;
  throw damaged(`${what} is no base64 of it`);
}

function damaged(detail: string): StorageError {
  return new StorageError("damaged_file", { detail });
}

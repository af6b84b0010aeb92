/** Frames: reading what a server sent, without trusting any of it, and writing what a till sends. */
import { toBase64 } from "./base64";
import { HASH_BYTES } from "./chain";
import { SHARE_BYTES } from "./envelope";
import {
  NACK_REASONS,
  OUTCOMES,
  REFUSED_REASONS,
  type Credits,
  type DeltaRow,
  type FoundLine,
  type FoundReceipt,
  type FromServer,
  type FromTill,
  type Head,
  type Outcome,
} from "./messages";
import {
  AMOUNT_MAX,
  FRAME_BYTES_MAX,
  LINES_MAX,
  NUMBER_MAX,
  PACKED_ROWS_MAX,
  PPM,
  PUSH_ENTRIES_DEFAULT,
  PUSH_ENTRIES_MAX,
  QUANTITY_MAX,
  SEQ_MAX,
} from "./protocol";
import {
  asBoolean,
  asBytes,
  asInteger,
  asList,
  asObject,
  asText,
  asWord,
  Malformed,
  optional,
  parseJson,
  type JsonObject,
} from "./shape";

const NONCE_BYTES_MAX = 256;
const PUBLIC_KEY_BYTES_MIN = 64;
const PUBLIC_KEY_BYTES_MAX = 512;
/** What a packed delta unpacks to at most: twice what a server puts into one. */
export const UNPACKED_BYTES_MAX = 16 * 1024 * 1024;

/** The server's message. Throws Malformed. */
export function decodeFromServer(frame: string): FromServer {
  // A character is at least one byte of UTF-8.
  if (frame.length > FRAME_BYTES_MAX) throw new Malformed("the frame is too large");
  const value = asObject(parseJson(frame), "the frame");
  const read = READERS[asText(value.t, "t") as FromServer["t"]] as
    ((value: JsonObject) => FromServer) | undefined;
  if (read === undefined || !Object.hasOwn(READERS, value.t as string)) throw new Malformed("t is not known");
  return read(value);
}

/** The frame of a till's message: optional members that are null are left out. */
export function encodeFromTill(message: FromTill): string {
  return JSON.stringify(message, (_, value: unknown) => {
    if (value instanceof Uint8Array) return toBase64(value);
    return value === null ? undefined : value;
  });
}

/** The rows of a delta: those of `rows`, or what a packed frame holds. Rejects with Malformed. */
export async function rowsOf(delta: {
  rows: DeltaRow[] | null;
  packed: Uint8Array<ArrayBuffer> | null;
}): Promise<DeltaRow[]> {
  if (delta.rows !== null) return delta.rows;
  if (delta.packed === null) return [];
  return readRows(parseJson(await inflate(delta.packed)));
}

/** Rows that were packed, as JSON. Throws Malformed. */
export function readRows(value: unknown): DeltaRow[] {
  return asList(value, "rows", PACKED_ROWS_MAX).map((each) => {
    const row = asObject(each, "a row");
    if (!("value" in row)) throw new Malformed("a row has no value");
    return {
      kind: asText(row.kind, "a row's kind"),
      key: asText(row.key, "a row's key"),
      value: row.value,
    };
  });
}

async function inflate(packed: Uint8Array<ArrayBuffer>): Promise<string> {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      size += value.length;
      if (size > UNPACKED_BYTES_MAX) throw new RangeError("too much");
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    await reader.cancel().catch(() => undefined);
    throw new Malformed("packed rows that do not unpack");
  }
}

const READERS: { readonly [Tag in FromServer["t"]]: (value: JsonObject) => Extract<FromServer, { t: Tag }> } =
  {
    challenge: (value) => ({
      t: "challenge",
      nonce: asBytes(value.nonce, "nonce", 1, NONCE_BYTES_MAX),
      server_time_ms: integer(value, "server_time_ms"),
    }),
    welcome: (value) => ({
      t: "welcome",
      acked: head(value.acked),
      credits: credits(value.credits),
      heartbeat_s: integer(value, "heartbeat_s", 0),
      server_time_ms: integer(value, "server_time_ms"),
      shard_key: optional(value.shard_key, publicKey),
    }),
    shard_key: (value) => ({ t: "shard_key", key: publicKey(value.key) }),
    ack: (value) => ({
      t: "ack",
      acked: head(value.acked),
      first: integer(value, "first", 0, SEQ_MAX),
      outcomes: outcomes(value.outcomes),
      credits: credits(value.credits),
    }),
    nack: (value) => ({
      t: "nack",
      reason: asWord(value.reason, "reason", NACK_REASONS),
      detail: asText(value.detail, "detail"),
      expected: optional(value.expected, (each) => asInteger(each, "expected", 0, SEQ_MAX + 1)),
      retry_after_ms: optional(value.retry_after_ms, milliseconds),
      key_ids: optional(value.key_ids, (each) => asList(each, "key_ids").map((id) => asText(id, "a key id"))),
    }),
    delta: (value) => {
      const rows = optional(value.rows, readRows);
      const packed = optional(value.packed, (each) => asBytes(each, "packed", 1, FRAME_BYTES_MAX));
      if (rows !== null && packed !== null) throw new Malformed("a delta has either rows or packed");
      return {
        t: "delta",
        feed: asText(value.feed, "feed"),
        cursor: asText(value.cursor, "cursor"),
        // Without either it is a cursor alone: what changed was not for this till.
        rows: packed === null ? (rows ?? []) : null,
        packed,
        left: optional(value.left, (each) => asInteger(each, "left", 0, Number.MAX_SAFE_INTEGER)),
        more: asBoolean(value.more, "more"),
      };
    },
    drain: (value) => ({ t: "drain", spread_ms: integer(value, "spread_ms") }),
    signed_in: (value) => ({
      t: "signed_in",
      id: requestId(value),
      cashier: asText(value.cashier, "cashier"),
      share: asBytes(value.share, "share", SHARE_BYTES, SHARE_BYTES),
    }),
    receipt: (value) => ({
      t: "receipt",
      id: requestId(value),
      receipt: optional(value.receipt, foundReceipt),
    }),
    rescued: (value) => ({
      t: "rescued",
      id: requestId(value),
      acked: head(value.acked),
      outcomes: outcomes(value.outcomes),
    }),
    refused: (value) => ({
      t: "refused",
      id: requestId(value),
      reason: asWord(value.reason, "reason", REFUSED_REASONS),
      detail: asText(value.detail, "detail"),
      retry_after_ms: optional(value.retry_after_ms, milliseconds),
      expected: optional(value.expected, (each) => asInteger(each, "expected", 0, SEQ_MAX + 1)),
    }),
    ping: () => ({ t: "ping" }),
    pong: () => ({ t: "pong" }),
  };

function integer(
  value: JsonObject,
  name: string,
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
): number {
  return asInteger(value[name], name, min, max);
}

function requestId(value: JsonObject): number {
  return integer(value, "id", 0);
}

function milliseconds(value: unknown): number {
  return asInteger(value, "retry_after_ms", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}

function head(value: unknown): Head {
  const read = asObject(value, "acked");
  return {
    seq: integer(read, "seq", 0, SEQ_MAX),
    hash: asBytes(read.hash, "hash", HASH_BYTES, HASH_BYTES),
  };
}

function credits(value: unknown): Credits {
  const read = asObject(value, "credits");
  const size = optional(read.push_entries, () => integer(read, "push_entries"));
  return {
    entries: integer(read, "entries"),
    bytes: integer(read, "bytes"),
    push_entries: size ?? PUSH_ENTRIES_DEFAULT,
  };
}

function publicKey(value: unknown): Uint8Array<ArrayBuffer> {
  return asBytes(value, "shard_key", PUBLIC_KEY_BYTES_MIN, PUBLIC_KEY_BYTES_MAX);
}

function outcomes(value: unknown): Outcome[] {
  return asList(value, "outcomes", PUSH_ENTRIES_MAX).map((each) => asWord(each, "an outcome", OUTCOMES));
}

function foundReceipt(value: unknown): FoundReceipt {
  const read = asObject(value, "receipt");
  return {
    branch: integer(read, "branch", 1, NUMBER_MAX),
    device: integer(read, "device", 1, NUMBER_MAX),
    seq: integer(read, "seq", 1, SEQ_MAX),
    number: optional(read.number, (each) => asText(each, "number")),
    kind: asWord(read.kind, "kind", ["sale", "return"]),
    at: asText(read.at, "at"),
    currency: asText(read.currency, "currency"),
    total: integer(read, "total", 0, AMOUNT_MAX),
    tax: integer(read, "tax", 0, AMOUNT_MAX),
    rounding: integer(read, "rounding", -AMOUNT_MAX, AMOUNT_MAX),
    lines: asList(read.lines, "lines", LINES_MAX).map(foundLine),
    customer: optional(read.customer, (each) => asText(each, "customer")),
  };
}

function foundLine(value: unknown): FoundLine {
  const read = asObject(value, "a line");
  return {
    number: integer(read, "number", 1, LINES_MAX),
    product: asText(read.product, "product"),
    quantity: integer(read, "quantity", 1, QUANTITY_MAX),
    unit_price: integer(read, "unit_price", 0, AMOUNT_MAX),
    discount: integer(read, "discount", 0, AMOUNT_MAX),
    tax_code: asText(read.tax_code, "tax_code"),
    rate_ppm: integer(read, "rate_ppm", 0, PPM),
    tax: integer(read, "tax", 0, AMOUNT_MAX),
    total: integer(read, "total", 0, AMOUNT_MAX),
    returned: integer(read, "returned", 0, QUANTITY_MAX),
  };
}

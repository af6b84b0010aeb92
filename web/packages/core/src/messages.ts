/**
 * The messages of `octonext.sync.v1`: what stands in the JSON text frames, with the tag `t`.
 *
 * Names are those of the wire. Binary values are bytes here and base64 there; what is optional is null
 * here and left out there. Reading and writing frames is `frames.ts`.
 */
import type { Bytes } from "./bytes";

export const NACK_REASONS = [
  "gap",
  "fork",
  "bad_signature",
  "bad_chain",
  "bad_frame",
  "unknown_key",
  "fenced",
  "unknown_device",
  "revoked",
  "overloaded",
] as const;
export type NackReason = (typeof NACK_REASONS)[number];

export const OUTCOMES = ["posted", "posted_with_case", "quarantined"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const REFUSED_REASONS = [
  // sign_in
  "wrong_pin",
  "locked_out",
  "unavailable",
  // find_receipt
  "elsewhere",
  // rescue
  "other_branch",
  "gap",
  "fork",
  "bad_signature",
  "bad_chain",
  "unknown_key",
  "unknown_device",
  "overloaded",
] as const;
export type RefusedReason = (typeof REFUSED_REASONS)[number];

/** The last entry of a journal: seq 0 and 32 zero bytes for an empty one. */
export interface Head {
  seq: number;
  hash: Bytes;
}

export interface Credits {
  entries: number;
  bytes: number;
  push_entries: number;
}

// --- from the server ---------------------------------------------------------------------------

export interface Challenge {
  t: "challenge";
  nonce: Bytes;
  server_time_ms: number;
}

export interface Welcome {
  t: "welcome";
  acked: Head;
  credits: Credits;
  heartbeat_s: number;
  server_time_ms: number;
  /** SubjectPublicKeyInfo of what new shift keys are wrapped for; null leaves the till with what it has. */
  shard_key: Bytes | null;
}

export interface ShardKey {
  t: "shard_key";
  key: Bytes;
}

export interface Ack {
  t: "ack";
  acked: Head;
  /** Outcomes of the pushed entries, in order, from this seq. */
  first: number;
  outcomes: Outcome[];
  credits: Credits;
}

export interface Nack {
  t: "nack";
  reason: NackReason;
  detail: string;
  expected: number | null;
  retry_after_ms: number | null;
  key_ids: string[] | null;
}

/** The newest version of one row; `value` null says that the key is gone. */
export interface DeltaRow {
  kind: string;
  key: string;
  value: unknown;
}

/** The next rows of a feed; they stand in `rows`, or packed (raw DEFLATE of the JSON array) in `packed`. */
export interface Delta {
  t: "delta";
  feed: string;
  cursor: string;
  rows: DeltaRow[] | null;
  packed: Bytes | null;
  /** How many rows follow at least; null when the server does not say. */
  left: number | null;
  more: boolean;
}

export interface Drain {
  t: "drain";
  spread_ms: number;
}

/** The answer to `sign_in`: who it is, and the device's share of 32 bytes. */
export interface SignedIn {
  t: "signed_in";
  id: number;
  cashier: string;
  share: Bytes;
}

export interface FoundLine {
  number: number;
  product: string;
  quantity: number;
  unit_price: number;
  discount: number;
  tax_code: string;
  rate_ppm: number;
  tax: number;
  total: number;
  /** Thousandths of it that came back already. */
  returned: number;
}

export interface FoundReceipt {
  branch: number;
  device: number;
  seq: number;
  /** As printed; null where the shard knows no code of the till. */
  number: string | null;
  kind: "sale" | "return";
  at: string;
  currency: string;
  total: number;
  tax: number;
  rounding: number;
  lines: FoundLine[];
  customer: string | null;
}

/** The answer to `find_receipt`; null when the shard has no such receipt. */
export interface ReceiptFound {
  t: "receipt";
  id: number;
  receipt: FoundReceipt | null;
}

export interface Rescued {
  t: "rescued";
  id: number;
  acked: Head;
  outcomes: Outcome[];
}

/** The answer to a request that was not done. */
export interface Refused {
  t: "refused";
  id: number;
  reason: RefusedReason;
  detail: string;
  retry_after_ms: number | null;
  expected: number | null;
}

// --- from the till -----------------------------------------------------------------------------

export interface Hello {
  t: "hello";
  device: number;
  branch: number;
  schema: 1;
  head: Head;
  acked: Head | null;
  /** Feed -> cursor; "" starts from the beginning. */
  cursors: Record<string, string>;
  app: string;
  clock_ms: number;
  accepts: string[];
  signature: Bytes;
}

export interface PushedKey {
  id: string;
  wrapped: Bytes;
}

export interface PushedEntry {
  k: string;
  h: Bytes;
  c: Bytes;
}

/** What a push carries; that of another till stands within `rescue`. */
export interface PushBody {
  first: number;
  prev: Bytes;
  entries: PushedEntry[];
  keys: PushedKey[];
  signature: Bytes;
}

export interface PushMessage extends PushBody {
  t: "push";
}

export interface DeltaAck {
  t: "delta_ack";
  feed: string;
  cursor: string;
}

export interface SignIn {
  t: "sign_in";
  id: number;
  cashier: string;
  pin: string;
}

/** A receipt by its integers, or by its number as it is printed. */
export type FindReceipt = { t: "find_receipt"; id: number } & (
  { branch: number; device: number; seq: number } | { number: string }
);

export interface Rescue {
  t: "rescue";
  id: number;
  device: number;
  push: PushBody;
}

// --- from both ---------------------------------------------------------------------------------

export interface Ping {
  t: "ping";
}

export interface Pong {
  t: "pong";
}

/** What a till asks with an `id`, and what comes back with the same one. */
export type Request = SignIn | FindReceipt | Rescue;
export type Answer = SignedIn | ReceiptFound | Rescued | Refused;

export type FromServer = Challenge | Welcome | ShardKey | Ack | Nack | Delta | Drain | Answer | Ping | Pong;
export type FromTill = Hello | PushMessage | DeltaAck | Request | Ping | Pong;

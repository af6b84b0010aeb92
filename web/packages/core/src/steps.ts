/**
 * What happens to a till's connection (events) and what it answers (commands). Twin of `till/domain/steps.py`.
 *
 * Events are past, commands imperative. Whoever drives the machine carries the commands out in order, one
 * after the other. Times are milliseconds of a clock that never goes back.
 */
import type { Bytes } from "./bytes";
import type { Answer, Delta, DeltaAck, FromServer, Outcome, Ping, Pong, Request } from "./messages";

/** What the machine must know of a journal entry to send it; its bytes stay in the journal. */
export interface Outgoing {
  seq: number;
  hash: Bytes;
  keyId: string;
  /** Bytes of the ciphertext. */
  size: number;
}

/** Every event has the time `now`. */
export type Event = { now: number } & (
  | { /** The WebSocket is open; the server speaks first. */ type: "connected" }
  | { /** A well-formed frame arrived. */ type: "received"; message: FromServer }
  | { /** A frame, or its packed rows, is nothing of this protocol. */ type: "garbled"; detail: string }
  | { /** The connection ended, or could not be made. */ type: "disconnected" }
  | { /** Time has passed: at least up to the machine's `deadline`. */ type: "ticked" }
  | { /** The network is back, or a person asked: try soon. */ type: "network_returned" }
  | {
      /** The journal grew: `headSeq` is its last entry now, and durable. */ type: "appended";
      headSeq: number;
    }
  | OutboxRead
  | {
      /** Rows and cursor of a `store_delta` are on disk. */ type: "delta_stored";
      feed: string;
      cursor: string;
    }
  | { /** A person wants something of the server. */ type: "asked"; request: Request }
);

/**
 * The answer to `read_outbox`: the till's own hash and key at `after`, and what follows it. `hash` is null when
 * the journal does not reach to `after` or no longer holds it; for `after` 0 it is 32 zero bytes.
 */
export interface OutboxRead {
  type: "outbox_read";
  after: number;
  hash: Bytes | null;
  keyId: string | null;
  entries: Outgoing[];
}

export const ALARM_REASONS = [
  "forked",
  "fenced",
  "revoked",
  "bad_signature",
  "bad_chain",
  "unknown_key",
  "shard_behind",
  "shard_went_back",
  "bad_frame",
  "entry_too_large",
  "no_progress",
  "unknown_device",
  "bad_reference",
  "bad_shard_key",
] as const;
/** Why a person should look at this till. */
export type AlarmReason = (typeof ALARM_REASONS)[number];

/** Tell a person. `stopped` says that the machine will not go on by itself. */
export interface Alarm {
  type: "alarm";
  reason: AlarmReason;
  detail: string;
  stopped: boolean;
}

/** Send the entries `first` to `last`, with these wrapped keys; `prev` is the hash before them. */
export interface SendPush {
  type: "send_push";
  first: number;
  last: number;
  prev: Bytes;
  keyIds: string[];
}

/** The shard holds everything up to `seq` with the till's own hash. `outcomes` start at `first`. */
export interface MarkAcked {
  type: "mark_acked";
  /** May be lower than what was acked before: the shard was restored and will be sent it again. */
  seq: number;
  hash: Bytes;
  first: number;
  outcomes: Outcome[];
}

export type Command =
  | { /** Open a connection; answer with `connected` or `disconnected`. */ type: "connect" }
  | { /** Close the connection; answer with `disconnected`. */ type: "close" }
  | {
      /** Send `hello` for the journal's head as it is now, signed over this nonce. */ type: "send_hello";
      nonce: Bytes;
    }
  | SendPush
  | {
      /** Send a message that needs no signature. */ type: "send";
      message: DeltaAck | Request | Ping | Pong;
    }
  | {
      /** Read at most `limit` entries after seq `after`; answer with `outbox_read`. */ type: "read_outbox";
      after: number;
      limit: number;
    }
  | MarkAcked
  | {
      /** Store rows and cursor in one transaction, when it can be; then say `delta_stored`. */ type: "store_delta";
      delta: Delta;
    }
  | {
      /** Wrap new shift keys for this key (SubjectPublicKeyInfo, DER) from now on. */ type: "store_shard_key";
      key: Bytes;
    }
  | { /** Give the answer to whoever asked. */ type: "deliver"; answer: Answer }
  | {
      /** No answer will come: there is no connection, it ended, or it took too long. */ type: "unanswered";
      id: number;
    }
  | Alarm;

/** Tell a person; the machine goes on by itself. */
export function warning(reason: AlarmReason, detail: string): Alarm {
  return { type: "alarm", reason, detail, stopped: false };
}

/** What to tell a person when both sides have an entry of this seq, but not the same one. */
export function forkedAt(seq: number): string {
  return (
    `the shard's hash of entry ${seq} is not this till's: ` +
    "the till was cloned, or its journal restored from a copy"
  );
}

/** What to tell a person when the shard is at `seq` although it had acknowledged `toldSeq`. */
export function wentBack(seq: number, toldSeq: number): Alarm {
  return warning(
    "shard_went_back",
    `the shard had acknowledged ${toldSeq} entries and now holds ${seq}: it was restored from an older ` +
      "copy, and this till sends it again what it lost",
  );
}

/** What it means that the shard is at `seq` and the till has no such entry to go on from. */
export function outOfReach(seq: number, headSeq: number): [AlarmReason, string] {
  if (seq > headSeq) {
    return [
      "forked",
      `the shard holds ${seq} entries of this till, its journal only ${headSeq}: ` +
        "the journal was restored from an older copy",
    ];
  }
  return [
    "shard_behind",
    `the shard goes on from entry ${seq}, which this till has already given up: ` +
      "the shard was restored from an older copy",
  ];
}

"""The messages of `octonext.sync.v1`: JSON text frames with the tag field `t`.

Shapes only: what they mean stands in `docs/sync-protocol.md`. Binary values are base64 (RFC 4648
section 4, with padding) in JSON; msgspec decodes them into `bytes`.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Raw, Struct

from .fields import Branch, Device, Hash, KeyId, PublicKey, RequestId, Seq, Signature
from .receipt_messages import FindReceipt, ReceiptFound

#: The WebSocket subprotocol.
PROTOCOL = "octonext.sync.v1"
#: The largest frame either side accepts, in bytes of UTF-8.
FRAME_BYTES_MAX = 256 * 1024
#: Entries in one push unless the credits say more.
PUSH_ENTRIES_DEFAULT = 64
#: Entries in one push, whatever the credits say.
PUSH_ENTRIES_MAX = 512
#: New wrapped keys in one push.
PUSH_KEYS_MAX = 64
#: Rows in one delta.
DELTA_ROWS_MAX = 500
#: Rows in one delta whose rows are packed, and what they inflate to.
PACKED_ROWS_MAX = 5_000
UNPACKED_BYTES_MAX = 8 * 1024 * 1024
#: Seconds a connection may take to say `hello`.
HELLO_TIMEOUT_S = 10

NackReason = Literal[
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
]
Outcome = Literal["posted", "posted_with_case", "quarantined"]
#: Why what a till asked for is not done; a refused push is a nack.
RefusedReason = Literal[
    "wrong_pin",
    "locked_out",
    "unavailable",
    "elsewhere",
    "other_branch",
    "gap",
    "fork",
    "bad_signature",
    "bad_chain",
    "unknown_key",
    "unknown_device",
    "overloaded",
]


class Head(Struct, frozen=True):
    """The last entry of a journal: its seq (0 for none) and hash (32 zero bytes for none)."""

    seq: Seq
    hash: Hash


class Credits(Struct, frozen=True):
    """How much more a till may have in flight, and how many entries it may put into one push."""

    entries: int
    bytes: int
    push_entries: int = PUSH_ENTRIES_DEFAULT


# --- from the server -------------------------------------------------------------------------


class Challenge(Struct, frozen=True, tag_field="t", tag="challenge"):
    """The first frame of a connection."""

    nonce: bytes
    #: Milliseconds since 1970, UTC.
    server_time_ms: int


class Welcome(Struct, frozen=True, tag_field="t", tag="welcome", kw_only=True):
    """The till is who it says it is; this is what the shard holds of its journal."""

    acked: Head
    credits: Credits
    heartbeat_s: int
    server_time_ms: int
    #: What new shift keys are to be wrapped for; None leaves the till with what it has.
    shard_key: PublicKey | None = None


class ShardKey(Struct, frozen=True, tag_field="t", tag="shard_key"):
    """The shard's sync key was rotated: wrap new shift keys for this one."""

    key: PublicKey


class Ack(Struct, frozen=True, tag_field="t", tag="ack", kw_only=True):
    """Everything up to `acked` is on the shard's disk."""

    acked: Head
    #: Outcomes of the pushed entries, in order, from `first`.
    first: int
    outcomes: list[Outcome]
    credits: Credits


class Nack(Struct, frozen=True, tag_field="t", tag="nack", kw_only=True, omit_defaults=True):
    """The push (or frame) was refused; nothing of it was stored, except a fork's entries."""

    reason: NackReason
    detail: str
    #: For `gap`: the seq the shard needs next.
    expected: int | None = None
    #: For `overloaded`: when to try again.
    retry_after_ms: int | None = None
    #: For `unknown_key`: the key ids the shard has never been given.
    key_ids: list[str] | None = None


class DeltaRow(Struct, frozen=True, kw_only=True):
    """The newest version of one reference row; `value` is JSON, and `null` when it was deleted."""

    kind: str
    key: str
    #: Never None: msgspec cannot decode `Raw | None`, so a deletion is the text `null`.
    value: Raw

    @property
    def deleted(self) -> bool:
        """Whether this row says that the key is gone."""
        return bytes(self.value) == b"null"


class Delta(Struct, frozen=True, tag_field="t", tag="delta", kw_only=True, omit_defaults=True):
    """The next rows of a feed after the till's cursor: as they are, or packed for a till that accepts it."""

    feed: str
    cursor: str
    rows: list[DeltaRow] = []
    #: Raw DEFLATE of the JSON array of rows, see `octonext.sync.packing`.
    packed: bytes | None = None
    more: bool
    #: How many rows still follow at least, where that is known.
    left: int | None = None


class SignedIn(Struct, frozen=True, tag_field="t", tag="signed_in", kw_only=True):
    """The PIN is the cashier's; with the share the till opens its records."""

    id: RequestId
    cashier: UUID
    share: Annotated[bytes, Meta(min_length=32, max_length=32)]

    def __repr__(self) -> str:
        return f"SignedIn(id={self.id}, cashier={self.cashier})"


class Refused(Struct, frozen=True, tag_field="t", tag="refused", kw_only=True, omit_defaults=True):
    """What the till asked for with this id is not done; the connection goes on."""

    id: RequestId
    reason: RefusedReason
    detail: str
    #: When to ask again, where that is known.
    retry_after_ms: int | None = None
    #: For `gap`: the seq the shard needs next.
    expected: int | None = None


class Rescued(Struct, frozen=True, tag_field="t", tag="rescued", kw_only=True):
    """The other till's journal is on the shard's disk up to `acked`."""

    id: RequestId
    acked: Head
    outcomes: list[Outcome]


class Drain(Struct, frozen=True, tag_field="t", tag="drain"):
    """This gateway is going away: reconnect within a random part of `spread_ms`."""

    spread_ms: int


# --- from the till ---------------------------------------------------------------------------


class Hello(Struct, frozen=True, tag_field="t", tag="hello", kw_only=True):
    """Who the till is, and proof of it. See `hello_message` for what is signed."""

    device: Device
    branch: Branch
    schema: Annotated[int, Meta(ge=1, le=1)] = 1
    head: Head
    #: What the till was told is on the shard's disk; None when it never was. It lets a shard that was
    #: restored from a copy know.
    acked: Head | None = None
    #: Feed name -> cursor; a feed that is not named is not sent. "" starts from the beginning.
    cursors: Annotated[
        dict[Annotated[str, Meta(max_length=32)], Annotated[str, Meta(max_length=64)]],
        Meta(max_length=8),
    ] = {}
    #: PostgreSQL keeps it as text, which holds no NUL.
    app: Annotated[str, Meta(max_length=64, pattern=r"^[^\x00]*\Z")] = ""
    #: What the till can take beside the plain form; names that nobody knows are passed over.
    accepts: Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=8)] = []
    #: The till's clock, milliseconds since 1970.
    clock_ms: Annotated[int, Meta(ge=-(2**53), le=2**53)]
    signature: Signature


class PushedKey(Struct, frozen=True, kw_only=True):
    """A shift key wrapped for the shard, sent once before or with the first entry that uses it."""

    id: KeyId
    wrapped: Annotated[bytes, Meta(min_length=100, max_length=512)]


class PushedEntry(Struct, frozen=True, kw_only=True, gc=False):
    """One entry: its key, its claimed hash, and its ciphertext (nonce first)."""

    k: KeyId
    h: Hash
    c: Annotated[bytes, Meta(min_length=28)]


class Push(Struct, frozen=True, tag_field="t", tag="push", kw_only=True):
    """Consecutive entries from seq `first`. See `push_message` for what is signed."""

    first: Annotated[int, Meta(ge=1, le=2**46)]
    #: The hash before the first entry.
    prev: Hash
    entries: Annotated[list[PushedEntry], Meta(min_length=1, max_length=PUSH_ENTRIES_MAX)]
    keys: Annotated[list[PushedKey], Meta(max_length=PUSH_KEYS_MAX)] = []
    signature: Signature


class SignIn(Struct, frozen=True, tag_field="t", tag="sign_in", kw_only=True):
    """A cashier who is not known to this till, or no longer: is this the PIN, and what is the share?"""

    id: RequestId
    #: The code that was keyed in.
    cashier: Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[^\x00]*\Z")]
    pin: Annotated[str, Meta(min_length=1, max_length=64)]

    def __repr__(self) -> str:
        return f"SignIn(id={self.id})"  # neither belongs into a log


class RescuedPush(Struct, frozen=True, kw_only=True):
    """A push of another till, as that till signed it."""

    first: Annotated[int, Meta(ge=1, le=2**46)]
    prev: Hash
    entries: Annotated[list[PushedEntry], Meta(min_length=1, max_length=PUSH_ENTRIES_MAX)]
    keys: Annotated[list[PushedKey], Meta(max_length=PUSH_KEYS_MAX)] = []
    signature: Signature

    def as_push(self) -> Push:
        """Return it as its own till would have sent it."""
        return Push(
            first=self.first, prev=self.prev, entries=self.entries, keys=self.keys, signature=self.signature
        )


class Rescue(Struct, frozen=True, tag_field="t", tag="rescue", kw_only=True):
    """A till hands over what another one of its branch could not."""

    id: RequestId
    device: Device
    push: RescuedPush


class DeltaAck(Struct, frozen=True, tag_field="t", tag="delta_ack", kw_only=True):
    """The rows up to `cursor` are stored on the till."""

    feed: Annotated[str, Meta(max_length=32)]
    cursor: Annotated[str, Meta(max_length=64)]


# --- from both -------------------------------------------------------------------------------


class Ping(Struct, frozen=True, tag_field="t", tag="ping"):
    """Are you there? A browser page cannot see the WebSocket's own pings."""


class Pong(Struct, frozen=True, tag_field="t", tag="pong"):
    """Yes."""


FromServer = (
    Challenge
    | Welcome
    | ShardKey
    | Ack
    | Nack
    | Delta
    | SignedIn
    | ReceiptFound
    | Rescued
    | Refused
    | Drain
    | Ping
    | Pong
)
FromTill = Hello | Push | DeltaAck | SignIn | FindReceipt | Rescue | Ping | Pong

_encoder = msgspec.json.Encoder()
_from_till: msgspec.json.Decoder[FromTill] = msgspec.json.Decoder(FromTill)
_from_server: msgspec.json.Decoder[FromServer] = msgspec.json.Decoder(FromServer)


def encode(message: FromServer | FromTill) -> bytes:
    """Return the UTF-8 JSON of `message`."""
    return _encoder.encode(message)


def decode_from_till(frame: str | bytes) -> FromTill:
    """Return the till's message. Raises msgspec.DecodeError, of which ValidationError is one."""
    return _from_till.decode(frame)


def decode_from_server(frame: str | bytes) -> FromServer:
    """Return the server's message. Raises msgspec.DecodeError, of which ValidationError is one."""
    return _from_server.decode(frame)


def hello_message(nonce: bytes, device: int, head_seq: int, head_hash: bytes) -> bytes:
    """Return the bytes a till signs in `hello`: they bind the connection's nonce and its head."""
    return b"\n".join(
        (
            PROTOCOL.encode() + b" hello",
            nonce.hex().encode(),
            str(device).encode(),
            str(head_seq).encode(),
            head_hash.hex().encode(),
        )
    )


def push_message(device: int, first: int, last_hash: bytes, ciphertexts_digest: bytes) -> bytes:
    """Return the bytes a till signs in `push`.

    `last_hash` is the claimed hash of the last entry, `ciphertexts_digest` the SHA-256 over the
    ciphertexts one after the other, each preceded by its length as 4 bytes, big-endian. So a bit
    that flips on the way is a bad signature (sent again), never a damaged sale that is kept.
    """
    return b"\n".join(
        (
            PROTOCOL.encode() + b" push",
            str(device).encode(),
            str(first).encode(),
            last_hash.hex().encode(),
            ciphertexts_digest.hex().encode(),
        )
    )

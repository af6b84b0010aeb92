"""What happens to a till's connection (events) and what it answers (commands).

Events are past, commands imperative. Whoever drives the machine carries the commands out in order,
one after the other: a `StoreDelta` is on disk before the `Send` of its acknowledgement behind it.
Times are seconds of a clock that never goes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from octonext.sync.messages import DeltaAck, DeltaRow, FromServer, Outcome, Ping, Pong


class Outgoing(NamedTuple):
    """What the machine must know of a journal entry to send it; its bytes stay in the journal."""

    seq: int
    hash: bytes
    key_id: str
    #: Bytes of the ciphertext.
    size: int


# --- events -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """The WebSocket is open; the server speaks first."""

    now: float


@dataclass(frozen=True, slots=True)
class Received:
    """A well-formed frame arrived."""

    now: float
    message: FromServer


@dataclass(frozen=True, slots=True)
class Garbled:
    """A frame arrived that is no message of this protocol."""

    now: float
    detail: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended, or could not be made."""

    now: float


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed: at least up to the machine's `deadline`."""

    now: float


@dataclass(frozen=True, slots=True)
class NetworkReturned:
    """The machine's network is back: a hint to try soon instead of waiting out the backoff."""

    now: float


@dataclass(frozen=True, slots=True)
class Appended:
    """The journal grew: `head_seq` is its last entry now, and durable."""

    now: float
    head_seq: int


@dataclass(frozen=True, slots=True)
class OutboxRead:
    """The answer to `ReadOutbox`: the till's own hash and key at `after`, and what follows it.

    `hash` is None when the journal does not reach to `after` or no longer holds it. For `after` 0 it
    is 32 zero bytes and `key_id` is None.
    """

    now: float
    after: int
    hash: bytes | None
    key_id: str | None
    entries: list[Outgoing]


Event = Connected | Received | Garbled | Disconnected | Ticked | NetworkReturned | Appended | OutboxRead

# --- commands ---------------------------------------------------------------------------------


class AlarmReason(StrEnum):
    """Why a person should look at this till."""

    FORKED = "forked"
    FENCED = "fenced"
    REVOKED = "revoked"
    BAD_SIGNATURE = "bad_signature"
    BAD_CHAIN = "bad_chain"
    UNKNOWN_KEY = "unknown_key"
    SHARD_BEHIND = "shard_behind"
    SHARD_WENT_BACK = "shard_went_back"
    BAD_FRAME = "bad_frame"
    ENTRY_TOO_LARGE = "entry_too_large"
    NO_PROGRESS = "no_progress"
    UNKNOWN_DEVICE = "unknown_device"
    BAD_REFERENCE = "bad_reference"
    BAD_SHARD_KEY = "bad_shard_key"


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection; answer with `Connected` or `Disconnected`."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection; answer with `Disconnected`."""


@dataclass(frozen=True, slots=True)
class SendHello:
    """Send `hello` for the journal's head as it is now, signed over this nonce."""

    nonce: bytes


@dataclass(frozen=True, slots=True)
class SendPush:
    """Send the entries `first` to `last`, with these wrapped keys; `prev` is the hash before them."""

    first: int
    last: int
    prev: bytes
    key_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message that needs no signature."""

    message: DeltaAck | Ping | Pong


@dataclass(frozen=True, slots=True)
class ReadOutbox:
    """Read at most `limit` entries after seq `after`; answer with `OutboxRead`."""

    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class MarkAcked:
    """The shard holds everything up to `seq` with the till's own hash. `outcomes` start at `first`.

    `seq` may be lower than what was acked before: the shard was restored and will be sent it again.
    """

    seq: int
    hash: bytes
    first: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class StoreDelta:
    """Store rows and cursor in one transaction."""

    feed: str
    cursor: str
    rows: list[DeltaRow]
    more: bool


@dataclass(frozen=True, slots=True)
class StoreShardKey:
    """Wrap new shift keys for this public key (SubjectPublicKeyInfo, DER) from now on."""

    key: bytes


@dataclass(frozen=True, slots=True)
class Alarm:
    """Tell a person. `stopped` says that the machine will not go on by itself."""

    reason: AlarmReason
    detail: str
    stopped: bool


Command = (
    Connect
    | Close
    | SendHello
    | SendPush
    | Send
    | ReadOutbox
    | MarkAcked
    | StoreDelta
    | StoreShardKey
    | Alarm
)


#: Refusals that a person must decide.
STOPPING = {
    "fork": AlarmReason.FORKED,
    "fenced": AlarmReason.FENCED,
    "revoked": AlarmReason.REVOKED,
    "bad_chain": AlarmReason.BAD_CHAIN,
}


def forked_at(seq: int) -> str:
    """What to tell a person when both sides have an entry of this seq, but not the same one."""
    return (
        f"the shard's hash of entry {seq} is not this till's: "
        "the till was cloned, or its journal restored from a copy"
    )


def went_back(seq: int, told_seq: int) -> Alarm:
    """What to tell a person when the shard is at `seq` although it had acknowledged `told_seq`."""
    detail = (
        f"the shard had acknowledged {told_seq} entries and now holds {seq}: it was restored from an older "
        "copy, and this till sends it again what it lost"
    )
    return Alarm(AlarmReason.SHARD_WENT_BACK, detail, stopped=False)


def out_of_reach(seq: int, head_seq: int) -> tuple[AlarmReason, str]:
    """What it means that the shard is at `seq` and the till has no such entry to go on from."""
    if seq > head_seq:
        return AlarmReason.FORKED, (
            f"the shard holds {seq} entries of this till, its journal only {head_seq}: "
            "the journal was restored from an older copy"
        )
    return AlarmReason.SHARD_BEHIND, (
        f"the shard goes on from entry {seq}, which this till has already given up: "
        "the shard was restored from an older copy"
    )

"""One shard's side of the till protocol: who may speak, what became of a push, what is new."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import structlog

from octonext.base.clock import Clock
from octonext.crypto.envelope import ShardPrivateKey, shard_public_spki
from octonext.crypto.signature import verify
from octonext.runtime.actor import Actor, device_actor
from octonext.runtime.postgres import Connection
from octonext.shards.lane import Lane, ShardUnavailable

from ..domain import START, MarkedCursor, OpenedEntry, translate
from ..messages import (
    DELTA_ROWS_MAX,
    FRAME_BYTES_MAX,
    Ack,
    Credits,
    Delta,
    DeltaRow,
    Head,
    Hello,
    Nack,
    Outcome,
    Push,
    hello_message,
)
from ..metrics import SyncMetrics
from ..store import (
    PushResult,
    Session,
    begin_session,
    ingest_push,
    open_went_back_case,
    reference_head,
    reference_mark,
    reference_page,
)
from .keys import LookForKeys, ShiftKeys, no_other_keys
from .mirror import Mirror
from .opening import BrokenChain, is_signed, open_entries

log = structlog.get_logger(__name__)

_CURSOR = re.compile(r"(?P<xid>[0-9]{1,19})\.(?P<id>[0-9]{1,19})(?:\.(?P<mark>[0-9a-f]{12}))?")

#: The reference feed by its name in `hello.cursors`.
REFERENCE_FEED = "reference"
#: What a till may have in flight at first; every ack gives back what it used.
CREDIT_ENTRIES = 512
CREDIT_BYTES = 1024 * 1024
#: Entries in one push: large enough that a commit is cheap per sale, small enough that one till's
#: push never holds the gateway's loop for longer than a few milliseconds.
PUSH_ENTRIES = 128
#: Room that a delta leaves for its own envelope within a frame.
DELTA_BYTES_MAX = FRAME_BYTES_MAX - 8 * 1024
#: Tills that may read the reference feed at once. One new price wakes all of them: they take turns
#: here, so that no sale ever waits behind them in the lane's queue.
DELTAS_AT_ONCE = 2
#: The widest clock offset that is stored; beyond it a till's clock says nothing any more.
CLOCK_OFFSET_MAX = timedelta(days=365 * 100)
#: How long a freshly enrolled till is told to wait for its own enrolment to arrive.
UNKNOWN_RETRY_MS = 500


#: To a till whose session the shard does not know any more; the connection is closed after it.
STALE = Nack(
    reason="overloaded",
    detail="The shard was restored since this connection began; say hello again.",
    retry_after_ms=200,
)
#: How long tills wait while an operator has to act.
OPERATOR_RETRY_S = 30.0

#: What SQL says of a row it will not take.
_NOT_BOOKABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
#: An argument that is not the entry's but ours, such as a time zone that PostgreSQL does not know.
_INVALID_PARAMETER = "22023"


@dataclass(frozen=True, slots=True)
class TillSession:
    """A till that said hello and is who it says it is."""

    branch_id: int
    device_id: int
    epoch: int
    public_spki: bytes
    clock_offset: timedelta
    acked: Head
    #: Whether the shard holds less than the till was told; its cursors are of a lost history, too.
    is_restored: bool = False


class ShardSync:
    """Sync with the tills of one shard. One per shard and gateway process.

    `privates`: the generations of the shard's sync key, the newest first.
    """

    def __init__(
        self,
        lane: Lane,
        privates: Sequence[ShardPrivateKey],
        *,
        clock: Clock,
        metrics: SyncMetrics,
        look_for_keys: LookForKeys = no_other_keys,
    ) -> None:
        self.shard_id = lane.shard_id
        self.mirror = Mirror(lane.shard_id)
        #: Set and replaced whenever tills have something new to fetch.
        self.news = asyncio.Event()
        self._lane = lane
        self._keys = ShiftKeys(lane, privates, look_for_keys)
        self.public_key = shard_public_spki(privates[0])
        self._clock = clock
        self._metrics = metrics
        self._delta_turns = asyncio.Semaphore(DELTAS_AT_ONCE)

    def use_keys(self, privates: Sequence[ShardPrivateKey]) -> bool:
        """Take the generations of a rotated sync key; whether tills must be told of another public key."""
        before, self.public_key = self.public_key, shard_public_spki(privates[0])
        self._keys.use(privates)
        return self.public_key != before

    async def refresh(self) -> None:
        """Bring the mirror up to date and wake whoever waits for news. Raises ShardUnavailable."""
        if await self.mirror.refresh(self._lane):
            news, self.news = self.news, asyncio.Event()
            news.set()

    async def open_session(
        self, hello: Hello, nonce: bytes, *, ip: str | None = None, user_agent: str | None = None
    ) -> TillSession | Nack:
        """Check who says hello, fence its older connections, and say where its journal stands.

        `ip` and `user_agent` of the connection go into the shard's audit trail with it.
        Raises ShardUnavailable.
        """
        device = self.mirror.device(hello.device)
        if device is None or device.branch_id != hello.branch or device.status == "pending":
            return Nack(
                reason="unknown_device",
                detail=f"The shard does not know device {hello.device} of branch {hello.branch} yet.",
                retry_after_ms=UNKNOWN_RETRY_MS,
            )
        if device.status == "revoked":
            return Nack(reason="revoked", detail="Head office has ended this till.")
        public_spki = device.public_spki()
        message = hello_message(nonce, hello.device, hello.head.seq, hello.head.hash)
        if public_spki is None or not verify(public_spki, hello.signature, message):
            return Nack(reason="bad_signature", detail="The signature of hello does not fit.")
        offset = self._clock_offset(hello.clock_ms)
        actor = device_actor(hello.device, public_spki, app=hello.app, ip=ip, user_agent=user_agent)
        session, is_restored, is_news = await self._lane.run(
            lambda connection: _begin_session(connection, hello, offset, actor)
        )
        if is_restored:
            self._keys.forget(hello.device)
        if is_news:
            self._metrics.went_back.labels(self.shard_id).inc()
            log.error(
                "shard_went_back",
                shard=self.shard_id,
                device=hello.device,
                shard_seq=session.head_seq,
                till_was_told=hello.acked.seq if hello.acked is not None else 0,
            )
        if session.is_fork:
            return Nack(
                reason="fork",
                detail=f"The shard holds entries up to {session.head_seq} that are not in this "
                "till's journal; the till was restored from a copy or cloned.",
            )
        return TillSession(
            branch_id=hello.branch,
            device_id=hello.device,
            epoch=session.epoch,
            public_spki=public_spki,
            clock_offset=offset,
            acked=Head(session.head_seq, session.head_hash),
            is_restored=is_restored,
        )

    async def push(self, session: TillSession, push: Push) -> Ack | Nack:
        """Book a push; an ack means it is committed. Raises ShardUnavailable."""
        device = self.mirror.device(session.device_id)
        if device is not None and device.status == "revoked":
            return Nack(reason="revoked", detail="Head office has ended this till.")
        self._lane.check()
        if not is_signed(push, device=session.device_id, public_spki=session.public_spki):
            return Nack(reason="bad_signature", detail="The signature of push does not fit.")
        keys, missing = await self._keys.find(
            session.branch_id, session.device_id, (entry.k for entry in push.entries), push.keys
        )
        if missing:
            return Nack(
                reason="unknown_key",
                detail="The shard was never given these shift keys.",
                key_ids=missing,
            )
        try:
            entries = open_entries(push, device=session.device_id, keys=keys)
        except BrokenChain as error:
            return Nack(reason="bad_chain", detail=str(error))
        result = await self._book(session, push, entries)
        if result.status != "accepted":
            return _refusal(result)
        self._keys.remember(session.device_id, keys)
        self._metrics.record(self.shard_id, push, result.outcomes)
        return Ack(
            acked=Head(result.head_seq, result.head_hash),
            first=push.first,
            outcomes=result.outcomes,
            credits=Credits(
                entries=len(push.entries),
                bytes=sum(len(entry.c) for entry in push.entries),
                push_entries=PUSH_ENTRIES,
            ),
        )

    async def delta(self, session: TillSession, after: MarkedCursor) -> Delta | None:
        """Return the next rows of the reference feed for a till, None if it has them all.

        Raises ShardUnavailable.
        """
        if after == self.mirror.head:
            return None
        async with self._delta_turns:
            return await self._lane.run(
                lambda connection: _read_delta(connection, after, branch=session.branch_id), readonly=True
            )

    def _clock_offset(self, clock_ms: int) -> timedelta:
        now_ms = int(self._clock.now().timestamp() * 1000)
        limit = CLOCK_OFFSET_MAX // timedelta(milliseconds=1)
        return timedelta(milliseconds=max(-limit, min(limit, now_ms - clock_ms)))

    async def _book(self, session: TillSession, push: Push, entries: list[OpenedEntry]) -> PushResult:
        """Book all entries at once; if SQL refuses one of them, find it by booking one at a time."""
        try:
            return await self._ingest(session, push, entries, push.prev)
        except _NOT_BOOKABLE as error:
            self._blame(error)
        outcomes: list[Outcome] = []
        previous = push.prev
        for entry in entries:
            try:
                result = await self._ingest(session, push, [entry], previous)
            except _NOT_BOOKABLE as error:
                self._blame(error)
                refused = msgspec.structs.replace(entry, refusal=f"not_bookable: {error.sqlstate} {error}")
                result = await self._ingest(session, push, [refused], previous)
            if result.status != "accepted":
                return result
            outcomes += result.outcomes
            previous = entry.hash
        return replace(result, outcomes=outcomes)

    def _blame(self, error: asyncpg.PostgresError) -> None:
        """Return if the entry is at fault; raise ShardUnavailable if the shard or its data is.

        What the shard cannot do now must never be acknowledged as quarantined.
        """
        if _is_partition_missing(error):
            why = "has no partition for this month"
        elif error.sqlstate == _INVALID_PARAMETER:
            why = "cannot book with the branch's settings"
        else:
            log.warning("push refused by constraint", shard=self.shard_id, sqlstate=error.sqlstate)
            return
        log.error(why, shard=self.shard_id, sqlstate=error.sqlstate)
        raise ShardUnavailable(self.shard_id, why, OPERATOR_RETRY_S) from None

    async def _ingest(
        self, session: TillSession, push: Push, entries: list[OpenedEntry], previous: bytes
    ) -> PushResult:
        rules = self.mirror.rules(session.branch_id)
        postings = translate(
            entries,
            rules,
            received_at=self._clock.now().astimezone(UTC),
            clock_offset=session.clock_offset,
        )
        return await self._lane.run(
            lambda connection: ingest_push(
                connection,
                rules=rules,
                device=session.device_id,
                epoch=session.epoch,
                first=entries[0].seq,
                prev=previous,
                keys=push.keys,
                postings=postings,
            )
        )


async def _begin_session(
    connection: Connection, hello: Hello, clock_offset: timedelta, actor: Actor
) -> tuple[Session, bool, bool]:
    """Begin a till's session; whether it shows that the shard was restored, and whether that is news."""
    session = await begin_session(
        connection,
        branch=hello.branch,
        device=hello.device,
        seq=hello.head.seq,
        hash_=hello.head.hash,
        app=hello.app,
        clock_offset=clock_offset,
        actor=actor,
    )
    told, held = hello.acked, Head(session.head_seq, session.head_hash)
    if session.is_fork or told is None or told.seq < held.seq or told == held:
        return session, False, False
    # Not refused: the till sends again what is missing here, and that is the cure.
    opened = await open_went_back_case(
        connection, branch=hello.branch, device=hello.device, told=told, held=held
    )
    return session, True, opened


async def _read_delta(connection: Connection, after: MarkedCursor, *, branch: int) -> Delta | None:
    """The next rows for the tills of a branch, None if there are none."""
    place = after.place
    if after.mark and await reference_mark(connection, place[0]) != after.mark:
        # the shard was restored since: what it has taken over again may lie behind this cursor
        place = START.place
    head = await reference_head(connection)
    rows = await reference_page(connection, place, branch=branch, limit=DELTA_ROWS_MAX)
    taken: list[DeltaRow] = []
    size = 0
    for row in rows:
        size += len((row.payload or "").encode()) + len(row.key) + 64
        if taken and size > DELTA_BYTES_MAX:
            break
        value = msgspec.Raw((row.payload or "null").encode())
        taken.append(DeltaRow(kind=row.kind, key=row.key, value=value))
    # a page that is not full has reached the head, past rows that are not for this branch
    more = len(taken) < len(rows) or len(rows) == DELTA_ROWS_MAX
    end = rows[len(taken) - 1].cursor if more else max(head, place)
    cursor = MarkedCursor(end, await reference_mark(connection, end[0]))
    if not taken and cursor == after:
        return None
    return Delta(feed=REFERENCE_FEED, cursor=str(cursor), rows=taken, more=more)


def _is_partition_missing(error: asyncpg.PostgresError) -> bool:
    """PostgreSQL reports it as a violated check, but of no constraint: the shard is at fault, not
    the entry, which therefore must not be quarantined.
    """
    return isinstance(error, asyncpg.CheckViolationError) and error.constraint_name is None


def _refusal(result: PushResult) -> Nack:
    if result.status == "gap":
        expected = result.head_seq + 1
        return Nack(reason="gap", detail=f"The next entry is {expected}.", expected=expected)
    if result.status == "fork":
        return Nack(
            reason="fork",
            detail="The shard holds another history of this till; both are kept and a case is open.",
        )
    if result.status == "stale":
        return STALE
    return Nack(reason="fenced", detail="Another connection of this till is newer.")


def parse_cursor(text: str) -> MarkedCursor:
    """Return "12.34.0123456789ab" as its place and mark, "" as the beginning. Raises ValueError."""
    if not text:
        return START
    found = _CURSOR.fullmatch(text)
    if found is None or int(found["xid"]) >= 2**63 or int(found["id"]) >= 2**63:
        raise ValueError(f"{text!r} is not a cursor")
    return MarkedCursor((int(found["xid"]), int(found["id"])), found["mark"] or "")


def overloaded(error: ShardUnavailable) -> Nack:
    """Return the nack for a shard that is busy, slow or away."""
    return Nack(
        reason="overloaded",
        detail=str(error),
        retry_after_ms=max(int(error.retry_after_s * 1000), 100),
    )


def utc_ms(now: datetime) -> int:
    """Return milliseconds since 1970."""
    return int(now.timestamp() * 1000)

"""One shard's side of the till protocol: who may speak, what became of a push, what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import structlog

from octonext.base.clock import Clock
from octonext.crypto.envelope import ShardPrivateKey, shard_public_spki
from octonext.crypto.signature import verify
from octonext.edge.limits import Attempts
from octonext.runtime.actor import Actor, device_actor
from octonext.runtime.postgres import Connection
from octonext.shards.lane import Lane, ShardUnavailable

from ..domain import MarkedCursor, OpenedEntry, translate
from ..messages import (
    Ack,
    Credits,
    Delta,
    Head,
    Hello,
    Nack,
    Outcome,
    Push,
    Refused,
    Rescue,
    Rescued,
    hello_message,
)
from ..metrics import SyncMetrics
from ..store import (
    PushResult,
    Session,
    begin_session,
    ingest_push,
    name_actor,
    open_went_back_case,
    rescued_clock,
)
from .answers import refusal, refused
from .deltas import CUSTOMERS, REFERENCE, Deltas, Feed, PackedPages
from .keys import LookForKeys, ShiftKeys, no_other_keys
from .mirror import Mirror
from .opening import BrokenChain, is_signed, open_entries, with_proven_keys

log = structlog.get_logger(__name__)

#: What a till may have in flight at first; every ack gives back what it used.
CREDIT_ENTRIES = 512
CREDIT_BYTES = 1024 * 1024
#: Entries in one push: large enough that a commit is cheap per sale, small enough that one till's
#: push never holds the gateway's loop for longer than a few milliseconds.
PUSH_ENTRIES = 128
#: The widest clock offset that is stored; beyond it a till's clock says nothing any more.
CLOCK_OFFSET_MAX = timedelta(days=365 * 100)
#: How long a freshly enrolled till is told to wait for its own enrolment to arrive.
UNKNOWN_RETRY_MS = 500


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
    #: Another till that hands the journal over, for the audit trail: it fences nobody, and nobody it.
    rescued_by: Actor | None = None


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
        pages: PackedPages | None = None,
    ) -> None:
        self.shard_id = lane.shard_id
        self.mirror = Mirror(lane.shard_id)
        #: Set and replaced whenever tills have something new to fetch.
        self.news = asyncio.Event()
        self.lane = self._lane = lane
        self._keys = ShiftKeys(lane, privates, look_for_keys)
        self.public_key = shard_public_spki(privates[0])
        self._clock = clock
        self._metrics = metrics
        self._deltas = Deltas(lane, pages)
        self.lookups = Attempts(clock)

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
            return Nack(reason="revoked", detail=device.ending)
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
            return Nack(reason="revoked", detail=device.ending)
        return await self._take(session, push)

    async def rescue(self, session: TillSession, request: Rescue, actor: Actor) -> Rescued | Refused:
        """Book what another till of the branch has written, as if it had come itself; `actor` hands it over.

        Nobody is fenced, and a till that head office has ended is heard as well: what it sold is a fact.
        Raises ShardUnavailable.
        """
        device = self.mirror.device(request.device)
        spki = None if device is None else device.public_spki()
        if device is None or spki is None:
            return Refused(
                id=request.id, reason="unknown_device", detail=f"Nobody knows device {request.device} here."
            )
        if device.branch_id != session.branch_id:
            return Refused(id=request.id, reason="other_branch", detail="That till is another branch's.")
        offset_ms = await self._lane.run(
            lambda connection: rescued_clock(connection, branch=device.branch_id, device=device.device_id),
            readonly=True,
        )
        other = TillSession(
            branch_id=device.branch_id,
            device_id=device.device_id,
            epoch=0,
            public_spki=spki,
            clock_offset=timedelta(milliseconds=offset_ms),
            acked=session.acked,
            rescued_by=actor,
        )
        answer = await self._take(other, request.push.as_push())
        if isinstance(answer, Ack):
            self._metrics.rescued.labels(self.shard_id).inc(len(answer.outcomes))
            return Rescued(id=request.id, acked=answer.acked, outcomes=answer.outcomes)
        return refused(request.id, answer)

    async def _take(self, session: TillSession, push: Push) -> Ack | Nack:
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
        if session.rescued_by is not None:
            push, wrong = with_proven_keys(push, entries)
            if wrong:
                return Nack(
                    reason="unknown_key",
                    detail="The shift keys that came with these entries do not open them.",
                    key_ids=wrong,
                )
        result = await self._book(session, push, entries)
        if result.status != "accepted":
            return refusal(result)
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

    async def delta(
        self, session: TillSession, after: MarkedCursor, *, feed: Feed = REFERENCE, packed: bool = False
    ) -> Delta | None:
        """Return the next rows of a feed for a till, None if it has them all. Raises ShardUnavailable."""
        head = self.mirror.customers if feed is CUSTOMERS else self.mirror.head
        return await self._deltas.after(feed, after, branch=session.branch_id, known_head=head, packed=packed)

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

        async def book(connection: Connection) -> PushResult:
            if session.rescued_by is not None:
                await name_actor(connection, session.rescued_by)
            return await ingest_push(
                connection,
                rules=rules,
                device=session.device_id,
                epoch=session.epoch if session.rescued_by is None else None,
                first=entries[0].seq,
                prev=previous,
                keys=push.keys,
                postings=postings,
            )

        return await self._lane.run(book)


def first_credits() -> Credits:
    """Return what a till may have on the way when it is welcomed."""
    return Credits(CREDIT_ENTRIES, CREDIT_BYTES, PUSH_ENTRIES)


def shard_of(shards: Iterable[ShardSync], branch_id: int) -> ShardSync | Nack:
    """Return the shard of a branch, or why it cannot be told."""
    known = tuple(shards)
    for shard in known:
        if shard.mirror.has_branch(branch_id):
            return shard
    if all(shard.mirror.is_loaded for shard in known):
        return Nack(
            reason="unknown_device",
            detail=f"No shard knows branch {branch_id}.",
            retry_after_ms=UNKNOWN_RETRY_MS,
        )
    return Nack(
        reason="overloaded",
        detail="A shard has not been reached yet, and the branch may be on it.",
        retry_after_ms=1000,
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


def _is_partition_missing(error: asyncpg.PostgresError) -> bool:
    """PostgreSQL reports it as a violated check, but of no constraint: the shard is at fault, not
    the entry, which therefore must not be quarantined.
    """
    return isinstance(error, asyncpg.CheckViolationError) and error.constraint_name is None


def utc_ms(now: datetime) -> int:
    """Return milliseconds since 1970."""
    return int(now.timestamp() * 1000)

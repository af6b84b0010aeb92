"""A lane: the only way from a gateway to one shard, with its own pool, queue, deadlines and breaker.

A shard that hangs costs its own branches a quick refusal and nobody else anything: no lane waits for
another, and a call that outlives its deadline has its connection cut rather than its caller blocked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import asyncpg
import structlog

from octonext.base.clock import Clock
from octonext.base.errors import OctoNextError
from octonext.runtime.metrics import Registry
from octonext.runtime.postgres import (
    Connection,
    DatabaseUnreachable,
    Pool,
    close_pool,
    open_pool,
    transaction,
)

from .breaker import Breaker

log = structlog.get_logger(__name__)

Result = TypeVar("Result")
Job = Callable[[Connection], Awaitable[Result]]

#: Connections of one gateway process to one shard. Commits of one till wait for each other anyway;
#: eight tills at once are more than one shard's WAL can use apart.
POOL_SIZE = 8
#: Calls that may wait for a connection; one more is refused.
QUEUE_MAX = 512
#: How long a call may wait in the queue.
QUEUE_DEADLINE_S = 2.0
#: How long a call may take once it has a connection.
CALL_DEADLINE_S = 4.0
#: How long a new connection may take.
CONNECT_DEADLINE_S = 2.0
#: What a caller is told to wait when the queue, not the shard, was the reason.
BUSY_RETRY_S = 1.0

#: After how long the shard itself ends a transaction whose gateway has vanished: it holds the till's
#: head row and stock rows that every till of the branch needs.
IDLE_IN_TRANSACTION_MS = 5_000

#: What the gauge shows for each state of the breaker.
_BREAKER_VALUES = {"closed": 0.0, "half_open": 0.5, "open": 1.0}

_UNANSWERED = (OSError, TimeoutError, asyncpg.InterfaceError, DatabaseUnreachable)
#: SQLSTATE classes that say the shard cannot work: connection, who we are, which database (as while it is put
#: back from a copy), resources, operator, system.
_SHARD_IS_ILL = frozenset({"08", "28", "3D", "53", "57", "58"})
#: Classes that say it cannot do this now: a plan that a migration has just made stale, read-only standby,
#: deadlock, a schema that lacks what this code asks for (its migrations are still to come), lock, internal
#: error.
_SHARD_CANNOT_NOW = frozenset({"0A", "25", "40", "42", "55", "XX"})


class ShardUnavailable(OctoNextError):
    """The branch's shard does not answer, or is too busy, right now; nothing was changed for sure."""

    code = "shard_unavailable"

    def __init__(self, shard_id: str, why: str, retry_after_s: float) -> None:
        super().__init__(
            f"The shard {shard_id} {why}.", remedy=f"Try again in {max(retry_after_s, 0.1):.1f} s."
        )
        self.shard_id = shard_id
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """A lane at a glance, for `status` and the demo."""

    shard_id: str
    breaker: str
    in_flight: int
    queued: int


class LaneMetrics:
    """The numbers of every lane of a process, labelled by shard."""

    def __init__(self, registry: Registry) -> None:
        self.in_flight = registry.gauge("lane_in_flight", "Calls a shard is working on.", ("shard",))
        self.queued = registry.gauge("lane_queued", "Calls waiting for a connection.", ("shard",))
        self.breaker_open = registry.gauge(
            "lane_breaker_open", "0 closed, 0.5 half open, 1 open.", ("shard",)
        )
        self.refused = registry.counter(
            "lane_refused_total", "Calls refused before they reached the shard.", ("shard", "why")
        )
        self.latency_s = registry.histogram(
            "lane_latency_seconds", "Time of a call, waiting for a connection included.", ("shard",)
        )


class Lane:
    """The lane to one shard. Made once per gateway process; `close` it at the end."""

    def __init__(self, shard_id: str, dsn: str, *, clock: Clock, metrics: LaneMetrics) -> None:
        self.shard_id = shard_id
        self._dsn = dsn
        self._clock = clock
        self._refused = metrics.refused
        # looked up once: finding a label takes longer than moving its number
        self._breaker_gauge = metrics.breaker_open.labels(shard_id)
        self._in_flight_gauge = metrics.in_flight.labels(shard_id)
        self._queued_gauge = metrics.queued.labels(shard_id)
        self._latency = metrics.latency_s.labels(shard_id)
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()
        self._slots = asyncio.Semaphore(POOL_SIZE)
        self._breaker = Breaker()
        self._in_flight = 0
        self._queued = 0

    async def run(self, job: Job[Result], *, readonly: bool = False) -> Result:
        """Run `job` in one transaction on this shard and return its result, committed.

        Raises ShardUnavailable when the shard is away, hangs or is too busy. A transaction that was
        under way then may or may not be committed; the caller's retry must be idempotent. Errors of
        the statement itself (asyncpg.PostgresError of what was sent) pass through.
        """
        began = self._clock.monotonic()
        if not self._breaker.admit(began):
            self._refused.labels(self.shard_id, "breaker").inc()
            raise ShardUnavailable(self.shard_id, "is not answering", self._breaker.retry_after_s(began))
        await self._take_slot()
        try:
            return await self._call(job, readonly)
        finally:
            self._slots.release()
            self._latency.observe(self._clock.monotonic() - began)
            self._report()

    def check(self) -> None:
        """Raise ShardUnavailable when a call would be refused at once, before it is prepared.

        Tills of a shard that hangs try again and again, each with all it has sold meanwhile: what opening
        that costs would be taken from the tills of every other shard.
        """
        now = self._clock.monotonic()
        if self._breaker.refuses(now):
            self._refused.labels(self.shard_id, "breaker").inc()
            raise ShardUnavailable(self.shard_id, "is not answering", self._breaker.retry_after_s(now))
        if self._queued >= QUEUE_MAX:
            self._refused.labels(self.shard_id, "queue").inc()
            raise ShardUnavailable(self.shard_id, "has too many calls waiting", BUSY_RETRY_S)

    def status(self) -> LaneStatus:
        return LaneStatus(self.shard_id, self._breaker.state, self._in_flight, self._queued)

    async def close(self) -> None:
        if self._pool is not None:
            await close_pool(self._pool)

    async def _take_slot(self) -> None:
        if self._queued >= QUEUE_MAX:
            self._refused.labels(self.shard_id, "queue").inc()
            raise ShardUnavailable(self.shard_id, "has too many calls waiting", BUSY_RETRY_S)
        self._queued += 1
        self._report()
        try:
            async with asyncio.timeout(QUEUE_DEADLINE_S):
                await self._slots.acquire()
        except TimeoutError:
            self._refused.labels(self.shard_id, "deadline").inc()
            raise ShardUnavailable(self.shard_id, "kept the call waiting too long", BUSY_RETRY_S) from None
        finally:
            self._queued -= 1

    async def _call(self, job: Job[Result], readonly: bool) -> Result:
        self._in_flight += 1
        self._report()
        try:
            result = await self._with_deadline(job, readonly)
        except _UNANSWERED as error:
            raise self._unavailable(error, ill=True) from None
        except asyncpg.PostgresError as error:
            kind = (error.sqlstate or "")[:2]
            if kind in _SHARD_IS_ILL or kind in _SHARD_CANNOT_NOW:
                raise self._unavailable(error, ill=kind in _SHARD_IS_ILL) from None
            self._breaker.succeed()
            raise
        finally:
            self._in_flight -= 1
        self._breaker.succeed()
        return result

    def _unavailable(self, error: Exception, *, ill: bool) -> ShardUnavailable:
        now = self._clock.monotonic()
        if ill:
            self._breaker.fail(now)
        else:
            self._breaker.succeed()
        # A refused link says what is wrong with it, and quotes nothing secret.
        why = str(error) if isinstance(error, DatabaseUnreachable) else ""
        log.warning("shard did not do it", shard=self.shard_id, error=type(error).__name__, why=why)
        return ShardUnavailable(
            self.shard_id, "did not answer", self._breaker.retry_after_s(now) or BUSY_RETRY_S
        )

    async def _with_deadline(self, job: Job[Result], readonly: bool) -> Result:
        pool = await self._open_pool()
        connection = await pool.acquire(timeout=CONNECT_DEADLINE_S)
        task = asyncio.ensure_future(_in_transaction(connection, job, readonly))
        try:
            done, _ = await asyncio.wait({task}, timeout=CALL_DEADLINE_S)
            if not done:
                raise TimeoutError
            return task.result()
        finally:
            if not task.done():
                # the shard hangs, or our caller was cancelled: a rollback would hang as well, so
                # the connection is cut and the server rolls back when it notices
                connection.terminate()
                task.cancel()
                await asyncio.wait({task}, timeout=CONNECT_DEADLINE_S)
            await pool.release(connection, timeout=CONNECT_DEADLINE_S)

    async def _open_pool(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await open_pool(
                    self._dsn,
                    application_name=f"octonext-gateway-{self.shard_id}",
                    max_size=POOL_SIZE,
                    statement_timeout_ms=int(CALL_DEADLINE_S * 1000),
                    connect_timeout_s=CONNECT_DEADLINE_S,
                    idle_in_transaction_ms=IDLE_IN_TRANSACTION_MS,
                )
        return self._pool

    def _report(self) -> None:
        self._breaker_gauge.set(_BREAKER_VALUES[self._breaker.state])
        self._in_flight_gauge.set(self._in_flight)
        self._queued_gauge.set(self._queued)


async def _in_transaction(connection: Connection, job: Job[Result], readonly: bool) -> Result:
    # A push tells by its rows whose it is, and a hello by its own argument.
    async with transaction(connection, readonly=readonly, names_actor=False) as borrowed:
        return await job(borrowed)

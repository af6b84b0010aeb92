"""The sealer's tasks: one for each database, and one for each place that a database's heads are copied to.

Every task has its own connection and its own pauses, so a database that hangs, or a place that is away,
delays nobody else. A round that takes too long is cut off with its connection.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg
import structlog

from octonext.audit.sealing.domain.head import SealingKey, SignedHead
from octonext.audit.sealing.domain.rows import DatabaseKind
from octonext.audit.sealing.errors import SealRefused
from octonext.audit.sealing.remote import DatabaseTarget
from octonext.audit.sealing.service.copying import Target, copy
from octonext.audit.sealing.service.sealing import Memory, seal, write_canary
from octonext.audit.sealing.store import HEADS_PAGE
from octonext.base.clock import Clock
from octonext.feeds.domain import backoff_s
from octonext.runtime.kept_connection import KeptConnection, kept_connection
from octonext.runtime.rounds import rest, within

ROUND_TIMEOUT_S = 60.0
STATEMENT_TIMEOUT_MS = 30_000
"""A transaction is sealed whole: reading one of a hundred thousand rows takes seconds."""
COPY_EVERY_S = 0.5
"""How often a place is given what is new, so that a head lies elsewhere soon after it was signed."""
ERROR_CHARACTERS_MAX = 300


@dataclass(slots=True)
class Rounds:
    """Something that is done again and again: how it went, for the status page."""

    failures: int = 0
    error: str = ""

    async def run(
        self,
        stop: asyncio.Event,
        work: Callable[[], Awaitable[float]],
        abort: Callable[[], None],
        name: dict[str, str],
    ) -> None:
        """Do `work` until `stop` is set; it answers how long to pause. Nothing that it raises gets out."""
        log = structlog.get_logger().bind(**name)
        while not stop.is_set():
            try:
                pause = await within(ROUND_TIMEOUT_S, work(), abort)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the next round may succeed
                abort()
                self.failures += 1
                self.error = (str(error) or type(error).__name__)[:ERROR_CHARACTERS_MAX]
                pause = backoff_s(self.failures, random.random())  # noqa: S311 -- spreads, hides nothing
                if self.failures in (1, 10) or self.failures % 100 == 0:
                    log.warning("sealing_failed", error=self.error, failures=self.failures)
            else:
                self.failures, self.error = 0, ""
            await rest(pause, stop)
        abort()


@dataclass(slots=True)
class DatabaseSealer:
    """Seals one database."""

    name: str
    kind: DatabaseKind
    dsn: Callable[[], str]
    key: SealingKey
    clock: Clock
    seal_every_s: float
    canary_every_s: float
    rounds: Rounds
    memory: Memory = field(default_factory=Memory)
    heads: int = 0
    """Written since this process started."""
    canary: int = 0
    canary_at: float | None = None
    canary_recorded: bool | None = None
    """Whether the trail shows the last one; None before the first."""
    refused: str = ""
    """Why it is not sealed any further: for an operator to look into."""
    halted: dict[str, SealRefused] = field(default_factory=dict)
    """By each copy that knows another history: nothing is sealed onto this one meanwhile."""
    drained_at: float | None = None
    """Monotonic time at which everything that was final then is known to be under a head."""
    database: KeptConnection[asyncpg.Connection] = field(init=False)

    def __post_init__(self) -> None:
        self.database = _keep(self.dsn)

    @property
    def newest(self) -> SignedHead | None:
        return self.memory.newest

    async def run(self, stop: asyncio.Event) -> None:
        await self.rounds.run(stop, self.round, self.abort, {"database": self.name})

    async def round(self) -> float:
        """A canary if one is due, and a head if there is anything new; how long to pause."""
        try:
            began = self.clock.monotonic()
            for error in self.halted.values():
                # An operator may have accepted the loss meanwhile; the copy finds out, and says so.
                raise error
            connection = await self.database.open()
            if self.canary_at is None or self.clock.monotonic() - self.canary_at >= self.canary_every_s:
                self.canary, self.canary_recorded = await write_canary(connection)
                self.canary_at = self.clock.monotonic()
                if not self.canary_recorded:
                    structlog.get_logger().error("canary_missing", database=self.name, canary=self.canary)
            signed = await seal(connection, self.name, self.kind, self.key, self.clock, self.memory)
        except SealRefused as error:
            if not self.refused:
                structlog.get_logger().error("seal_refused", database=self.name, reason=str(error))
            self.refused = str(error)
            raise
        self.refused = ""
        if signed is not None:
            self.heads += 1
        if not self.memory.more:
            self.drained_at = began
        return 0.0 if self.memory.more else self.seal_every_s

    def abort(self) -> None:
        self.database.abort()


@dataclass(slots=True)
class Copier:
    """Brings the heads of one database to one place."""

    sealer: DatabaseSealer
    target: Target
    rounds: Rounds
    copied: int = 0
    newest: int = 0
    registered: bool = False
    database: KeptConnection[asyncpg.Connection] = field(init=False)

    def __post_init__(self) -> None:
        self.database = _keep(self.sealer.dsn)

    async def run(self, stop: asyncio.Event) -> None:
        name = {"database": self.sealer.name, "target": self.target.name}
        await self.rounds.run(stop, self.round, self.abort, name)

    async def round(self) -> float:
        """One page of heads; how long to pause."""
        connection = await self.database.open()
        if not self.registered and isinstance(self.target, DatabaseTarget):
            key = self.sealer.key
            await self.target.register_key(self.sealer.name, key.id, key.public)
            self.registered = True
        try:
            count = await copy(connection, self.sealer.name, self.target, self.sealer.key.public)
        except SealRefused as error:
            self.sealer.halted[self.target.name] = error
            raise
        self.sealer.halted.pop(self.target.name, None)
        self.copied += count
        found = await self.target.newest(self.sealer.name, self.sealer.key.public)
        self.newest = 0 if found is None else found[0]
        return 0.0 if count == HEADS_PAGE else COPY_EVERY_S

    def abort(self) -> None:
        self.target.abort()
        self.database.abort()


def _keep(dsn: Callable[[], str]) -> KeptConnection[asyncpg.Connection]:
    return kept_connection(dsn, application_name="octonext-sealer", statement_timeout_ms=STATEMENT_TIMEOUT_MS)

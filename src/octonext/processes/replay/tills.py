"""The replay's tills: real journals on disk, real lines to the gateway, entries from the plan.

Tills go through the file's calendar together, week by week. A till that is online sells only a little
ahead of its shard; one that is offline just sells.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from octonext.base.clock import SystemClock
from octonext.base.errors import OctoNextError
from octonext.till.domain.connection import State
from octonext.till.domain.steps import MarkAcked
from octonext.till.fleet.member import FLEET_COST, FLEET_PIN
from octonext.till.remote import Link
from octonext.till.service import Till
from octonext.till.store import Journal

from .domain.drafts import Ids, draft_of
from .domain.plan import Entry, Kind

#: Entries that one transaction of a till's journal takes.
BATCH_ENTRIES = 64
#: Entries that an online till may be ahead of its shard: about what its credits cover.
AHEAD_ENTRIES_MAX = 192
STUCK_S = 60.0
POLL_S = 0.05


class ReplayStuck(OctoNextError):
    """A till does not get its entries to its shard."""

    code = "replay_stuck"


class _FileClock(SystemClock):
    """The till's wall clock while it writes: the file's. What it tells the server is the real time."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at


@dataclass(slots=True)
class Figures:
    """How far the tills are."""

    entries: int = 0
    sales: int = 0
    rows: int = 0


class ReplayTill:
    """One till with its part of the plan. Belongs to the event loop's thread."""

    def __init__(
        self,
        folder: Path,
        entries: Sequence[Entry],
        cashier: UUID,
        ids: Ids,
        *,
        urls: Sequence[str],
        context: ssl.SSLContext,
        executor: Executor,
        figures: Figures,
    ) -> None:
        self.journal = Journal.open(folder)
        self._clock = _FileClock()
        self.till = Till(self.journal, clock=self._clock, cost=FLEET_COST)
        # The file's prices and goods are in the plan, so the till fetches no catalogue.
        self.link = Link(self.journal, urls=urls, context=context, reference=False, on_acked=self._acked)
        self._entries = entries
        self._written = 0
        self._cashier = cashier
        self._ids = ids
        self._executor = executor
        self._figures = figures
        self._progress = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, and keep in step until `stop`."""
        self._running = asyncio.create_task(self.link.run())

    async def stop(self) -> None:
        """Disconnect and close the journal."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError, OctoNextError):
                await self._running
        self.journal.close()

    @property
    def backlog(self) -> int:
        """Entries that the shard has not acknowledged."""
        return self.link.connection.backlog

    @property
    def is_online(self) -> bool:
        return self.link.connection.state is State.ONLINE and not self.link.is_cut

    async def sell(self, until: datetime) -> None:
        """Write every entry before `until`, in order; online, wait for the shard now and then."""
        for batch in self._batches(until):
            await self._until_near()
            await asyncio.get_running_loop().run_in_executor(self._executor, self._write, batch)
            self._written += len(batch)
            self._count(batch)
            self.link.appended()

    def trouble(self) -> str:
        """Why this till cannot go on, empty while it can."""
        stopped = self.link.connection.stopped
        if stopped is not None:
            return f"till {self.journal.identity.device_id} stopped: {stopped.detail}"
        if self._running is not None and self._running.done() and not self._running.cancelled():
            return f"till {self.journal.identity.device_id} ended: {self._running.exception()}"
        return ""

    async def _until_near(self) -> None:
        while not self.link.is_cut and self.backlog > AHEAD_ENTRIES_MAX:
            self.raise_trouble()
            self._progress.clear()
            try:
                async with asyncio.timeout(STUCK_S):
                    await self._progress.wait()
            except TimeoutError:
                raise stuck([self]) from None

    def raise_trouble(self) -> None:
        """Raises ReplayStuck when this till cannot go on."""
        if self.trouble():
            raise ReplayStuck(f"{self.trouble()}.", remedy="See the gateway's log.")

    def _batches(self, until: datetime) -> Iterator[Sequence[Entry]]:
        """The next entries, cut where a shift opens: its key needs a transaction of its own."""
        start = end = self._written
        while end < len(self._entries) and self._entries[end].at < until:
            entry = self._entries[end]
            if entry.kind is Kind.OPEN and end > start:
                yield self._entries[start:end]
                start = end
            end += 1
            if entry.kind is Kind.OPEN or end - start == BATCH_ENTRIES:
                yield self._entries[start:end]
                start = end
        if end > start:
            yield self._entries[start:end]

    def _write(self, batch: Sequence[Entry]) -> None:
        """In a thread: encode, seal and commit."""
        first = batch[0]
        self._clock.at = first.at
        if self.journal.place.seq + 1 != first.seq:
            raise AssertionError(f"entry {first.seq} was planned, the journal is at {self.journal.place.seq}")
        if first.kind is Kind.OPEN:
            self.till.begin_shift(self._cashier, FLEET_PIN, first.cash)
            return
        drafts = [draft_of(entry, self._ids) for entry in batch if entry.kind is not Kind.CLOSE]
        if drafts:
            self.till.record(drafts)
        if batch[-1].kind is Kind.CLOSE:
            self._clock.at = batch[-1].at
            if self.till.drawer.expected != batch[-1].cash:
                raise AssertionError(
                    f"planned cash {batch[-1].cash}, in the drawer {self.till.drawer.expected}"
                )
            self.till.close_shift(batch[-1].cash)

    def _count(self, batch: Sequence[Entry]) -> None:
        self._figures.entries += len(batch)
        for entry in batch:
            self._figures.sales += entry.kind is Kind.SALE
            self._figures.rows += len(entry.rows)

    def _acked(self, _acked: MarkAcked, _latency_s: float) -> None:
        self._progress.set()


async def drain(tills: Sequence[ReplayTill]) -> None:
    """Give every till its network back and wait until the shards hold everything. Raises ReplayStuck."""
    for till in tills:
        till.link.restore()
    loop = asyncio.get_running_loop()
    best, since = -1, loop.time()
    while waiting := [till for till in tills if till.backlog]:
        for till in waiting:
            till.raise_trouble()
        left = sum(till.backlog for till in waiting)
        if left != best:
            best, since = left, loop.time()
        elif loop.time() - since > STUCK_S:
            raise stuck(waiting)
        await asyncio.sleep(POLL_S)


def stuck(tills: Sequence[ReplayTill]) -> ReplayStuck:
    """What to say of tills that make no progress."""
    first = tills[0]
    why = first.link.last_failure or "no acknowledgement came"
    return ReplayStuck(
        f"{len(tills)} tills made no progress for {STUCK_S:g} s; till "
        f"{first.journal.identity.device_id}: {why}.",
        remedy="See the gateway's log.",
    )

"""One till of a fleet: its journal, its line, and the loops that sell and lose the network."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from random import Random
from typing import TypeVar

from octonext.base.clock import Clock
from octonext.base.errors import OctoNextError
from octonext.crypto.envelope import Argon2Cost
from octonext.sales.entries import Return, Sale
from octonext.till.domain.catalogue import Catalogue, Row
from octonext.till.domain.connection import State
from octonext.till.domain.pen import Draft, Written
from octonext.till.domain.steps import MarkAcked
from octonext.till.remote import Link
from octonext.till.service import Till
from octonext.till.store import Identity, Journal

from .counters import Tally, TillView
from .shopper import Pace, Shopper

T = TypeVar("T")
#: Told what a till has just made durable and shows its customer.
OnReceipts = Callable[[Identity, Sequence[Written]], None]

#: A fleet's PIN protects nothing: its journals are tests of the chain, not of a thief's patience.
FLEET_PIN = "0000"
FLEET_COST = Argon2Cost(time=1, memory_kib=8, lanes=1)


class Member:
    """A till that runs by itself. All methods belong to the event loop's thread."""

    def __init__(
        self,
        journal: Journal,
        *,
        urls: Sequence[str],
        context: ssl.SSLContext,
        catalogue: Catalogue,
        leads: bool,
        clock: Clock,
        seed: str,
        executor: Executor,
        tally: Tally,
        start_after_s: float,
        on_receipts: OnReceipts | None = None,
    ) -> None:
        self.till = Till(journal, clock=clock, cost=FLEET_COST)
        self.journal = journal
        self.identity = journal.identity
        self.catalogue = catalogue
        self.sales = 0
        self.acked_sales = 0
        self._unacked_sales: deque[int] = deque()
        self._acked_seq = journal.acked.seq
        self._clock = clock
        # One source each, so that the network's moods do not change what customers buy.
        self._shopping = Random(f"{seed}:shopping")  # noqa: S311 - seeded on purpose, no secret
        self._network = Random(f"{seed}:network")  # noqa: S311 - the same
        self._executor = executor
        self._tally = tally
        self._on_receipts = on_receipts
        self._writing = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        self._failure = ""
        self.link = Link(
            journal,
            urls=urls,
            context=context,
            clock=clock,
            fraction=self._network.random,
            reference=leads,
            start_after_s=start_after_s,
            on_stored=self._take_rows,
            on_acked=self._acked,
        )

    # --- life --------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect, and keep in step until `stop`."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Disconnect and close the journal."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
        async with self._writing:
            self.journal.close()

    async def open_shift(self, opening_float: int) -> None:
        """Open a shift with one of the branch's cashiers, or take up the one that is open."""
        cashier = self._shopping.choice(self.catalogue.cashiers)

        def take_up() -> None:
            if self.journal.shift is not None:
                self.till.unlock(FLEET_PIN)
            else:
                self.till.begin_shift(cashier.user_id, FLEET_PIN, opening_float)

        await self._write(take_up)

    async def close_shift(self) -> None:
        """Count exactly what is expected, and close. Nothing to do without a shift."""

        def close() -> None:
            if self.journal.shift is not None:
                self.till.close_shift(counted=max(0, self.till.drawer.expected))

        await self._write(close)

    async def record(self, drafts: Sequence[Draft]) -> list[Written]:
        """Write drafts in one transaction; durable when this returns."""
        written = await self._write(lambda: self.till.record(drafts))
        self._count(written)
        if self._on_receipts is not None:
            self._on_receipts(self.identity, written)
        return written

    # --- running by itself -------------------------------------------------------------------

    async def sell(self, pace: Pace, stopping: asyncio.Event) -> None:
        """Serve seeded customers until `stopping` is set or the pace's limit is reached.

        What stops this till is kept for its view and does not stop the others.
        """
        try:
            await self._serve(pace, stopping)
        except OctoNextError as error:
            self._failure = str(error)

    async def _serve(self, pace: Pace, stopping: asyncio.Event) -> None:
        shopper = Shopper(self.till, self.catalogue, self._shopping)
        left = pace.limit
        while shopper.has_goods and left != 0 and not stopping.is_set():
            if pace.per_s is not None:
                await _sleep_or(stopping, sum(shopper.pause_s(pace.per_s) for _ in range(pace.batch)))
                if stopping.is_set():
                    return
            visits = pace.batch if left is None else min(left, pace.batch)
            for written in await self.record([shopper.visit() for _ in range(visits)]):
                shopper.remember(written)
            left = None if left is None else left - visits

    async def lose_network(
        self, fraction: float, window_s: tuple[float, float], stopping: asyncio.Event
    ) -> None:
        """Be offline for `fraction` of the time, in windows of a length between the two given."""
        if not 0 < fraction < 1:
            return
        starts_offline = self._network.random() < fraction
        while not stopping.is_set():
            offline_s = self._network.uniform(*window_s)
            if not starts_offline:
                online_s = offline_s * (1 - fraction) / fraction
                await _sleep_or(stopping, online_s * self._network.uniform(0.5, 1.5))
                if stopping.is_set():
                    break
            starts_offline = False
            self.link.cut()
            await _sleep_or(stopping, offline_s)
            self.link.restore()

    def view(self) -> TillView:
        """How it stands."""
        connection = self.link.connection
        trouble = self._failure or (connection.stopped.detail if connection.stopped else "")
        return TillView(
            device_id=self.identity.device_id,
            device_code=self.identity.device_code,
            branch_id=self.identity.branch_id,
            branch_code=self.identity.branch_code,
            shard_id=self.identity.shard_id,
            state="failed" if self._failure else str(connection.state),
            online=connection.state is State.ONLINE and not self.link.is_cut,
            cut=self.link.is_cut,
            entries=connection.head_seq,
            acked=connection.acked_seq,
            backlog=connection.backlog,
            sales=self.sales,
            acked_sales=self.acked_sales,
            trouble=trouble or ("" if connection.state is State.ONLINE else self.link.last_failure),
        )

    async def _run(self) -> None:
        try:
            await self.link.run()
        except OctoNextError as error:
            self._failure = str(error)

    async def _write(self, work: Callable[[], T]) -> T:
        """Run `work` beside the loop, alone. A caller who gives up does not stop it half-way."""
        return await asyncio.shield(asyncio.create_task(self._write_alone(work)))

    async def _write_alone(self, work: Callable[[], T]) -> T:
        async with self._writing:
            result = await asyncio.get_running_loop().run_in_executor(self._executor, work)
        self.link.appended()
        return result

    def _take_rows(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.catalogue.apply(row)

    def _acked(self, acked: MarkAcked, latency_s: float) -> None:
        while self._unacked_sales and self._unacked_sales[0] <= acked.seq:
            self._unacked_sales.popleft()
            self.acked_sales += 1
        if acked.outcomes:
            now = self._clock.monotonic()
            self._tally.note_ack(self.identity.shard_id, now, latency_s, len(acked.outcomes))
        elif acked.seq > self._acked_seq:
            self._tally.acks_lost += 1
        self._acked_seq = acked.seq

    def _count(self, written: Sequence[Written]) -> None:
        sales = 0
        for item in written:
            if isinstance(item.entry, Sale | Return):
                self._unacked_sales.append(item.sealed.seq)
            if isinstance(item.entry, Sale):
                sales += 1
                self._tally.money[self.identity.currency] += item.entry.total
            elif isinstance(item.entry, Return):
                self._tally.returns += 1
                self._tally.money[self.identity.currency] -= item.entry.total
        self.sales += sales
        self._tally.sales += sales
        self._tally.sold.add(self._clock.monotonic(), sales)


async def _sleep_or(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()

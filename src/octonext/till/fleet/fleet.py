"""The fleet: enrols its tills, starts and stops them, takes their network away, and adds up.

Tills of a branch share one catalogue in memory, which the first of them keeps up to date, as a
branch's tills would see the same shelf labels.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from octonext.base.clock import Clock, SystemClock
from octonext.base.quantity import THOUSANDTHS
from octonext.crypto.tls import client_context
from octonext.sales.entries import AdjustmentLine, StockAdjusted
from octonext.till.domain.catalogue import Catalogue
from octonext.till.domain.pen import Draft
from octonext.till.domain.totals import Totals
from octonext.till.errors import GatewayUnreachable, NotEnrolled, TillError
from octonext.till.remote import enrol
from octonext.till.store import Journal
from octonext.till.store.journal import FILE_NAME

from .counters import Counters, Latency, Tally, TillView
from .member import FLEET_PIN, Member, OnReceipts
from .shopper import Pace

#: Open files of one till: database and WAL (twice: to write and to read back), shared memory, lock,
#: socket.
FILES_PER_TILL = 7
FILES_BESIDE = 256
#: Threads that wait for disks. Waiting costs no processor, so there may be more than cores.
WRITERS = 8
ENROLMENTS_AT_ONCE = 8
#: First connections a second: a chain's tills do not all start in the same millisecond.
CONNECTIONS_PER_S = 200
#: Lines of one stock entry, well below what fits a frame.
STOCK_LINES = 1000
_POLL_S = 0.05


class Fleet:
    """Tills by device id. Build one with `running`."""

    def __init__(self, members: Sequence[Member], *, clock: Clock, tally: Tally) -> None:
        self.members = {member.identity.device_id: member for member in members}
        self._clock = clock
        self._tally = tally
        self._stopping = asyncio.Event()
        self._selling: list[asyncio.Task[None]] = []
        self._losing: list[asyncio.Task[None]] = []

    @staticmethod
    async def enrol(directory: Path, codes: Iterable[str], *, url: str, ca: Path | None) -> list[int]:
        """Make a till for each one-time code under `directory`; their device ids.

        Raises `EnrolmentRefused` and the like for the first code that fails; tills that were made
        until then stay.
        """
        context = client_context(ca)
        gate = asyncio.Semaphore(ENROLMENTS_AT_ONCE)

        async def one(code: str, number: int) -> int:
            async with gate:
                folder = directory / f"new-{number:05d}"
                journal = await enrol(
                    folder, url=url, ca=ca, code=code, name=f"Till {number}", context=context
                )
                device_id = journal.identity.device_id
                journal.close()
                folder.rename(directory / f"till-{device_id:06d}")
                return device_id

        await asyncio.to_thread(directory.mkdir, 0o700, parents=True, exist_ok=True)
        return list(await asyncio.gather(*(one(code, number) for number, code in enumerate(codes, 1))))

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        directory: Path,
        *,
        urls: Sequence[str],
        ca: Path | None,
        seed: int = 0,
        catalogue_per_till: bool = False,
        clock: Clock | None = None,
        on_receipts: OnReceipts | None = None,
    ) -> AsyncIterator[Fleet]:
        """All tills under `directory`, connected; disconnected and closed when the block ends.

        With `catalogue_per_till` every till fetches the reference feed for itself. `on_receipts` hears
        of every entry of a visit or of stock once it is durable. Raises
        `NotEnrolled` for an empty directory and `TillError` when too few files may be open.
        """
        folders = _till_folders(directory)
        _allow_files(len(folders))
        clock, tally, context = clock or SystemClock(), Tally(), client_context(ca)
        catalogues: dict[int, Catalogue] = {}
        members: list[Member] = []
        with ThreadPoolExecutor(WRITERS, thread_name_prefix="till-writer") as executor:
            try:
                for place, folder in enumerate(folders):
                    journal = Journal.open(folder)
                    branch_id = journal.identity.branch_id
                    leads = branch_id not in catalogues or catalogue_per_till
                    if leads:
                        catalogues[branch_id] = Catalogue(branch_id, journal.reference.all())
                    members.append(
                        Member(
                            journal,
                            urls=urls,
                            context=context,
                            catalogue=catalogues[branch_id],
                            leads=leads,
                            clock=clock,
                            seed=f"{seed}:{journal.identity.device_id}",
                            executor=executor,
                            tally=tally,
                            start_after_s=place / CONNECTIONS_PER_S,
                            on_receipts=on_receipts,
                        )
                    )
                fleet = cls(members, clock=clock, tally=tally)
                for member in members:
                    member.start()
                try:
                    yield fleet
                finally:
                    await fleet.stop_selling()
            finally:
                await asyncio.gather(*(member.stop() for member in members))

    # --- the day -----------------------------------------------------------------------------

    async def ready(self, timeout_s: float) -> None:
        """Wait until every branch has products, prices and cashiers.

        Raises `GatewayUnreachable` after `timeout_s`.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not all(_can_sell(member) for member in self.members.values()):
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            waiting = [member for member in self.members.values() if not _can_sell(member)]
            why = next((f" ({w.link.last_failure})" for w in waiting if w.link.last_failure), "")
            raise GatewayUnreachable(
                f"{len(waiting)} of {len(self.members)} tills have no catalogue or no cashier "
                f"after {timeout_s:.0f} s{why}.",
                remedy="Check that the cluster is up and has products, prices and cashiers.",
            ) from None

    async def open_shifts(self, opening_float: int = 50_000) -> None:
        """Open every till's shift, with a float in minor units."""
        await asyncio.gather(*(member.open_shift(opening_float) for member in self.members.values()))

    async def stock_up(self, pieces: int) -> None:
        """Put so many pieces or kilograms of every product on the shelves of every branch."""
        seen: set[int] = set()
        for member in self.members.values():
            if member.identity.branch_id in seen:
                continue
            seen.add(member.identity.branch_id)
            lines = [
                AdjustmentLine(product=product.product_id, quantity=pieces * THOUSANDTHS)
                for product in member.catalogue.products
            ]
            chunks = [lines[start : start + STOCK_LINES] for start in range(0, len(lines), STOCK_LINES)]
            drafts = [Draft(StockAdjusted, {"reason": "opening", "lines": chunk}) for chunk in chunks]
            if drafts:
                await member.record(drafts)

    def start_selling(
        self, pace: Pace, *, offline: float = 0.0, window_s: tuple[float, float] = (5.0, 20.0)
    ) -> None:
        """Let every till sell at `pace`, each offline for the fraction `offline` of the time."""
        self._stopping.clear()
        for member in self.members.values():
            self._selling.append(asyncio.create_task(member.sell(pace, self._stopping)))
            if offline:
                losing = member.lose_network(offline, window_s, self._stopping)
                self._losing.append(asyncio.create_task(losing))

    async def sold_out(self) -> None:
        """Wait until every till has reached its pace's limit. Giving up waiting stops no till."""
        await _finished(self._selling)

    async def stop_selling(self) -> None:
        """No more customers; whoever is at the till is served. Networks come back."""
        self._stopping.set()
        await self.sold_out()
        await _finished(self._losing)

    async def close_shifts(self) -> None:
        """Count every drawer and close every shift."""
        await asyncio.gather(*(member.close_shift() for member in self.members.values()))

    async def drain(self, timeout_s: float) -> bool:
        """Give every till its network back and wait until shards hold everything; False if not in time.

        Tills that have stopped for good are not waited for.
        """
        for member in self.members.values():
            member.link.restore()
        try:
            async with asyncio.timeout(timeout_s):
                while any(view.backlog and view.state not in ("stopped", "failed") for view in self._views()):
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            return False
        return not any(view.backlog for view in self._views())

    # --- the network and the figures ---------------------------------------------------------

    def cut(self, device_id: int) -> None:
        """Take one till's network away."""
        self.members[device_id].link.cut()

    def restore(self, device_id: int) -> None:
        """Give it back."""
        self.members[device_id].link.restore()

    def counters(self) -> Counters:
        """The fleet now. Costs microseconds per till."""
        views = list(self._views())
        now = self._clock.monotonic()
        stopped = sum(view.state in ("stopped", "failed") for view in views)
        online = sum(view.online for view in views)
        backlog: Counter[str] = Counter()
        for view in views:
            backlog[view.shard_id] += view.backlog
        return Counters(
            tills=views,
            online=online,
            offline=len(views) - online - stopped,
            stopped=stopped,
            backlog=backlog.total(),
            entries=sum(view.entries for view in views),
            acked=sum(view.acked for view in views),
            sales=self._tally.sales,
            returns=self._tally.returns,
            sales_per_s=self._tally.sold.per_s(now),
            acked_per_s=self._tally.acked.per_s(now),
            money=dict(self._tally.money),
            latency=self._tally.latency(now),
            backlog_by_shard=dict(backlog),
            acks_lost=self._tally.acks_lost,
        )

    def latency(self, window_s: float) -> dict[str, Latency]:
        """From push to ack by shard, over the last `window_s` seconds."""
        return self._tally.latency(self._clock.monotonic(), window_s)

    def totals(self) -> Totals:
        """The exact sums of all journals, each entry decrypted and read again from disk."""
        totals = Totals()
        for member in self.members.values():
            identity = member.identity
            totals.add(identity.branch_id, identity.currency, member.till.read_journal(FLEET_PIN))
        return totals

    def _views(self) -> Iterable[TillView]:
        return (member.view() for member in self.members.values())


async def _finished(tasks: list[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        task.result()
    tasks.clear()


def _till_folders(directory: Path) -> list[Path]:
    folders = sorted(path.parent for path in directory.glob(f"*/{FILE_NAME}"))
    if not folders:
        raise NotEnrolled(f"There are no tills in {directory}.", remedy="Run `octonext fleet enrol`.")
    return folders


def _can_sell(member: Member) -> bool:
    return bool(member.catalogue.cashiers and member.catalogue.products)


def _allow_files(tills: int) -> None:
    needed = tills * FILES_PER_TILL + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if needed <= soft:
        return
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise TillError(
            f"{tills} tills need {needed} open files; this system allows {hard}.",
            remedy="Raise the limit (ulimit -n), or run fewer tills.",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))

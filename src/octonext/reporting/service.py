"""Takes deliveries into the OLAP store exactly once, and answers reports from it.

A batch's rows are written first and its cursor after them, so only the cursor says what counts. What
lies beyond it is the rest of a batch that never finished; it is deleted before anything else is taken.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import structlog

from octonext.base.clock import Clock
from octonext.feeds.domain import START, Cursor, Outcome, Page

from .domain.answers import Answer, Found, make_answer
from .domain.batches import SOURCES_MAX, TABLES, BadDelivery, Delivery, check_source
from .domain.periods import Span, spans
from .domain.queries import REPORTS, Branch, Filters, Report, find_report, read_filters
from .store import COMPLETE_TABLES, Olap, OlapUnavailable

AS_OF_KEPT_INTERVAL_S = 10.0
"""How often "as of" is written to disk: between writes a crash only makes the figures look older."""


SEALS_PAGE = 1_000
"""Heads in one answer, each about 1 KB."""


@dataclass(frozen=True, slots=True)
class Seals:
    """Heads as they are kept here: signed text, which nobody here checks."""

    newest: int
    heads: list[tuple[int, str, str]]
    """Number, bytes (ASCII), signature (hex)."""


@dataclass(slots=True)
class _Source:
    """What this process knows of a source; its lock admits one delivery at a time."""

    cursors: dict[str, Cursor] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)
    """Feeds in whose table rows beyond the cursor may lie."""
    unsure: bool = False
    resetting: bool = False
    """Whether a reset has begun that is not known to have ended."""
    """Whether a cursor may have been written although we were told otherwise."""
    as_of: datetime | None = None
    as_of_kept_at: float = 0.0
    rows: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def cursor(self, feed: str) -> Cursor:
        return self.cursors.get(feed, START)


class Reporting:
    """The OLAP store's one writer, and its readers."""

    def __init__(self, olap: Olap, clock: Clock) -> None:
        self._olap = olap
        self._clock = clock
        self._sources: dict[str, _Source] = defaultdict(_Source)
        self._branches: Sequence[Branch] | None = None
        self._naming = 0
        """Counts what arrived that may have named a branch."""
        self._log = structlog.get_logger()

    async def start(self) -> None:
        """Load the cursors and delete what unfinished batches and resets left behind."""
        for source in await self._olap.resets_begun():
            await self._olap.finish_reset(source)
        for (source, feed), cursor in (await self._olap.cursors()).items():
            self._sources[source].cursors[feed] = cursor
        for source, as_of in (await self._olap.as_of()).items():
            self._sources[source].as_of = as_of
        for table in COMPLETE_TABLES:
            for source, newest in (await self._olap.newest_rows(table)).items():
                cursor = self._sources[source].cursor(table.name)
                if newest > cursor:
                    self._log.info("olap_cleaned", source=source, feed=table.name, cursor=str(cursor))
                    await self._olap.delete_beyond(table, source, cursor)

    async def stop(self) -> None:
        """Keep what is only in memory."""
        for name, source in self._sources.items():
            if source.as_of is not None:
                await self._olap.record_as_of(name, source.as_of)

    def cursors(self, source: str) -> dict[str, Cursor]:
        """Where each feed of a source stands."""
        check_source(source)
        known = self._sources[source] if source in self._sources else _Source()
        return {feed: known.cursor(feed) for feed in TABLES}

    async def take(self, name: str, delivery: Delivery) -> dict[str, Outcome]:
        """Take a delivery; the outcome of each page. A page that does not start at our cursor is refused.

        Raises BadDelivery, and OlapUnavailable when the store cannot even be cleaned up.
        """
        check_source(name)
        # A caller that goes away must not tear rows from their cursor, nor free the lock in between.
        return await asyncio.shield(asyncio.ensure_future(self._take(name, delivery)))

    async def reset(self, name: str) -> None:
        """Delete all of a source, so that its feeds are read from the beginning.

        Raises BadDelivery, OlapUnavailable; a reset that was begun is finished before anything is taken.
        """
        check_source(name)
        await asyncio.shield(asyncio.ensure_future(self._reset(name)))

    async def mark(self, word: str) -> None:
        """Write a word for the doctor to look for on the disk. Raises OlapUnavailable."""
        await self._olap.mark(word)

    async def seals(self, name: str, after: int) -> Seals:
        """Heads of a source's seals behind a number. Raises BadDelivery, OlapUnavailable."""
        check_source(name)
        newest = await self._olap.newest_seal(name)
        found = await self._olap.seals(name, after, SEALS_PAGE) if newest > after else []
        return Seals(newest, found)

    async def holds_seal(self, name: str, digest: str) -> bool:
        """Whether a source's head with that hash (hex) is here. Raises BadDelivery, OlapUnavailable."""
        check_source(name)
        return await self._olap.holds_seal(name, digest)

    async def report(self, name: str, given: Mapping[str, str]) -> Answer:
        """Answer a report. Raises UnknownReport, InvalidReportFilter, ReportTooHeavy, OlapUnavailable."""
        report = find_report(name)
        branches = await self._known_branches()
        filters = read_filters(report, given, branches)
        # Before the figures are read: what arrives meanwhile makes them newer, never older.
        as_of = {
            branch.branch_id: self._sources[branch.source].as_of if branch.source in self._sources else None
            for branch in branches
            if filters.branches is None or branch.branch_id in filters.branches
        }
        if report.by_branch:
            found = await self._branch_after_branch(report, filters, branches)
        elif report.ranked:
            found = await self._ranking(report, filters)
        else:
            found = await self._olap.report(report, filters.parameters())
        return make_answer(report, found, given=filters.given, as_of=as_of, rows_max=filters.rows_max)

    async def _known_branches(self) -> Sequence[Branch]:
        """The branches, read again only after something arrived that may name one."""
        if self._branches is None:
            # Taken before the reading: what arrives meanwhile makes it stale.
            version = self._naming
            branches = await self._olap.branches()
            if version != self._naming:
                return branches
            self._branches = branches
        return self._branches

    async def _ranking(self, report: Report, filters: Filters) -> Found:
        """A ranked report. For the whole chain years and months are summed up already.

        Today's month and year are taken as whole ones as long as nothing was sold after the days asked
        for. If something was meanwhile, it may have been counted, and the days are asked for once more.
        """
        first, last = filters.first, filters.last
        parameters = filters.parameters()
        if filters.branches is not None:
            found = await self._olap.ranking(report, parameters, [Span("days", first, last)])
        else:
            end = date(last.year, 12, 31)
            whole = last < end and await self._olap.newest_day() <= last
            found = await self._olap.ranking(report, parameters, spans(first, end if whole else last))
            if whole and await self._olap.newest_day() > last:
                found = await self._olap.ranking(report, parameters, spans(first, last))
        return found or Found(tuple(report.units), [])

    async def _branch_after_branch(self, report: Report, filters: Filters, known: Sequence[Branch]) -> Found:
        """A report of many branches, a few at a time in the order of its rows, until the limit is met."""
        codes = {branch.branch_id: branch.code for branch in known}
        wanted = filters.branches if filters.branches is not None else await self._olap.branches_with_stock()
        waiting = sorted(wanted, key=lambda branch: (codes.get(branch, "").encode(), branch))
        names: Sequence[str] = ()
        rows: list[Sequence[object]] = []
        size = 1
        while waiting and len(rows) <= filters.rows_max:
            some, waiting = waiting[:size], waiting[size:]
            found = await self._olap.report(
                report,
                filters.parameters()
                | {"everywhere": 0, "branches": some, "limit": filters.rows_max + 1 - len(rows)},
            )
            names = found.names if found.rows else names
            rows += found.rows
            size *= 2
        return Found(names, rows)

    def status(self) -> dict[str, object]:
        """What is known of each source, for people and probes."""
        return {
            "reports": list(REPORTS),
            "sources": {
                name: {
                    "cursors": {feed: str(cursor) for feed, cursor in source.cursors.items()},
                    "as_of": source.as_of,
                    "rows": source.rows,
                    "recovering": sorted(source.dirty),
                }
                for name, source in self._sources.items()
            },
        }

    async def _reset(self, name: str) -> None:
        source = self._sources[name]
        async with source.lock:
            source.resetting = True
            await self._olap.begin_reset(name)
            await self._recover(name, source)
        self._log.warning("source_reset", source=name)

    async def _take(self, name: str, delivery: Delivery) -> dict[str, Outcome]:
        if name not in self._sources and len(self._sources) >= SOURCES_MAX:
            raise BadDelivery(f"There are already {SOURCES_MAX} sources.")
        source = self._sources[name]
        async with source.lock:
            await self._recover(name, source)
            outcomes = {
                page.feed: Outcome(source.cursor(page.feed), applied=False)
                for page in delivery.pages
                if page.start != source.cursor(page.feed)
            }
            outcomes |= {
                page.feed: Outcome(source.cursor(page.feed), applied=True)
                for page in delivery.pages
                if page.stands and page.feed not in outcomes
            }
            fresh = [page for page in delivery.pages if page.feed not in outcomes]
            outcomes |= await self._write(name, source, fresh)
            if delivery.as_of is not None and all(each.applied for each in outcomes.values()):
                await self._note_as_of(name, source, delivery.as_of)
        return outcomes

    async def _write(self, name: str, source: _Source, pages: Sequence[Page]) -> dict[str, Outcome]:
        """Write the pages' rows side by side, then one part with the cursors of those that succeeded."""
        if not pages:
            return {}
        source.dirty |= {page.feed for page in pages}
        written = await asyncio.gather(
            *(self._olap.insert(TABLES[page.feed], page.rows) for page in pages if page.count),
            return_exceptions=True,
        )
        faults = dict(zip((page.feed for page in pages if page.count), written, strict=True))
        good = {page.feed: page for page in pages if not isinstance(faults.get(page.feed), BaseException)}
        if good:
            # Until we hear that all went well, the cursors may be there or not, whatever fails and how.
            source.unsure = True
            try:
                await self._olap.record_cursors(name, {feed: page.end for feed, page in good.items()})
            except OlapUnavailable as error:
                faults |= dict.fromkeys(good, error)
                good = {}
            else:
                source.unsure = False
        for feed, page in good.items():
            source.cursors[feed] = page.end
            source.dirty.discard(feed)
            source.rows += page.count
            self._note_names(page)
        return {page.feed: self._outcome(source, page.feed, faults.get(page.feed)) for page in pages}

    def _note_names(self, page: Page) -> None:
        """Notice when a page may have changed which branches there are."""
        if page.feed == "device" and self._branches is not None:
            known = {str(branch.branch_id).encode() for branch in self._branches}
            column = TABLES["device"].columns.index("branch_id")
            named = {row.split(b"\t", column + 1)[column] for row in page.rows.splitlines()}
            if named <= known:
                return
        elif page.feed not in ("device", "dimension"):
            return
        self._forget_names()

    def _forget_names(self) -> None:
        self._branches = None
        self._naming += 1

    def _outcome(self, source: _Source, feed: str, fault: BaseException | None) -> Outcome:
        if fault is None:
            return Outcome(source.cursor(feed), applied=True)
        self._log.warning("olap_batch_failed", feed=feed, error=type(fault).__name__)
        return Outcome(source.cursor(feed), applied=False, error=f"{type(fault).__name__}: {fault}")

    async def _recover(self, name: str, source: _Source) -> None:
        """Bring memory and tables back to what the stored cursors say, after a failure."""
        if source.resetting:
            # Before the first row goes: no report may claim to have what is being deleted.
            source.as_of = None
            await self._olap.finish_reset(name)
            source.cursors, source.dirty, source.unsure, source.as_of = {}, set(), False, None
            self._forget_names()
            source.resetting = False
        if source.unsure:
            # First ended, then read: a cursor written in between would make us delete what it counts.
            await self._olap.end_given_up()
            stored = await self._olap.cursors()
            source.cursors = {feed: at for (owner, feed), at in stored.items() if owner == name}
            source.unsure = False
        for feed in sorted(source.dirty):
            if not TABLES[feed].compacted:
                await self._olap.delete_beyond(TABLES[feed], name, source.cursor(feed))
            source.dirty.discard(feed)

    async def _note_as_of(self, name: str, source: _Source, as_of: datetime) -> None:
        if source.as_of is not None and as_of <= source.as_of:
            return
        source.as_of = as_of
        now = self._clock.monotonic()
        if now - source.as_of_kept_at >= AS_OF_KEPT_INTERVAL_S:
            source.as_of_kept_at = now
            await self._olap.record_as_of(name, as_of)

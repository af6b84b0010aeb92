"""The OLAP store as far as `reporting.service.Reporting` uses it: parts, cursors, and what a crash leaves.

An insert is divided by month into parts; each part is on disk or it is not. One that returned is on disk
whole; a crash before that leaves any of its parts. Whoever was cut off does not know, and the store may go
on with what was given up until it is told to end it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from octonext.feeds.domain import START, Cursor
from octonext.reporting.domain.batches import TABLES, FeedTable
from octonext.reporting.domain.queries import Branch
from octonext.reporting.store import OlapUnavailable

from .pace import Pace, checked

Row = tuple[str | None, ...]
_UNESCAPED = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
_MONTH = len("2026-03")
_COMPACTED_KEYS = {
    "device": ("branch_id", "device_id", "source"),
    "shift": ("branch_id", "device_id", "shift_id", "source"),
    "dimension": ("kind", "key"),
}
"""What a row of a compacted table is the newest state of."""


@dataclass(slots=True)
class _Disk:
    """What survives."""

    parts: dict[str, list[list[Row]]] = field(default_factory=lambda: {name: [] for name in TABLES})
    cursors: dict[tuple[str, str], Cursor] = field(default_factory=dict)
    as_of: dict[str, datetime] = field(default_factory=dict)
    resets: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Insert:
    """Parts on their way to disk."""

    write: Callable[[Any], None]
    parts: list[Any]


class OlapDatabase:
    """A simulated OLAP store, in the place of an open `reporting.store.Olap`."""

    def __init__(self, *, pace: Pace, mutations: frozenset[str] = frozenset()) -> None:
        self._pace = pace
        self._mutations = checked(mutations)
        self._disk = _Disk()
        #: How often each source was forgotten.
        self.resets: dict[str, int] = {}
        self._running = True
        self._generation = 0
        self._thawed: asyncio.Event | None = None
        self._given_up: dict[asyncio.Task[None], None] = {}
        self._writing: list[_Insert] = []
        self._unwritten: list[tuple[str, list[Row]]] = []
        """Parts that only the mutated store keeps in memory after it said that they are on disk."""

    def crash(self) -> None:
        """Kill -9 or a power cut, also of the process that it is embedded in."""
        self._running = False
        self._generation += 1
        for insert in self._writing:
            for part in insert.parts:
                if self._pace.random() < 0.5:
                    insert.write(part)
        self._writing.clear()
        for name, part in self._unwritten:
            parts = self._disk.parts[name]
            parts[:] = [other for other in parts if other is not part]
        self._unwritten.clear()
        self.thaw()

    def start(self) -> None:
        """Start again after a crash."""
        self._running = True

    def freeze(self) -> None:
        """SIGSTOP."""
        if self._running and self._thawed is None:
            self._thawed = asyncio.Event()

    def thaw(self) -> None:
        """SIGCONT."""
        if self._thawed is not None:
            self._thawed.set()
            self._thawed = None

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a feed's table as a report would count them, by column.

        Values are text as it travelled, None for NULL; `feed_xid` and `feed_id` are numbers. Of a compacted
        table, the newest state of each key. In the order of the feeds.
        """
        table = TABLES[name]
        rows = [_named(table, row) for row in self._all(name)]
        if table.compacted:
            # the newest by transaction id counts, and of two such the one that was written last
            rows.sort(key=lambda row: row["feed_xid"])
            key = _COMPACTED_KEYS[name]
            rows = list({tuple(row[column] for column in key): row for row in rows}.values())
        return sorted(rows, key=lambda row: (row["source"], row["feed_xid"], row["feed_id"]))

    # ---------------------------------------------------------------- what Reporting calls

    async def cursors(self) -> dict[tuple[str, str], Cursor]:
        """The cursor of every (source, feed) that has one."""
        await self._step()
        return dict(self._disk.cursors)

    async def insert(self, table: FeedTable, rows: bytes) -> None:
        """Insert COPY text; on return it is on disk, on an error perhaps some of its parts."""
        parsed = [_parse(table, line) for line in rows.split(b"\n")[:-1]]
        parts: dict[str, list[Row]] = {}
        day = next(
            (table.columns.index(c) for c in ("business_date", "occurred_at") if c in table.columns), None
        )
        for row in parsed:
            month = "" if day is None or table.compacted else str(row[day])[:_MONTH]
            parts.setdefault(month, []).append(row)
        await self._write(self._disk.parts[table.name].append, list(parts.values()), table.name)

    async def record_cursors(self, source: str, cursors: Mapping[str, Cursor]) -> None:
        """Write the cursors of one source's feeds, in one part."""

        def write(part: dict[tuple[str, str], Cursor]) -> None:
            for key, cursor in part.items():
                # the newest by transaction id counts, whatever the order of writing
                self._disk.cursors[key] = max(cursor, self._disk.cursors.get(key, cursor))

        await self._write(write, [{(source, feed): cursor for feed, cursor in cursors.items()}], None)

    async def end_given_up(self) -> None:
        """End the inserts that were given up: on return none of them writes any more."""
        await self._step()
        for task in list(self._given_up):
            task.cancel()
        self._given_up.clear()

    async def newest_rows(self, table: FeedTable) -> dict[str, Cursor]:
        """The last place of each source in a feed's table."""
        await self._step()
        newest: dict[str, Cursor] = {}
        for row in self._all(table.name):
            source, place = str(row[2]), _place(row)
            newest[source] = max(place, newest.get(source, place))
        return newest

    async def delete_beyond(self, table: FeedTable, source: str, cursor: Cursor) -> None:
        """Delete a source's rows behind its cursor; on return they are gone."""
        await self.end_given_up()
        await self._step()
        parts = self._disk.parts[table.name]
        for part in parts:
            part[:] = [row for row in part if row[2] != source or _place(row) <= cursor]

    async def begin_reset(self, source: str) -> None:
        """Remember that all of a source is to be deleted."""
        await self._step()
        self._disk.resets[source] = None

    async def resets_begun(self) -> list[str]:
        """The sources whose reset has begun and not ended."""
        await self._step()
        return list(self._disk.resets)

    async def finish_reset(self, source: str) -> None:
        """Delete a source's cursors and rows; a crash may come between any two tables."""
        await self._step()
        self._disk.cursors = {key: at for key, at in self._disk.cursors.items() if key[0] != source}
        self.resets[source] = self.resets.get(source, 0) + 1
        await self._step()
        self._disk.as_of.pop(source, None)
        for table in TABLES.values():
            await self.delete_beyond(table, source, START)
        await self._step()
        self._disk.resets.pop(source, None)

    async def as_of(self) -> dict[str, datetime]:
        """The remembered "as of" of each source."""
        await self._step()
        return dict(self._disk.as_of)

    async def record_as_of(self, source: str, as_of: datetime) -> None:
        """Remember a source's "as of"."""
        await self._step()
        self._disk.as_of[source] = max(as_of, self._disk.as_of.get(source, as_of))

    async def branches(self) -> list[Branch]:
        """Nobody asks for reports in the simulator; they are read off `rows`."""
        return []

    async def close(self) -> None:
        """Let go."""

    # ---------------------------------------------------------------------------------- writing

    async def _write(self, write: Callable[[Any], None], parts: list[Any], name: str | None) -> None:
        writing = asyncio.get_running_loop().create_task(self._write_parts(write, parts, name))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            self._given_up[writing] = None
            writing.add_done_callback(self._forget)
            raise

    def _forget(self, writing: asyncio.Task[None]) -> None:
        self._given_up.pop(writing, None)
        if not writing.cancelled():
            # nobody waits for it any more: its failure is heard of here
            writing.exception()

    async def _write_parts(self, write: Callable[[Any], None], parts: list[Any], name: str | None) -> None:
        insert = _Insert(write, parts)
        self._writing.append(insert)
        try:
            await self._step("flush")
        finally:
            # nothing of what was ended in time is written; after a crash, the crash has decided
            if insert in self._writing:
                self._writing.remove(insert)
        if "cursor_before_rows" in self._mutations and name is not None:
            # what was inserted before is written when the next insert comes
            self._unwritten = [(owner, part) for owner, part in self._unwritten if owner != name]
            self._unwritten += [(name, part) for part in parts]
        for part in parts:
            write(part)
        await self._step("reply")

    async def _step(self, boundary: Any = "statement") -> None:
        generation = self._generation
        if self._running:
            await self._pace.step(boundary)
            while self._thawed is not None:
                await self._thawed.wait()
        if not self._running or generation != self._generation:
            raise OlapUnavailable("The OLAP store is away.")

    def _all(self, name: str) -> list[Row]:
        return [row for part in self._disk.parts[name] for row in part]


def _parse(table: FeedTable, line: bytes) -> Row:
    fields = line.decode().split("\t")
    if len(fields) != len(table.columns):
        raise OlapUnavailable(f"Rows of {table.name} were not taken: they have {len(fields)} columns.")
    return tuple(_unescape(value) for value in fields)


def _unescape(value: str) -> str | None:
    if "\\" not in value:
        return value
    if value == "\\N":
        return None
    characters = iter(value)
    return "".join(_UNESCAPED[next(characters)] if c == "\\" else c for c in characters)


def _place(row: Row) -> Cursor:
    return Cursor(int(row[0] or 0), int(row[1] or 0))


def _named(table: FeedTable, row: Row) -> dict[str, Any]:
    place = _place(row)
    return dict(zip(table.columns, row, strict=True)) | {"feed_xid": place.xid, "feed_id": place.id}

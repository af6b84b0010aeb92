"""Comparing rows with the leaves of their heads: what was changed, what is missing, what was slipped in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from octonext.runtime.postgres import Connection

from .. import store
from ..domain.archived import Archived
from ..domain.findings import Findings
from ..domain.manifest import Key, TableLeaves
from ..domain.rows import DatabaseKind, SealedTable, tables_of, time_of
from ..store import Row

BACKDATED_S = 900
"""A transaction that began so long before the head that it came after has a time that is not its own: no
statement of ours runs that long."""
MISSING_KEPT_MAX = 200_000
"""Missing rows that are remembered until it is known whether they only lost the row that leads to them."""


@dataclass(frozen=True)
class Span:
    """The rows that one head speaks of: those of transactions from `start` and below `end`."""

    number: int
    start: int
    end: int
    groups: list[TableLeaves] | None
    """None: its leaves are lost, and nothing can be compared."""
    not_before: int | None
    """The database's clock at the head before, in microseconds since 2000."""
    not_after: int
    """The database's clock at this head."""
    before: int
    sealed_at: datetime

    @property
    def count(self) -> int:
        return 0 if self.groups is None else sum(len(group) for group in self.groups)


@dataclass
class Comparison:
    """The rows of one database."""

    connection: Connection
    kind: DatabaseKind
    findings: Findings
    archives: Sequence[Archived]
    compared: int = 0
    waiting: int = 0
    waits_since: int | None = None
    """The time of the oldest row that waits for its head, in microseconds since 2000."""
    _archived: dict[Archived, int] = field(default_factory=dict)
    _missing: dict[tuple[str, Key], tuple[bytes, int, Span]] = field(default_factory=dict)

    async def compare(self, spans: Sequence[Span]) -> None:
        """Compare the rows of consecutive heads."""
        if not spans:
            return
        ends = [span.end for span in spans]
        for table in tables_of(self.kind):
            expected: list[dict[Key, tuple[bytes, int]]] = [_leaves_of(span, table) for span in spans]
            start, end = min(span.start for span in spans), max(ends)
            if start < end:
                async for row in store.rows(self.connection, table, start, end):
                    place = bisect_right(ends, row.xid)
                    if place < len(spans):
                        self._row(table, row, spans[place], expected[place])
            for span, rest in zip(spans, expected, strict=True):
                for key, (hashed, at) in rest.items():
                    self._miss(table, key, hashed, at, span)

    async def finish(self, watermark: int, xmax: int, not_before: int | None) -> None:
        """Rows behind the newest head, rows that nothing leads to, and what then is still missing."""
        for table in tables_of(self.kind):
            async for row in store.rows(self.connection, table, watermark, xmax):
                self.waiting += 1
                key, at = table.name_of(row.record)
                if not self._back_dated(table, key, at, not_before, "the newest head"):
                    self.waits_since = at if self.waits_since is None else min(at, self.waits_since)
        for beyond in await store.beyond(self.connection, self.kind, xmax):
            self.findings.add(
                "inserted", beyond["table_name"], beyond["key"],
                f"its transaction {beyond['xid']} is still to come: no transaction of this database wrote it",
            )  # fmt: skip
        for table in tables_of(self.kind):
            async for row in store.orphans(self.connection, table):
                self._orphan(table, row)
        for each, count in self._archived.items():
            self.findings.notice(
                f"{count} rows of {each.partition} are only in the archive {each.file_name}: "
                "`octonext audit verify-archive` checks them"
            )
        for (name, key), (_, at, span) in self._missing.items():
            self._tell_missing(_table(self.kind, name), key, at, span)
        self._missing.clear()

    def _row(self, table: SealedTable, row: Row, span: Span, expected: dict[Key, tuple[bytes, int]]) -> None:
        if span.groups is None:
            return
        self.compared += 1
        key, at = table.name_of(row.record)
        leaf = expected.pop(key, None)
        if leaf is None:
            self.findings.add(
                "inserted", table.name, table.key_text(key),
                f"it was not there when head {span.number} sealed its transaction {row.xid} "
                f"({span.sealed_at:%Y-%m-%d %H:%M:%S} UTC)",
            )  # fmt: skip
        elif table.leaf(row.record, row.json_texts) != leaf[0]:
            self.findings.add(
                "changed", table.name, table.key_text(key), f"it is not as head {span.number} sealed it"
            )
        elif not self._back_dated(table, key, at, span.not_before, f"head {span.before}"):
            self._post_dated(table, key, at, span)

    def _post_dated(self, table: SealedTable, key: Key, at: int, span: Span) -> None:
        if at > span.not_after + BACKDATED_S * 1_000_000:
            self.findings.add(
                "post-dated", table.name, table.key_text(key),
                f"it says {time_of(at):%Y-%m-%d %H:%M:%S} UTC, but was there for head {span.number} "
                f"({time_of(span.not_after):%Y-%m-%d %H:%M:%S} UTC)",
            )  # fmt: skip

    def _back_dated(self, table: SealedTable, key: Key, at: int, not_before: int | None, head: str) -> bool:
        back_dated = not_before is not None and at < not_before - BACKDATED_S * 1_000_000
        if not_before is not None and back_dated:
            self.findings.add(
                "back-dated", table.name, table.key_text(key),
                f"it says {time_of(at):%Y-%m-%d %H:%M:%S} UTC, but was written after {head} "
                f"({time_of(not_before):%Y-%m-%d %H:%M:%S} UTC)",
            )  # fmt: skip
        return back_dated

    def _miss(self, table: SealedTable, key: Key, hashed: bytes, at: int, span: Span) -> None:
        for each in self.archives:
            if each.table == table.name and each.from_at <= at < each.until_at:
                self._archived[each] = self._archived.get(each, 0) + 1
                return
        if len(self._missing) < MISSING_KEPT_MAX:
            self._missing[table.name, key] = (hashed, at, span)
        else:
            self._tell_missing(table, key, at, span)

    def _tell_missing(self, table: SealedTable, key: Key, at: int, span: Span) -> None:
        self.findings.add(
            "missing", table.name, table.key_text(key),
            f"it was written at {time_of(at):%Y-%m-%d %H:%M:%S} UTC and sealed by head {span.number}, "
            "and is there no more",
        )  # fmt: skip

    def _orphan(self, table: SealedTable, row: Row) -> None:
        key, _ = table.name_of(row.record)
        missed = self._missing.pop((table.name, key), None)
        if missed is None:
            leads = "push" if self.kind == "shard" and not table.json_columns else "transaction of the trail"
            self.findings.add("inserted", table.name, table.key_text(key), f"it belongs to no {leads}")
        elif table.leaf(row.record, row.json_texts) != missed[0]:
            self.findings.add(
                "changed", table.name, table.key_text(key), f"it is not as head {missed[2].number} sealed it"
            )
        # else: it is as it was, and only the row that leads to it is missing, which is found by itself


def _leaves_of(span: Span, table: SealedTable) -> dict[Key, tuple[bytes, int]]:
    for group in span.groups or ():
        if group.table is table:
            return dict(zip(group.keys, zip(group.hashes, group.times, strict=True), strict=True))
    return {}


def _table(kind: DatabaseKind, name: str) -> SealedTable:
    return next(table for table in tables_of(kind) if table.name == name)

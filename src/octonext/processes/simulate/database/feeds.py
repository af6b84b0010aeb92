"""The statements of feeds/store.sql on a shard: how far there is to read, and pages of rows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from octonext.feeds.store import SHARD_FEEDS

from .copy_text import copy_line
from .engine import Transaction
from .reference import horizon
from .rows import HeadRow, LedgerRow, LineRow, MovementRow, PaymentRow, PushRow, SaleRow, ShiftRow
from .schema import ReferenceTables, ShardTables
from .tables import Postings, Table

_LINES = 4096
"""A row's id within its transaction is seq * 4096 + line."""

Columns = Iterable[object]


def probe_shard(transaction: Transaction, tables: ShardTables, *cursors: Any) -> list[dict[str, Any]]:
    """The snapshot, and which feeds may have rows between their cursor and the watermark."""
    end = horizon(transaction)
    pairs = [(int(cursors[n]), cursors[n + 1]) for n in range(0, len(cursors), 2)]
    waiting: dict[str, bool] = {}
    for feed, cursor in zip(SHARD_FEEDS, pairs, strict=True):
        if feed in _COMPACTED:
            waiting[feed] = next(_compacted_behind(tables, feed, cursor, end), None) is not None
        else:
            waiting[feed] = next(_pushes_behind(tables, cursor, end), None) is not None
    return [snapshot(transaction) | waiting]


def snapshot(transaction: Transaction) -> dict[str, Any]:
    """When, and in which snapshot, a source is read."""
    seen = transaction.engine.watermark()
    now = transaction.engine.pace.now()
    return {"read_at": now, "xmin": str(seen.xmin), "xmax": str(seen.xmax)}


def push_range(
    transaction: Transaction, tables: ShardTables, xid: str, row_id: int, limit: int
) -> list[dict[str, Any]]:
    """The end of the pushes that one page reads at most."""
    end = horizon(transaction)
    behind = _pushes_behind(tables, (int(xid), row_id), end)
    last: PushRow | None = None
    for push, _ in zip(behind, range(limit), strict=False):
        last = push
    if last is None:
        return []
    more = next(_pushes_behind(tables, (last.place + 1, -1), end), None) is not None
    return [{"xid": str(last.place), "id": _last_id(last), "more": more}]


def copy_postings(feed: str, tables: ShardTables) -> Callable[..., bytes]:
    """The procedure of `copy_<feed>` for rows that pushes posted."""
    table: Postings[Any] = getattr(tables, _POSTED[feed][0])
    number: Callable[[Any], int] = _POSTED[feed][1]
    columns: Callable[[Any, ShardTables], Columns] = _POSTED[feed][2]

    def copy(transaction: Transaction, xid: str, row_id: int, limit: int, source: str, reach: str) -> bytes:
        start = int(xid), row_id
        lines: list[bytes] = []
        for push in _pushes_behind(tables, start, min(int(reach) + 1, horizon(transaction))):
            for place, row in sorted(_posted(push, table, number), key=lambda found: found[0]):
                if place > start and len(lines) < limit:
                    lines.append(copy_line((*place, source, *columns(row, tables))))
            if len(lines) >= limit:
                break
        return b"".join(lines)

    return copy


def copy_compacted(feed: str, tables: ShardTables) -> Callable[..., bytes]:
    """The procedure of `copy_<feed>` for rows of which only the newest state is kept."""
    _, _, columns = _COMPACTED[feed]

    def copy(transaction: Transaction, xid: str, row_id: int, limit: int, source: str) -> bytes:
        behind = _compacted_behind(tables, feed, (int(xid), row_id), horizon(transaction))
        return b"".join(
            copy_line((*place, source, *columns(row)))
            for (place, row), _ in zip(behind, range(limit), strict=False)
        )

    return copy


def count_between(tables: ReferenceTables, feed: str, start: tuple[int, int], end: tuple[int, int]) -> int:
    """How many committed rows a feed shows behind `start` and up to `end`, whatever is still open."""
    if not isinstance(tables, ShardTables) or feed not in SHARD_FEEDS:
        return sum(start < (row.xid, row.id) <= end for row in tables.reference.rows.values())
    if feed in _COMPACTED:
        return sum(place <= end for place, _ in _compacted_behind(tables, feed, start, end[0] + 1))
    table, number = getattr(tables, _POSTED[feed][0]), _POSTED[feed][1]
    return sum(
        start < place <= end
        for push in _pushes_behind(tables, start, end[0] + 1)
        for place, _ in _posted(push, table, number)
    )


def _pushes_behind(tables: ShardTables, cursor: tuple[int, int], end: int) -> Iterator[PushRow]:
    """Pushes below `end` that were not read to their end, in the order of the feed."""
    places = tables.pushes.xids
    for n in range(bisect_left(places, cursor[0]), len(places)):
        if places[n] >= end:
            return
        push = tables.pushes.rows[places[n]]
        if (push.place, _last_id(push)) > cursor:
            yield push


def _last_id(push: PushRow) -> int:
    return push.last_seq * _LINES + _LINES - 1


def _posted(
    push: PushRow, table: Postings[Any], number: Callable[[Any], int]
) -> Iterator[tuple[tuple[int, int], Any]]:
    """The rows that a push posted, each with its place in the feed."""
    for seq in range(push.first_seq, push.last_seq + 1):
        for row in table.rows.get((push.branch_id, push.device_id, seq), ()):
            if row.posted_at == push.posted_at:
                yield (push.place, seq * _LINES + number(row)), row


def _compacted_behind(
    tables: ShardTables, feed: str, cursor: tuple[int, int], end: int
) -> Iterator[tuple[tuple[int, int], Any]]:
    name, place, _ = _COMPACTED[feed]
    table: Table[Any, Any] = getattr(tables, name)
    for row in table.ordered(place):
        at = place(row)
        if cursor < at and at[0] < end:
            yield at, row


@lru_cache(maxsize=256)
def _time_zone(branch: str | None) -> ZoneInfo:
    name = None if branch is None else msgspec.json.decode(branch).get("time_zone")
    return ZoneInfo(name or "UTC")


def _sale_columns(row: SaleRow, tables: ShardTables) -> Columns:
    branch = tables.reference.rows.get(("branch", str(row.branch_id)))
    zone = _time_zone(None if branch is None else branch.payload)
    local = row.occurred_at.astimezone(zone).replace(tzinfo=None)
    return (
        *(row.branch_id, row.device_id, row.seq, row.kind, row.shift_id, row.cashier_id),
        *(row.occurred_at, local, row.till_at, row.posted_at, row.business_date, row.currency),
        *(row.total, row.net, row.tax, row.discount, row.rounding, row.line_count),
        *(row.original_branch_id, row.original_device_id, row.original_seq, row.foreign_original),
    )


def _line_columns(row: LineRow, _: ShardTables) -> Columns:
    return (
        *(row.branch_id, row.device_id, row.seq, row.line_no, row.kind, row.business_date, row.occurred_at),
        *(row.product_id, row.quantity, row.unit_price, row.discount, row.net, row.tax, row.total),
        *(row.tax_code, row.currency),
    )


def _payment_columns(row: PaymentRow, _: ShardTables) -> Columns:
    return (
        *(row.branch_id, row.device_id, row.seq, row.payment_no, row.business_date, row.occurred_at),
        *(row.tender, row.amount, row.currency),
    )


def _movement_columns(row: MovementRow, _: ShardTables) -> Columns:
    return (
        *(row.branch_id, row.device_id, row.seq, row.line_no, row.product_id, row.quantity, row.reason),
        row.occurred_at,
    )


def _ledger_columns(row: LedgerRow, _: ShardTables) -> Columns:
    return (
        *(row.branch_id, row.device_id, row.seq, row.line_no, row.account, row.debit, row.credit),
        *(row.currency, row.business_date),
    )


def _device_columns(row: HeadRow) -> Columns:
    return (
        *(row.branch_id, row.device_id, row.seq, row.hash.hex(), row.till_at, row.received_at),
        *(row.clock_offset_ms, row.quarantined_count, row.case_count),
    )


def _shift_columns(row: ShiftRow) -> Columns:
    return (
        *(row.branch_id, row.device_id, row.shift_id, row.cashier_id, row.opened_at, row.closed_at),
        *(row.opening_float, row.cash_expected, row.cash_counted, row.sale_count, row.sale_total),
        *(row.return_count, row.return_total, row.currency),
    )


_POSTED: dict[str, tuple[str, Callable[[Any], int], Callable[[Any, ShardTables], Columns]]] = {
    "sale": ("sales", lambda _: 0, _sale_columns),
    "sale_line": ("lines", lambda row: row.line_no, _line_columns),
    "payment": ("payments", lambda row: row.payment_no, _payment_columns),
    "movement": ("movements", lambda row: row.line_no, _movement_columns),
    "ledger": ("ledger", lambda row: row.line_no, _ledger_columns),
}
_COMPACTED: dict[str, tuple[str, Callable[[Any], tuple[int, int]], Callable[[Any], Columns]]] = {
    "device": ("heads", lambda row: (row.xid, row.device_id), _device_columns),
    "shift": ("shifts", lambda row: (row.xid, row.id), _shift_columns),
}


def copy_procedures(tables: ShardTables) -> Sequence[tuple[str, Callable[..., bytes]]]:
    """Every `copy_<feed>` of a shard, by the statement's name."""
    return [
        *((f"copy_{feed}", copy_postings(feed, tables)) for feed in _POSTED),
        *((f"copy_{feed}", copy_compacted(feed, tables)) for feed in _COMPACTED),
    ]

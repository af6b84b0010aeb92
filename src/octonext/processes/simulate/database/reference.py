"""The reference feed, at head office and as a shard's copy of it: written, walked, applied."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import msgspec

from .engine import Transaction
from .rows import CursorRow, ReferenceRow
from .schema import ReferenceTables, ShardTables

GATEWAY_KINDS = frozenset(("device", "branch", "region", "tax"))
TILL_KINDS = frozenset(
    ("region", "branch", "category", "product", "price_list", "price", "tax", "cashier", "till_settings")
)
_BEYOND = 2**64


class _Published(msgspec.Struct):
    """One row of a page, as `read_reference` writes it and `apply_reference` reads it."""

    kind: str
    key: str
    region_id: int | None
    branch_id: int | None
    payload: msgspec.Raw


def put_reference(
    transaction: Transaction,
    tables: ReferenceTables,
    kind: str,
    key: str,
    payload: str | None,
    region_id: int | None,
    branch_id: int | None,
) -> None:
    """Write the newest version of one key, behind everything that is there."""
    number = transaction.engine.next_value("reference")
    row = ReferenceRow(kind, key, region_id, branch_id, payload, transaction.place(), number)
    transaction.put(tables.reference, (kind, key), row)
    note_history(transaction, tables)


def note_history(transaction: Transaction, tables: ReferenceTables) -> None:
    """Mark a transaction that published something."""
    place = transaction.place()
    if transaction.get(tables.history, place) is None:
        transaction.put(tables.history, place, f"{place} {transaction.engine.new_mark()}")


def horizon(transaction: Transaction) -> int:
    """The first transaction id that a feed does not show yet."""
    if {"watermark_ignored", "cursor_by_id"} & transaction.engine.mutations:
        return _BEYOND
    return transaction.engine.watermark().xmin


def rows_behind(
    transaction: Transaction, tables: ReferenceTables, xid: int, row_id: int
) -> list[ReferenceRow]:
    """Rows behind a cursor and below the watermark, oldest first."""
    ordered = tables.reference.ordered(_place)
    start = bisect_right(ordered, (xid, row_id), key=_place)
    end = horizon(transaction)
    return [row for row in ordered[start:] if row.xid < end]


def _place(row: ReferenceRow) -> tuple[int, int]:
    return row.xid, row.id


def reference_changes(
    transaction: Transaction, tables: ReferenceTables, xid: str, row_id: int, limit: int
) -> list[dict[str, Any]]:
    """What a gateway needs of the copy."""
    rows = rows_behind(transaction, tables, int(xid), row_id)
    return [row._asdict() for row in rows if row.kind in GATEWAY_KINDS][:limit]


def reference_page(
    transaction: Transaction, tables: ReferenceTables, xid: str, row_id: int, branch: int, limit: int
) -> list[dict[str, Any]]:
    """What the tills of one branch need of the copy."""
    rows = rows_behind(transaction, tables, int(xid), row_id)
    return [row._asdict() for row in rows if row.kind in TILL_KINDS and row.branch_id in {None, branch}][
        :limit
    ]


def reference_head(transaction: Transaction, tables: ReferenceTables) -> list[dict[str, Any]]:
    """The place of the newest row below the watermark."""
    end = horizon(transaction)
    for row in reversed(tables.reference.ordered(_place)):
        if row.xid < end:
            return [{"xid": row.xid, "id": row.id}]
    return []


def write_page(rows: list[ReferenceRow]) -> str:
    """A page's rows as JSON."""
    return msgspec.json.encode(
        [
            _Published(row.kind, row.key, row.region_id, row.branch_id, msgspec.Raw(_payload(row)))
            for row in rows
        ]
    ).decode()


def _payload(row: ReferenceRow) -> bytes:
    return b"null" if row.payload is None else row.payload.encode()


async def apply_reference(
    transaction: Transaction,
    tables: ShardTables,
    feed: str,
    from_xid: str,
    from_id: int,
    to_xid: str,
    to_id: int,
    rows: str,
    mark: str,
    more: bool,
) -> list[dict[str, int]]:
    """Apply one page, unless it does not start at this shard's cursor: then -1."""
    await transaction.lock(tables.cursors, feed)
    await transaction.step("lock")
    at = transaction.get(tables.cursors, feed) or CursorRow(feed)
    if (at.xid, at.id) != (int(from_xid), from_id):
        transaction.put(tables.cursors, feed, at)
        return [{"apply_reference": -1}]
    published = msgspec.json.decode(rows, type=list[_Published])
    for row in published:
        text = bytes(row.payload).decode()
        payload = None if text == "null" else text
        put_reference(transaction, tables, row.kind, row.key, payload, row.region_id, row.branch_id)
    if not more and at.refill_from is not None:
        _forget_what_did_not_come(transaction, tables, at.refill_from)
    note_history(transaction, tables)
    refill_from = at.refill_from if more else None
    transaction.put(tables.cursors, feed, CursorRow(feed, int(to_xid), to_id, mark, refill_from))
    return [{"apply_reference": len(published)}]


def _forget_what_did_not_come(transaction: Transaction, tables: ShardTables, refill_from: int) -> None:
    """The end of a refill: head office does not know what is older. Tills that have sold stay."""
    kept = {("device", str(device)) for _, device in tables.heads.rows}
    kept |= {("branch", str(branch)) for branch, _ in tables.heads.rows}
    for key in sorted(tables.reference.rows.keys() - kept):
        row = transaction.get(tables.reference, key)
        if row is not None and row.xid < refill_from and row.payload is not None:
            put_reference(transaction, tables, *key, None, row.region_id, row.branch_id)


async def refill_reference(transaction: Transaction, tables: ShardTables, feed: str) -> list[dict[str, Any]]:
    """Begin a feed of this shard again."""
    if transaction.get(tables.cursors, feed) is not None:
        await transaction.lock(tables.cursors, feed)
        transaction.put(tables.cursors, feed, CursorRow(feed, refill_from=transaction.place()))
    return [{"refill_reference": None}]


def sink_cursor(transaction: Transaction, tables: ShardTables, feed: str) -> list[dict[str, Any]]:
    """How far this shard has applied a feed."""
    row = transaction.get(tables.cursors, feed)
    return [] if row is None else [{"xid": str(row.xid), "id": row.id, "mark": row.mark}]

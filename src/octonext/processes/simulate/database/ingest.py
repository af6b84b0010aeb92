"""What schema/shard/0005_ingest.sql does with a push, written a second time.

Each awaited step stands where another transaction can come in between: each statement of the SQL function
sees what was committed before it.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from .booking import Booking
from .customers import save_customers
from .engine import Transaction
from .journal import book_events, book_journal, open_cases, record_fork, store_keys
from .ledger import book_ledger
from .pushed import Pushed, PushedEntry
from .receipts import book_receipts, find_exchange_cases, find_return_cases
from .rows import HeadRow, PushRow
from .schema import ShardTables
from .shifts import add_to_shifts, close_shifts
from .stock import move_stock, post_counts


async def ingest_push(transaction: Transaction, tables: ShardTables, push: Pushed) -> dict[str, Any]:
    """Book one push; return the row that the statement returns.

    Raises what the driver raises for a row that SQL does not take.
    """
    till = push.branch_id, push.device_id
    if push.epoch is None and transaction.get(tables.heads, till) is None:
        transaction.put(tables.heads, till, HeadRow(*till, xid=transaction.place()))
    if transaction.get(tables.heads, till) is not None:
        if "head_not_locked" in transaction.engine.mutations:
            transaction.own_xid()
        else:
            await transaction.lock(tables.heads, till)
        await transaction.step("lock")
    head = transaction.get(tables.heads, till)
    if head is None or (push.epoch is not None and head.epoch < push.epoch):
        return _answer("stale", head)
    if (
        push.epoch is not None
        and head.epoch > push.epoch
        and "epoch_unchecked" not in transaction.engine.mutations
    ):
        return _answer("fenced", head)
    if push.first > head.seq + 1:
        return _answer("gap", head)
    found_in = _find_fork(tables, transaction, push, head)
    if found_in is not None:
        await record_fork(transaction, tables, push, found_in)
        return _answer("fork", head)

    store_keys(transaction, tables, push)
    last = push.entries[-1]
    above = push.first - 1 if "dedup_removed" in transaction.engine.mutations else head.seq
    if last.seq > above:
        head = await _book(transaction, tables, push, above)
    outcomes = [
        row.outcome
        for seq in range(push.first, last.seq + 1)
        for row in transaction.get(tables.journal, (*till, seq)) or ()
    ]
    return _answer("accepted", head) | {"outcomes": outcomes}


def _answer(status: str, head: HeadRow | None) -> dict[str, Any]:
    seq, hash_ = (None, None) if head is None else (head.seq, head.hash)
    return {"status": status, "head_seq": seq, "head_hash": hash_, "outcomes": None}


def _find_fork(tables: ShardTables, transaction: Transaction, push: Pushed, head: HeadRow) -> str | None:
    """Where this push leaves the till's history: before its first entry, within it, or nowhere."""
    if push.first == head.seq + 1:
        return "prev" if push.prev != head.hash else None
    for entry in push.entries:
        if entry.seq > head.seq:
            break
        known = transaction.get(tables.journal, (push.branch_id, push.device_id, entry.seq))
        if known is None or known[0].hash != entry.hash:
            return "push"
    return None


async def _book(transaction: Transaction, tables: ShardTables, push: Pushed, above: int) -> HeadRow:
    till = push.branch_id, push.device_id
    entries = {entry.seq: entry for entry in push.entries if entry.seq > above}
    booking = Booking(push, tables, transaction, till, above, entries, _days(push.time_zone, entries))
    last, now, place = push.entries[-1], transaction.now, transaction.place()
    transaction.put(tables.pushes, place, PushRow(place, *till, above + 1, last.seq, last.hash, now))
    book_receipts(booking)
    await book_ledger(booking)
    book_events(booking)
    cases = await add_to_shifts(booking)
    await transaction.step("statement")

    cases += [case for case in push.cases if case.seq > above]
    cases += await find_return_cases(booking)
    cases += find_exchange_cases(booking)
    cases += close_shifts(booking)
    cases += book_journal(booking, {case.seq for case in cases})
    opened = open_cases(transaction, tables, till, cases)
    await transaction.step("statement")

    await save_customers(booking)
    # last, for tills of one branch wait for each other here
    await move_stock(booking)
    if push.counts:
        post_counts(booking)
    if "head_not_locked" in transaction.engine.mutations:
        await transaction.lock(tables.heads, till)
    head = transaction.get(tables.heads, till)
    assert head is not None, "a head is never deleted"
    head = head._replace(
        seq=last.seq,
        hash=last.hash,
        till_at=next(
            (e.till_at for _, e in sorted(entries.items(), reverse=True) if e.till_at), head.till_at
        ),
        received_at=now,
        xid=place,
        case_count=head.case_count + opened,
        quarantined_count=head.quarantined_count + sum(e.reason is not None for e in entries.values()),
    )
    transaction.put(tables.heads, till, head)
    return head


def _days(time_zone: str, entries: dict[int, PushedEntry]) -> dict[int, date]:
    zone = _zone(time_zone)
    return {
        seq: entry.occurred_at.astimezone(zone).date()
        for seq, entry in entries.items()
        if entry.occurred_at is not None
    }


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise asyncpg.InvalidParameterValueError(f'time zone "{name}" not recognized') from None

"""The journal of every till: sessions, entries, forks, wrapped keys and cases; see 0002_journal.sql."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from .booking import Booking
from .engine import Transaction
from .pushed import FoundCase, Pushed
from .rows import CaseRow, EventRow, ForkRow, HeadRow, JournalRow
from .schema import ShardTables
from .tables import Entry


async def begin_session(
    transaction: Transaction,
    tables: ShardTables,
    branch: int,
    device: int,
    seq: int,
    hash_: bytes,
    app: str,
    offset_ms: int,
    actor: str,  # noqa: ARG001 - for the audit trail, which is no part of this model
) -> dict[str, Any]:
    """A till says hello; the row that the statement returns."""
    till = branch, device
    # a till's first hello waits for another that is under way: both would insert its head
    await transaction.lock(tables.heads, till)
    await transaction.step("lock")
    head = transaction.get(tables.heads, till) or HeadRow(*till, xid=transaction.place())
    transaction.put(tables.heads, till, head)
    is_fork = seq < head.seq or (seq == head.seq and hash_ != head.hash)
    if is_fork:
        evidence = {"found_in": "hello", "till_hash": hash_.hex(), "shard_seq": head.seq}
        _open_fork_case(transaction, tables, till, seq, evidence)
    else:
        begun = head._replace(
            epoch=head.epoch + 1,
            connected_at=transaction.now,
            clock_offset_ms=offset_ms,
            app=app,
            xid=transaction.place(),
        )
        transaction.put(tables.heads, till, begun)
    return {
        "is_fork": is_fork,
        "head_seq": head.seq,
        "head_hash": head.hash,
        "epoch": head.epoch + 1,
    }


async def open_went_back_case(
    transaction: Transaction, tables: ShardTables, branch: int, device: int, seq: int, evidence: str
) -> list[dict[str, bool]]:
    """Open the case of a shard that lacks what a till was told is there; whether it is new."""
    await transaction.lock(tables.heads, (branch, device))
    opened = _open_case_of_till(
        transaction, tables, (branch, device), FoundCase(seq, "shard_went_back", evidence)
    )
    return [{"open_went_back_case": opened}]


def store_keys(transaction: Transaction, tables: ShardTables, push: Pushed) -> None:
    """Keep the wrapped keys of a push that are not kept already."""
    for key_id, wrapped in push.keys:
        key = (push.branch_id, push.device_id, key_id)
        if transaction.get(tables.keys, key) is None:
            transaction.put(tables.keys, key, wrapped)


def wrapped_keys(
    transaction: Transaction, tables: ShardTables, branch: int, device: int, key_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """Those of a till's keys that are kept here."""
    found = [(key_id, transaction.get(tables.keys, (branch, device, key_id))) for key_id in key_ids]
    return [{"key_id": key_id, "wrapped": wrapped} for key_id, wrapped in found if wrapped is not None]


async def record_fork(transaction: Transaction, tables: ShardTables, push: Pushed, found_in: str) -> None:
    """Keep the entries of another history beside the journal and open a case."""
    till = push.branch_id, push.device_id
    await transaction.lock(tables.heads, till)
    store_keys(transaction, tables, push)
    for entry in push.entries:
        known = transaction.get(tables.journal, (*till, entry.seq)) or ()
        key = (*till, entry.seq, entry.hash)
        if any(row.hash == entry.hash for row in known) or transaction.get(tables.forks, key) is not None:
            continue
        row = ForkRow(*key, push.prev, entry.key_id, entry.plaintext, entry.ciphertext, transaction.now)
        transaction.put(tables.forks, key, row)
    seq = min(entry.seq for entry in push.entries)
    _open_fork_case(transaction, tables, till, seq, {"found_in": found_in})


def _open_fork_case(
    transaction: Transaction, tables: ShardTables, till: tuple[int, int], seq: int, evidence: object
) -> None:
    text = msgspec.json.encode(evidence).decode()
    _open_case_of_till(transaction, tables, till, FoundCase(seq, "fork", text))


def _open_case_of_till(
    transaction: Transaction, tables: ShardTables, till: tuple[int, int], case: FoundCase
) -> bool:
    """Open a case that no push brought, and show it in the till's health."""
    if not open_cases(transaction, tables, till, [case]):
        return False
    head = transaction.get(tables.heads, till)
    if head is not None:
        head = head._replace(case_count=head.case_count + 1, xid=transaction.place())
        transaction.put(tables.heads, till, head)
    return True


def book_journal(booking: Booking, with_case: set[int]) -> list[FoundCase]:
    """Append the new entries with their outcomes; return the cases of those that are quarantined."""
    rows: dict[Entry, tuple[JournalRow, ...]] = {}
    quarantined: list[FoundCase] = []
    for seq, entry in booking.entries.items():
        outcome = "posted_with_case" if seq in with_case else "posted"
        if entry.reason is not None:
            outcome = "quarantined"
            evidence = msgspec.json.encode({"reason": entry.reason}).decode()
            quarantined.append(FoundCase(seq, "quarantined", evidence))
        row = JournalRow(
            *booking.till,
            seq,
            entry.hash,
            entry.key_id,
            entry.kind,
            entry.plaintext,
            entry.ciphertext,
            outcome,
            entry.reason,
            entry.till_at,
            entry.hlc,
            booking.transaction.now,
        )
        rows[(*booking.till, seq)] = (row,)
    booking.transaction.put_all(booking.tables.journal, rows)
    return quarantined


def book_events(booking: Booking) -> None:
    """Book what happened at the till without moving goods or money."""
    rows: dict[Entry, tuple[EventRow, ...]] = {}
    for seq, e in booking.entries.items():
        if e.detail is None:
            continue
        assert e.kind is not None
        assert e.shift_id is not None
        assert e.cashier_id is not None
        assert e.till_at is not None
        now = booking.transaction.now
        event = EventRow(*booking.till, seq, e.kind, e.shift_id, e.cashier_id, e.detail, e.till_at, now)
        rows[(*booking.till, seq)] = (event,)
    booking.transaction.put_all(booking.tables.events, rows)


def open_cases(
    transaction: Transaction, tables: ShardTables, till: tuple[int, int], cases: Sequence[FoundCase]
) -> int:
    """Open those cases that are not open yet; return how many."""
    opened = 0
    for case in cases:
        number = transaction.engine.next_value("opened_case")
        key = (*till, case.seq, case.kind)
        if transaction.get(tables.cases, key) is None:
            row = CaseRow(*key, case.evidence, transaction.now, transaction.place(), number)
            transaction.put(tables.cases, key, row)
            opened += 1
    return opened

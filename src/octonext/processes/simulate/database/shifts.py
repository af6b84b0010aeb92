"""Shifts: their running totals, and the cases of those that do not add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from octonext.ledger.domain import Account

from .booking import Booking
from .pushed import FoundCase
from .rows import ShiftRow


@dataclass(slots=True)
class _Totals:
    cashier_id: UUID | None = None
    opened_at: datetime | None = None
    opening_float: int = 0
    cash: int = 0
    sale_count: int = 0
    sale_total: int = 0
    return_count: int = 0
    return_total: int = 0
    first_seq: int = 0


async def add_to_shifts(booking: Booking) -> list[FoundCase]:
    """Add a push to the running totals of its shifts; return the cases of those that begin unopened."""
    push, transaction, table = booking.push, booking.transaction, booking.tables.shifts
    totals = _totals(booking)
    cases: list[FoundCase] = []
    for shift_id in sorted(totals):
        key = (*booking.till, shift_id)
        await transaction.lock(table, key)
        number = transaction.engine.next_value("shift")
        before = transaction.get(table, key)
        if before is None:
            first_seq = totals[shift_id].first_seq
            if booking.entries[first_seq].kind != "shift_opened":
                cases.append(FoundCase(first_seq, "shift_not_opened", "{}"))
            before = ShiftRow(*key, None, push.currency, None, None, 0, 0, None, 0, 0, 0, 0, 0, number)
        transaction.put(table, key, _added(before, totals[shift_id], transaction.place()))
    return cases


def close_shifts(booking: Booking) -> list[FoundCase]:
    """Close the shifts that a push closes; return the cases of those whose drawer is not as expected."""
    push, transaction, table = booking.push, booking.transaction, booking.tables.shifts
    cash = _cash(booking)
    closings = [shift for shift in push.shifts if shift.seq > booking.above and not shift.is_opening]
    for closing in closings:
        row = transaction.get(table, (*booking.till, closing.shift_id))
        if row is not None:
            closed_at = booking.entries[closing.seq].occurred_at
            row = row._replace(closed_at=closed_at, cash_counted=closing.amount)
            transaction.put(table, (*booking.till, closing.shift_id), row)

    cases: list[FoundCase] = []
    for closing in closings:
        row = transaction.get(table, (*booking.till, closing.shift_id))
        assert row is not None, "what closes a shift was added to it"
        # what came after the closing in this push was not yet in the drawer
        later = sum(
            amount
            for seq, amount in cash.items()
            if seq > closing.seq
            and seq in booking.entries
            and booking.entries[seq].shift_id == closing.shift_id
        )
        if closing.expected != row.cash_expected - later:
            evidence = {"till_expected": closing.expected, "shard_expected": row.cash_expected - later}
            text = msgspec.json.encode(evidence).decode()
            cases.append(FoundCase(closing.seq, "shift_expected_differs", text))
    return cases


def _cash(booking: Booking) -> dict[int, int]:
    """What each entry of a push put into the drawer, less what it took out."""
    push = booking.push
    closings = {shift.seq for shift in push.shifts if not shift.is_opening}
    cash: dict[int, int] = {}
    for line in push.ledger:
        # closing empties the drawer, which is not what the drawer was expected to hold
        if line.account == Account.CASH_DRAWER and line.seq not in closings:
            cash[line.seq] = cash.get(line.seq, 0) + line.debit - line.credit
    return cash


def _totals(booking: Booking) -> dict[UUID, _Totals]:
    push = booking.push
    openings = {shift.seq: shift for shift in push.shifts if shift.is_opening}
    sales = {sale.seq: sale for sale in push.sales}
    cash = _cash(booking)
    found: dict[UUID, _Totals] = {}
    for seq, entry in sorted(booking.entries.items()):
        if entry.reason is not None or entry.shift_id is None:
            continue
        shift = found.setdefault(entry.shift_id, _Totals(first_seq=seq))
        opening = openings.get(seq)
        if opening is not None:
            shift.cashier_id = shift.cashier_id or entry.cashier_id
            shift.opened_at = shift.opened_at or entry.occurred_at
            shift.opening_float += opening.amount
        shift.cash += cash.get(seq, 0)
        sale = sales.get(seq)
        if sale is not None and sale.kind == "sale":
            shift.sale_count += 1
            shift.sale_total += sale.total
        elif sale is not None:
            shift.return_count += 1
            shift.return_total += sale.total
    return found


def _added(row: ShiftRow, totals: _Totals, xid: int) -> ShiftRow:
    return row._replace(
        cashier_id=row.cashier_id or totals.cashier_id,
        opened_at=row.opened_at or totals.opened_at,
        opening_float=row.opening_float + totals.opening_float,
        cash_expected=row.cash_expected + totals.cash,
        sale_count=row.sale_count + totals.sale_count,
        sale_total=row.sale_total + totals.sale_total,
        return_count=row.return_count + totals.return_count,
        return_total=row.return_total + totals.return_total,
        xid=xid,
    )

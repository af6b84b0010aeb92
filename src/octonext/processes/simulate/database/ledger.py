"""Ledger lines and what they add up to per till and account."""

from __future__ import annotations

import asyncpg

from .booking import Booking
from .rows import AccountRow, LedgerRow
from .tables import Entry


async def book_ledger(booking: Booking) -> None:
    """Book the ledger lines of a push. Raises asyncpg.IntegrityConstraintViolationError if unbalanced."""
    push, transaction = booking.push, booking.transaction
    rows: dict[Entry, tuple[LedgerRow, ...]] = {}
    moved: dict[int, tuple[int, int]] = {}
    difference: dict[int, int] = {}
    for line in push.ledger:
        if line.seq <= booking.above:
            continue
        entry = (*booking.till, line.seq)
        account = int(line.account)
        figures = (line.line_no, account, line.debit, line.credit)
        row = LedgerRow(*entry, *figures, push.currency, booking.days[line.seq], transaction.now)
        rows[entry] = (*rows.get(entry, ()), row)
        debit, credit = moved.get(account, (0, 0))
        moved[account] = debit + line.debit, credit + line.credit
        difference[line.seq] = difference.get(line.seq, 0) + line.debit - line.credit
    if any(difference.values()):
        raise asyncpg.IntegrityConstraintViolationError("a ledger entry is not balanced")
    transaction.put_all(booking.tables.ledger, rows)
    for account, (debit, credit) in moved.items():
        key = (*booking.till, account, push.currency)
        await transaction.lock(booking.tables.accounts, key)
        before = transaction.get(booking.tables.accounts, key)
        total = before or AccountRow(*key, 0, 0)
        total = total._replace(debit=total.debit + debit, credit=total.credit + credit)
        transaction.put(booking.tables.accounts, key, total)

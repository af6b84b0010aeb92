"""Stock: movements, and the balance on hand that every till of a branch adds to."""

from __future__ import annotations

from uuid import UUID

from .booking import Booking
from .rows import BalanceRow, MovementRow
from .tables import Entry


async def move_stock(booking: Booking) -> None:
    """Book what receipts and adjustments moved, and add it to the balances in the order of products."""
    push, transaction, balances = booking.push, booking.transaction, booking.tables.balances
    rows: dict[Entry, tuple[MovementRow, ...]] = {}
    moved: dict[UUID, int] = {}
    kinds = {sale.seq: sale.kind for sale in push.sales}
    for line in push.lines:
        if line.seq > booking.above:
            _move(booking, rows, line.seq, line.line_no, line.product_id, -line.quantity, kinds[line.seq])
            moved[line.product_id] = moved.get(line.product_id, 0) - line.quantity
    for change in push.adjustments:
        if change.seq > booking.above:
            _move(booking, rows, *change)
            moved[change.product_id] = moved.get(change.product_id, 0) + change.quantity
    for count in push.counts:
        moved.setdefault(count.product_id, 0)
    transaction.put_all(booking.tables.movements, rows)
    for product_id in sorted(moved):
        key = (push.branch_id, product_id)
        if "balance_lost_update" not in transaction.engine.mutations:
            await transaction.lock(balances, key)
        before = transaction.get(balances, key)
        on_hand = moved[product_id] + (0 if before is None else before.on_hand)
        transaction.put(balances, key, BalanceRow(*key, on_hand))


def _move(
    booking: Booking,
    rows: dict[Entry, tuple[MovementRow, ...]],
    seq: int,
    line_no: int,
    product_id: UUID,
    quantity: int,
    reason: str,
) -> None:
    entry = (*booking.till, seq)
    occurred_at = booking.entries[seq].occurred_at
    assert occurred_at is not None, "what is quarantined moves nothing"
    row = MovementRow(*entry, line_no, product_id, quantity, reason, occurred_at, booking.transaction.now)
    rows[entry] = (*rows.get(entry, ()), row)


def post_counts(booking: Booking) -> None:
    """Book counts: each moves the book by what the shelf differs from it, at its place in the push."""
    transaction, balances = booking.transaction, booking.tables.balances
    movements: dict[Entry, tuple[MovementRow, ...]] = transaction.writes.get(booking.tables.movements, {})
    moved_now = [row for rows in movements.values() for row in rows]
    rows: dict[Entry, tuple[MovementRow, ...]] = {}
    last_off: dict[UUID, int] = {}
    added: dict[UUID, int] = {}
    for count in sorted(booking.push.counts):
        if count.seq <= booking.above:
            continue
        balance = transaction.get(balances, (booking.push.branch_id, count.product_id))
        assert balance is not None, "counted products have a balance"
        later = sum(
            row.quantity for row in moved_now if row.seq > count.seq and row.product_id == count.product_id
        )
        off_book = count.counted - (balance.on_hand - later)
        # an earlier count of the same product in this push has moved the book already
        quantity = off_book - last_off.get(count.product_id, 0)
        last_off[count.product_id] = off_book
        added[count.product_id] = added.get(count.product_id, 0) + quantity
        _move(booking, rows, count.seq, count.line_no, count.product_id, quantity, "count")
    transaction.put_all(booking.tables.movements, rows)
    for product_id, quantity in added.items():
        key = (booking.push.branch_id, product_id)
        balance = transaction.get(balances, key)
        assert balance is not None
        transaction.put(balances, key, balance._replace(on_hand=balance.on_hand + quantity))

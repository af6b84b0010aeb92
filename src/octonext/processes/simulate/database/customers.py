"""The customers that tills have saved; see schema/shard/0012_customers.sql."""

from __future__ import annotations

from typing import Any

from .booking import Booking
from .engine import Transaction
from .reference import horizon
from .rows import CustomerRow
from .schema import ShardTables


def customer_head(transaction: Transaction, tables: ShardTables) -> list[dict[str, Any]]:
    """The place of the newest customer below the watermark."""
    end = horizon(transaction)
    places = [(row.xid, row.id) for row in tables.customers.rows.values() if row.xid < end]
    return [{"xid": max(places)[0], "id": max(places)[1]}] if places else []


def customer_mark(_: Transaction, tables: ShardTables, xid: str) -> list[dict[str, Any]]:
    """What the history of this shard was at a transaction, by the newest push."""
    newest = tables.pushes.newest(int(xid), 1)
    return [{"mark": newest[0].hash.hex()[:12] if newest else ""}]


async def save_customers(booking: Booking) -> None:
    """Take over what a push says of customers: the till's own later word, or the later one of two tills."""
    saved = {row.customer_id: row for row in booking.push.customers if row.seq > booking.above}
    transaction, table = booking.transaction, booking.tables.customers
    for customer_id in sorted(saved, key=str):
        # Another till may be saving the same one: the statement waits for it, row by row.
        await transaction.lock(table, customer_id)
        new, known = saved[customer_id], transaction.get(table, customer_id)
        at = booking.entries[new.seq].occurred_at
        assert at is not None
        number = transaction.engine.next_value("customer")
        if known is None or (known.branch_id, known.device_id) == booking.till or known.saved_at <= at:
            row = CustomerRow(customer_id, *new[2:], *booking.till, new.seq, at, transaction.place(), number)
            transaction.put(table, customer_id, row)

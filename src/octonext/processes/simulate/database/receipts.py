"""Sales and returns: what was sold, taxed and paid, and the cases that returns call for."""

from __future__ import annotations

import msgspec

from .booking import Booking
from .pushed import FoundCase, PushedSale
from .rows import LineRow, PaymentRow, SaleRow, TaxRow
from .tables import Entry


def book_receipts(booking: Booking) -> None:
    """Book the receipts of a push with their lines, taxes and payments."""
    push, transaction, tables = booking.push, booking.transaction, booking.tables
    sales: dict[Entry, tuple[SaleRow, ...]] = {}
    kinds: dict[int, str] = {}
    for sale in push.sales:
        if sale.seq > booking.above:
            kinds[sale.seq] = sale.kind
            sales[(*booking.till, sale.seq)] = (_sale_row(booking, sale),)
    transaction.put_all(tables.sales, sales)

    lines: dict[Entry, tuple[LineRow, ...]] = {}
    taxes: dict[Entry, dict[tuple[str, int], tuple[int, int]]] = {}
    for line in push.lines:
        if line.seq <= booking.above:
            continue
        entry = (*booking.till, line.seq)
        row = LineRow(
            *entry,
            line.line_no,
            kinds[line.seq],
            line.product_id,
            line.quantity,
            line.unit_price,
            line.discount,
            line.total - line.tax,
            line.tax,
            line.total,
            line.tax_code,
            line.rate_ppm,
            line.original_line,
            push.currency,
            booking.days[line.seq],
            sales[entry][0].occurred_at,
            transaction.now,
        )
        lines[entry] = (*lines.get(entry, ()), row)
        block = taxes.setdefault(entry, {})
        net, tax = block.get((line.tax_code, line.rate_ppm), (0, 0))
        block[line.tax_code, line.rate_ppm] = net + row.net, tax + line.tax
    transaction.put_all(tables.lines, lines)
    transaction.put_all(
        tables.taxes,
        {
            entry: tuple(TaxRow(*entry, *kind, *sums, transaction.now) for kind, sums in block.items())
            for entry, block in taxes.items()
        },
    )

    payments: dict[Entry, tuple[PaymentRow, ...]] = {}
    for payment in push.payments:
        if payment.seq > booking.above:
            entry = (*booking.till, payment.seq)
            occurred_at = sales[entry][0].occurred_at
            paid = PaymentRow(
                *entry,
                payment.payment_no,
                payment.tender,
                payment.amount,
                payment.tendered,
                payment.reference,
                push.currency,
                booking.days[payment.seq],
                occurred_at,
                transaction.now,
            )
            payments[entry] = (*payments.get(entry, ()), paid)
    transaction.put_all(tables.payments, payments)


def _sale_row(booking: Booking, sale: PushedSale) -> SaleRow:
    push, entry = booking.push, booking.entries[sale.seq]
    assert entry.shift_id is not None
    assert entry.cashier_id is not None
    assert entry.till_at is not None
    assert entry.occurred_at is not None
    original = sale.original_branch_id
    return SaleRow(
        *booking.till,
        sale.seq,
        sale.kind,
        entry.shift_id,
        entry.cashier_id,
        entry.till_at,
        entry.occurred_at,
        booking.days[sale.seq],
        push.currency,
        sale.total,
        sale.total - sale.tax,
        sale.tax,
        sale.discount,
        sale.rounding,
        sale.paid,
        sale.line_count,
        original,
        sale.original_device_id,
        sale.original_seq,
        original is not None and original not in push.shard_branches,
        sale.customer_id,
        booking.transaction.now,
    )


async def find_return_cases(booking: Booking) -> list[FoundCase]:
    """The cases of this push's returns: a receipt nobody knows, more than was sold."""
    returns: list[tuple[Entry, int]] = []
    for sale in booking.push.sales:
        branch, device, seq = sale.original_branch_id, sale.original_device_id, sale.original_seq
        if sale.seq <= booking.above or sale.kind != "return" or seq is None:
            continue
        if branch is not None and device is not None and branch in booking.push.shard_branches:
            returns.append(((branch, device, seq), sale.seq))
    cases: list[FoundCase] = []
    for original, seq in sorted(returns):
        # two tills that give back the same receipt at once must see each other
        await booking.transaction.lock("return", original)
        sold = booking.transaction.get(booking.tables.sales, original)
        # a receipt that the till wrote after the return is none that it could give back, however it is pushed
        is_later = original[:2] == booking.till and original[2] > seq
        if sold is None or sold[0].kind != "sale" or is_later:
            cases.append(FoundCase(seq, "return_of_unknown_receipt", "{}"))
            continue
        excess = _excess(booking, original, seq)
        if excess:
            evidence = msgspec.json.encode(excess).decode()
            cases.append(FoundCase(seq, "return_of_more_than_sold", evidence))
    return cases


def find_exchange_cases(booking: Booking) -> list[FoundCase]:
    """The cases of this push's exchanges: a sale that takes the money of no return before it."""
    paid: dict[int, int] = {}
    for payment in booking.push.payments:
        if payment.seq > booking.above and payment.tender == "exchange" and payment.amount > 0:
            paid[payment.seq] = paid.get(payment.seq, 0) + payment.amount
    cases: list[FoundCase] = []
    for seq, amount in paid.items():
        before = booking.transaction.get(booking.tables.payments, (*booking.till, seq - 1)) or ()
        returned = -sum(row.amount for row in before if row.tender == "exchange" and row.amount < 0)
        if returned != amount:
            evidence = msgspec.json.encode({"paid": amount, "returned": returned}).decode()
            cases.append(FoundCase(seq, "exchange_without_return", evidence))
    return cases


def _excess(booking: Booking, original: Entry, seq: int) -> list[dict[str, object]]:
    """Products of the return `seq` of which more has come back by now than was sold."""
    transaction, tables = booking.transaction, booking.tables
    sold: dict[str, int] = {}
    for line in transaction.get(tables.lines, original) or ():
        sold[str(line.product_id)] = sold.get(str(line.product_id), 0) + line.quantity
    back: dict[str, int] = {}
    this: set[str] = set()
    own = [
        entry for entry in transaction.writes.get(tables.sales, {}) if _gives_back(booking, entry, original)
    ]
    for entry in dict.fromkeys([*tables.sales.returned.get(original, ()), *own]):
        # later returns of the same till do not count yet: an outcome must not depend on the cut of pushes
        if entry[:2] == booking.till and entry[2] > seq:
            continue
        for line in transaction.get(tables.lines, entry) or ():
            product = str(line.product_id)
            back[product] = back.get(product, 0) - line.quantity
            if entry == (*booking.till, seq):
                this.add(product)
    return [
        {"product": product, "sold": sold.get(product, 0), "returned": back[product]}
        for product in sorted(this)
        if back[product] > sold.get(product, 0)
    ]


def _gives_back(booking: Booking, entry: Entry, original: Entry) -> bool:
    (sale,) = booking.transaction.writes[booking.tables.sales][entry]
    return (sale.original_branch_id, sale.original_device_id, sale.original_seq) == original

"""What an invoice is: its rows sorted into what was sold, returned, found or lost, and what is none of it.

The rules, each with its reason, are those of `sort_row`; everything else asks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from .rows import Reported, Row

#: Codes of work and charges. A till sells them like goods, but nothing lies on a shelf: they get no
#: opening stock, and a write-off of them means nothing.
SERVICES: Mapping[str, str] = {
    "POST": "Postage",
    "DOT": "Dotcom postage",
    "C2": "Carriage",
    "M": "Manual charge",
    "D": "Discount",
    "S": "Samples",
    "BANK CHARGES": "Bank charges",
}
#: What the company pays or writes off itself: no customer, no till.
COMPANY_COSTS = frozenset({"AMAZONFEE", "CRUK", "B"})
#: Services that are the company's own cost when nobody is named to whom they would be given back.
COSTS_WITHOUT_CUSTOMER = frozenset({"BANK CHARGES", "S"})

CANCELLATION = "C"
BAD_DEBT = "A"


class Deed(StrEnum):
    """What a till does with a row."""

    SOLD = "sold"
    RETURNED = "returned"
    ADJUSTED = "adjusted"


@dataclass(slots=True)
class Invoice:
    """The rows of one invoice that a till can do something with, in the file's order."""

    number: str
    customer: str
    sold: list[Row] = field(default_factory=list)
    returned: list[Row] = field(default_factory=list)
    adjusted: list[Row] = field(default_factory=list)

    def rows(self, deed: Deed) -> list[Row]:
        return {Deed.SOLD: self.sold, Deed.RETURNED: self.returned, Deed.ADJUSTED: self.adjusted}[deed]


def sort_invoice(rows: Sequence[Row]) -> tuple[Invoice, list[Reported]]:
    """Sort the rows of one invoice; every row ends in exactly one place."""
    invoice = Invoice(rows[0].invoice, rows[0].customer)
    reported = []
    for row in rows:
        fate = sort_row(row, alone=len(rows) == 1)
        if isinstance(fate, Reported):
            reported.append(fate)
        else:
            invoice.rows(fate).append(row)
    return invoice, reported


def sort_row(row: Row, *, alone: bool) -> Deed | Reported:
    """Say what a till does with a row; `alone`: it is the only one of its invoice."""
    refusal = _refusal(row)
    if refusal is not None:
        return Reported(row.line, *refusal)
    if row.invoice.startswith(CANCELLATION):
        return Deed.RETURNED
    if row.quantity < 0:
        # Not a cancellation: goods that were lost, broken or miscounted. No money moves.
        return _adjusted(row)
    if row.price == 0 and not row.customer and alone:
        # Free of charge, for nobody, and nothing else on the invoice: goods found on a shelf.
        return _adjusted(row)
    # A free line among others, or for a customer, was given away with the order.
    return Deed.SOLD


def _refusal(row: Row) -> tuple[str, str] | None:
    """The reason and detail of a row that no till could have done, or None."""
    cancelled = row.invoice.startswith(CANCELLATION)
    if row.invoice.startswith(BAD_DEBT):
        return "bad_debt", "an adjustment of bad debt moves no goods and passes no till"
    if row.code in COMPANY_COSTS:
        return "company_cost", f"{row.code} is a cost of the company, not a sale to a customer"
    if cancelled and row.code in COSTS_WITHOUT_CUSTOMER and not row.customer:
        return "company_cost", f"{row.code} without a customer is a cost of the company"
    if row.price < 0:
        return "negative_price", "a price below zero is no price at a till"
    if row.quantity == 0:
        return "no_quantity", "nothing was sold or taken back"
    if cancelled and row.quantity > 0:
        return "cancellation_adds", "a cancellation with a positive quantity takes nothing back"
    return None


def _adjusted(row: Row) -> Deed | Reported:
    if row.code in SERVICES:
        return Reported(row.line, "stock_of_service", f"{row.code} lies on no shelf")
    return Deed.ADJUSTED


def group_invoices(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each invoice, in the order of their first rows: a few stand apart in the file."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.invoice, []).append(row)
    return list(groups.values())

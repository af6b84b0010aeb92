"""What journals say in sum: money and quantities per branch, to be compared with shards and reports.

Signs as in the books: what a return takes back is negative, what leaves the stock is negative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from octonext.sales.entries import AnyEntry, CashMoved, Return, Sale, ShiftClosed, StockAdjusted


@dataclass(slots=True)
class BranchTotals:
    """Sums of one branch, minor units and thousandths."""

    currency: str
    sale_count: int = 0
    return_count: int = 0
    #: Sales less returns, tax included; and the tax in it.
    total: int = 0
    tax: int = 0
    discount: int = 0
    rounding: int = 0
    #: Sold less returned.
    quantity: int = 0
    line_count: int = 0
    tenders: Counter[str] = field(default_factory=Counter)
    cash_moved: int = 0
    over_short: int = 0
    #: Stock movements by product: sales, returns and adjustments; counts are not movements.
    stock: Counter[UUID] = field(default_factory=Counter)


@dataclass(slots=True)
class Totals:
    """Sums over any number of journals."""

    entries: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    branches: dict[int, BranchTotals] = field(default_factory=dict)

    def add(self, branch_id: int, currency: str, entries: Iterable[AnyEntry]) -> None:
        """Count the entries of one till of a branch."""
        branch = self.branches.setdefault(branch_id, BranchTotals(currency))
        for entry in entries:
            self.entries += 1
            self.kinds[str(entry.__struct_config__.tag)] += 1
            _apply(branch, entry)


def _apply(branch: BranchTotals, entry: AnyEntry) -> None:
    match entry:
        case Sale():
            branch.sale_count += 1
            _apply_receipt(branch, entry, 1)
        case Return():
            branch.return_count += 1
            _apply_receipt(branch, entry, -1)
        case StockAdjusted():
            for moved in entry.lines:
                branch.stock[moved.product] += moved.quantity
        case CashMoved():
            branch.cash_moved += entry.amount
        case ShiftClosed():
            branch.over_short += entry.counted - entry.expected
        case _:
            pass  # An event that moves neither goods nor money.


def _apply_receipt(branch: BranchTotals, receipt: Sale | Return, sign: int) -> None:
    branch.total += sign * receipt.total
    branch.tax += sign * receipt.tax
    branch.rounding += sign * receipt.rounding
    branch.line_count += len(receipt.lines)
    for line in receipt.lines:
        branch.quantity += sign * line.quantity
        branch.discount += sign * line.discount
        branch.stock[line.product] -= sign * line.quantity
    for payment in receipt.payments:
        branch.tenders[payment.tender] += sign * payment.amount

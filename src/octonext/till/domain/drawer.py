"""What must be in the drawer, and what a shift has sold: sums over the shift's own entries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from octonext.payments.domain import CASH
from octonext.sales.entries import AnyEntry, CashMoved, Payment, Return, Sale, ShiftClosed, ShiftOpened


@dataclass(slots=True)
class Drawer:
    """Sums of one shift, minor units; `by_tender` is sales less refunds."""

    expected: int = 0
    sale_count: int = 0
    sale_total: int = 0
    return_count: int = 0
    return_total: int = 0
    by_tender: Counter[str] = field(default_factory=Counter)

    def apply(self, entry: AnyEntry) -> None:
        """Count one more entry of the shift."""
        match entry:
            case ShiftOpened():
                self.expected += entry.opening_float
            case Sale():
                self.sale_count += 1
                self.sale_total += entry.total
                self._pay(entry.payments, 1)
            case Return():
                self.return_count += 1
                self.return_total += entry.total
                self._pay(entry.payments, -1)
            case CashMoved():
                self.expected += entry.amount
            case ShiftClosed():
                self.expected = 0
            case _:
                pass  # An event that moves no money.

    def _pay(self, payments: list[Payment], sign: int) -> None:
        for payment in payments:
            self.by_tender[payment.tender] += sign * payment.amount
            if payment.tender == CASH:
                self.expected += sign * payment.amount

"""Finds the receipt that returned goods were sold on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .places import Chain
from .rows import Row

if TYPE_CHECKING:
    from .plan import Entry


class Receipt(NamedTuple):
    """A sale by its till and its place in the till's journal."""

    till: int
    seq: int


@dataclass(slots=True)
class _SoldLine:
    receipt: Receipt
    line: int
    price: int
    left: int
    """Thousandths that were not taken back yet."""


class Originals:
    """What each customer bought and did not bring back yet."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._sold: dict[tuple[str, str], list[_SoldLine]] = defaultdict(list)
        self._tenders: dict[Receipt, str] = {}

    def remember(self, sale: Entry) -> None:
        """Take in a sale; those of customers without a name can never be found again."""
        receipt = Receipt(sale.till, sale.seq)
        self._tenders[receipt] = sale.tender
        for number, row in enumerate(sale.rows, 1):
            if row.customer:
                line = _SoldLine(receipt, number, row.price, row.quantity)
                self._sold[row.customer, row.code].append(line)

    def find(self, row: Row, till: int) -> tuple[Receipt | None, int]:
        """The receipt and line of a returned row (its quantity negative), or None and 0.

        The latest sale of the customer with enough left; the till's own shard before another one, and
        there the same price before any other.
        """
        wanted = -row.quantity
        fitting = [line for line in self._sold.get((row.customer, row.code), ()) if line.left >= wanted]
        if not row.customer or not fitting:
            return None, 0
        shard = self._chain.shard_of_till(till)

        def fitness(indexed: tuple[int, _SoldLine]) -> tuple[bool, bool, int]:
            index, line = indexed
            is_here = self._chain.shard_of_till(line.receipt.till) == shard
            return is_here, line.price == row.price, index

        _, best = max(enumerate(fitting), key=fitness)
        best.left -= wanted
        return best.receipt, best.line

    def tender_of(self, receipt: Receipt) -> str:
        return self._tenders[receipt]

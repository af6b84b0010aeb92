"""Figures of a branch as one of three books has them, and the comparison of the three. Pure values.

Money in minor units, quantities in thousandths, a return negative, what leaves the stock negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from octonext.ledger.domain import Account

JOURNALS, SHARDS, REPORTS = "journals", "shards", "reports"

#: Drawer and safe together: how much of the cash lies where is not the journals' to say.
CASH_ACCOUNTS = (Account.CASH_DRAWER, Account.SAFE)


class Key(NamedTuple):
    """A branch in one currency."""

    branch_id: int
    currency: str


class Place(NamedTuple):
    """What is known of a branch beforehand."""

    code: str
    name_en: str
    currency: str


@dataclass(slots=True)
class BranchFigures:
    """What one book says of one branch. A figure that a book cannot know is left out."""

    values: dict[str, int] = field(default_factory=dict)
    """By name: sales, returns, lines, quantity, total, tax, rounding, `paid <tender>`,
    `account <name>` (debit less credit), `moved <reason>`."""
    moved: dict[str, int] = field(default_factory=dict)
    """By product: what moved without counts."""
    on_hand: dict[str, int] = field(default_factory=dict)
    """By product: the stock now."""


Book = Mapping[Key, BranchFigures]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that two books have differently; a book that lacks the branch has None."""

    key: Key
    figure: str
    said: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many figures were compared, and those that differ."""

    compared: int
    differences: list[Difference]

    @property
    def agrees(self) -> bool:
        return self.compared > 0 and not self.differences


def compare(books: Mapping[str, Book]) -> Comparison:
    """Compare every figure that at least two of the books have, to the last minor unit."""
    compared, differences = 0, []
    for key in sorted({key for book in books.values() for key in book}):
        have = {name: book.get(key) for name, book in books.items()}
        for figure, said in _figures(have):
            compared += 1
            if len(set(said.values())) > 1:
                differences.append(Difference(key, figure, said))
    return Comparison(compared, differences)


def account_figures(balances: Iterable[tuple[int, int]]) -> dict[str, int]:
    """`account <name>` from (account number, debit less credit)."""
    sums: dict[str, int] = {}
    for number, balance in balances:
        name = f"account {_account_name(number)}"
        sums[name] = sums.get(name, 0) + balance
    return {name: balance for name, balance in sums.items() if balance}


def _account_name(number: int) -> str:
    if number in CASH_ACCOUNTS:
        return "cash"
    if number in (Account.SALES, Account.SALES_RETURNS):
        return "revenue"
    return Account(number).name.lower() if number in set(Account) else str(number)


def _figures(have: Mapping[str, BranchFigures | None]) -> Iterable[tuple[str, dict[str, int | None]]]:
    """Each figure that two books or more can know, with what they say. What is zero may be left out."""
    for kind, label in _LABELS.items():
        knowing = [name for name in have if kind in _KNOWN_KINDS[name]]
        parts = {name: None if (book := have[name]) is None else getattr(book, kind) for name in knowing}
        for figure in sorted({figure for part in parts.values() if part for figure in part}):
            said = {
                name: None if part is None else part.get(figure, 0)
                for name, part in parts.items()
                if kind != "values" or name != JOURNALS or not figure.startswith(_NOT_IN_JOURNALS)
            }
            if len(said) > 1:
                yield label.format(figure), said


_LABELS = {"values": "{}", "moved": "moved of {}", "on_hand": "on hand of {}"}
_KNOWN_KINDS = {
    JOURNALS: ("values", "moved"),
    SHARDS: ("values", "moved", "on_hand"),
    REPORTS: ("values", "on_hand"),
}
# A journal says what was counted; only the shard knows what it had, and so what the count moved.
_NOT_IN_JOURNALS = ("moved ", "line ")

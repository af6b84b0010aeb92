"""How customers pay: a seeded, believable mix, and what is left in the drawer."""

from __future__ import annotations

from dataclasses import dataclass

from .places import Chain

CASH = "cash"
CARD = "card"
ON_ACCOUNT = "on_account"
#: Nobody carries more, minor units.
CASH_MAX = 50_000
CASH_PERCENT = 35
ON_ACCOUNT_PERCENT = 15


def tender_for(chain: Chain, invoice: str, customer: str, total: int) -> str:
    """The one tender of a sale: some cash for small sums, some on account for known customers."""
    drawn = chain.draw(100, "tender", invoice)
    if customer and drawn < ON_ACCOUNT_PERCENT:
        return ON_ACCOUNT
    if total <= CASH_MAX and drawn < ON_ACCOUNT_PERCENT + CASH_PERCENT:
        return CASH
    return CARD


@dataclass(slots=True)
class Drawer:
    """The cash of one shift, minor units."""

    cash: int = 0

    def holds(self, amount: int) -> bool:
        return self.cash >= amount

    def take(self, tender: str, amount: int) -> None:
        if tender == CASH:
            self.cash += amount

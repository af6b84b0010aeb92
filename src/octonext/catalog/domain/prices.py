"""Which price holds: a pure choice among those that apply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class PriceOffer:
    """One price of a product with what its list says. `amount` is minor units of `currency`.

    `branch_id` None: the list is for every branch of the region. `valid_until` is the last day,
    None for open-ended.
    """

    price_list_id: str
    region_id: int
    branch_id: int | None
    priority: int
    tax_inclusive: bool
    currency: str
    amount: int
    valid_from: date
    valid_until: date | None = None

    def holds(self, *, region_id: int, branch_id: int, on: date) -> bool:
        """Whether it applies in this branch on this day (the branch's own calendar day)."""
        return (
            self.region_id == region_id
            and self.branch_id in (None, branch_id)
            and self.valid_from <= on
            and (self.valid_until is None or on <= self.valid_until)
        )


def price_on(offers: Iterable[PriceOffer], *, region_id: int, branch_id: int, on: date) -> PriceOffer | None:
    """The price of a product in a branch on a day, or None when it has none.

    The list with the highest priority wins; then a list of the branch over one of the region; then
    the later beginning; then the smaller list id, so that every till decides alike.
    """
    valid = [offer for offer in offers if offer.holds(region_id=region_id, branch_id=branch_id, on=on)]
    # Sorted by id first: max() keeps the first of equals.
    return max(
        sorted(valid, key=lambda offer: offer.price_list_id),
        key=lambda offer: (offer.priority, offer.branch_id is not None, offer.valid_from),
        default=None,
    )

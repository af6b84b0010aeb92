"""The price on the shelf today: lists, branches and days, decided alike everywhere."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

from octonext.catalog.domain.prices import PriceOffer, price_on

TODAY = date(2026, 3, 10)


def offer(amount: int, **changes: Any) -> PriceOffer:
    values: dict[str, Any] = {
        "price_list_id": "a", "region_id": 1, "branch_id": None, "priority": 0, "tax_inclusive": False,
        "currency": "KWD", "amount": amount, "valid_from": date(2026, 1, 1), "valid_until": None,
    }  # fmt: skip
    return PriceOffer(**(values | changes))


def amount_today(*offers: PriceOffer, branch_id: int = 7) -> int | None:
    shuffled = list(offers)
    random.Random(1).shuffle(shuffled)
    found = price_on(shuffled, region_id=1, branch_id=branch_id, on=TODAY)
    return None if found is None else found.amount


def test_a_product_without_a_price_today_has_none() -> None:
    assert amount_today() is None
    assert amount_today(offer(250, valid_from=date(2026, 3, 11))) is None
    assert amount_today(offer(250, valid_until=date(2026, 3, 9))) is None
    assert amount_today(offer(250, region_id=2)) is None
    assert amount_today(offer(250, branch_id=8)) is None


def test_the_last_day_of_a_price_is_still_its_day() -> None:
    assert amount_today(offer(250, valid_from=TODAY, valid_until=TODAY)) == 250


def test_a_ramadan_offer_beats_the_everyday_list_while_it_lasts() -> None:
    everyday = offer(250)
    ramadan = offer(
        199, price_list_id="b", priority=10, valid_from=date(2026, 2, 18), valid_until=date(2026, 3, 19)
    )
    assert amount_today(everyday, ramadan) == 199
    assert price_on([everyday, ramadan], region_id=1, branch_id=7, on=date(2026, 3, 20)) == everyday


def test_the_branchs_own_list_beats_the_regions_at_the_same_priority() -> None:
    assert amount_today(offer(250), offer(240, price_list_id="b", branch_id=7)) == 240
    assert amount_today(offer(250, priority=1), offer(240, price_list_id="b", branch_id=7)) == 250


def test_a_tie_is_decided_alike_whatever_the_order() -> None:
    tied = [offer(amount, price_list_id=name) for amount, name in ((1, "c"), (2, "a"), (3, "b"))]
    for seed in range(10):
        random.Random(seed).shuffle(tied)
        found = price_on(tied, region_id=1, branch_id=7, on=TODAY)
        assert found is not None
        assert found.price_list_id == "a"

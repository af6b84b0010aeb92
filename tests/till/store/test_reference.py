"""The till's copy of the reference data: replaced, deleted, looked up."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from octonext.sync.messages import DeltaRow
from octonext.till.domain.cart import Item
from octonext.till.domain.catalogue import Catalogue
from octonext.till.errors import NotSellable
from octonext.till.service import Till

MILK = "6291003100018"
PRODUCT = "01938f5e-7c00-7000-8000-000000000001"
REGION_LIST = "01938f5e-7c00-7000-8000-0000000000a1"
BRANCH_LIST = "01938f5e-7c00-7000-8000-0000000000a2"


def row(kind: str, key: str, value: object) -> DeltaRow:
    return DeltaRow(kind=kind, key=key, value=msgspec.Raw(msgspec.json.encode(value)))


def price(price_list: str, amount: int, valid_from: str, valid_until: str | None = None) -> DeltaRow:
    value = {
        "price_list_id": price_list,
        "product_id": PRODUCT,
        "amount": amount,
        "currency": "KWD",
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
    return row("price", f"{price_list}:{PRODUCT}:{valid_from}", value)


def branch_list(priority: int = 0, branch_id: int | None = 3) -> DeltaRow:
    value = {
        "price_list_id": BRANCH_LIST,
        "name": "Branch",
        "region_id": 1,
        "branch_id": branch_id,
        "currency": "KWD",
        "tax_inclusive": True,
        "priority": priority,
    }
    return row("price_list", BRANCH_LIST, value)


def price_today(till: Till, today: date = date(2026, 1, 15)) -> int:
    catalogue: Catalogue = till.catalogue_for([Item(MILK)])
    return catalogue.price(catalogue.product(MILK), today).amount


def test_a_deleted_product_is_not_found_any_more(till: Till) -> None:
    till.journal.reference.store("reference", "2.1", [row("product", PRODUCT, None)])
    with pytest.raises(NotSellable, match="No product"):
        till.catalogue_for([Item(MILK)]).product(MILK)
    assert till.journal.reference.cursors() == {"reference": "2.1"}


def test_a_changed_barcode_replaces_the_old_one(till: Till) -> None:
    changed = {
        "product_id": PRODUCT,
        "sku": "MILK-1",
        "name_en": "Milk",
        "name_ar": "",
        "unit": "piece",
        "tax_class": "none",
        "barcodes": ["42"],
    }
    till.journal.reference.store("reference", "2.1", [row("product", PRODUCT, changed)])
    with pytest.raises(NotSellable):
        till.catalogue_for([Item(MILK)]).product(MILK)
    assert till.catalogue_for([Item("42")]).product("42").name_en == "Milk"


def test_the_newest_price_that_has_begun_counts(till: Till) -> None:
    rows = [price(REGION_LIST, 400, "2026-01-01"), price(REGION_LIST, 500, "2026-02-01")]
    till.journal.reference.store("reference", "2.1", rows)
    assert price_today(till) == 400
    assert price_today(till, date(2026, 2, 1)) == 500
    assert price_today(till, date(2025, 12, 31)) == 350


def test_an_expired_price_gives_way_to_the_one_before(till: Till) -> None:
    till.journal.reference.store("reference", "2.1", [price(REGION_LIST, 300, "2026-01-01", "2026-01-14")])
    assert price_today(till, date(2026, 1, 14)) == 300
    assert price_today(till, date(2026, 1, 15)) == 350


@pytest.mark.parametrize(
    ("priority", "branch_id", "amount"), [(0, 3, 333), (5, 3, 333), (-1, 3, 350), (5, 4, 350)]
)
def test_priority_decides_and_then_the_branchs_own_list(
    till: Till, priority: int, branch_id: int, amount: int
) -> None:
    rows = [branch_list(priority, branch_id), price(BRANCH_LIST, 333, "2020-01-01")]
    till.journal.reference.store("reference", "2.1", rows)
    assert price_today(till) == amount


@pytest.mark.parametrize("order", [1, -1])
def test_between_lists_that_are_otherwise_equal_every_till_decides_alike(till: Till, order: int) -> None:
    also = [branch_list(branch_id=None), price(BRANCH_LIST, 333, "2020-01-01")]
    till.journal.reference.store("reference", "2.1", also)
    catalogue = Catalogue(3, list(till.journal.reference.all())[::order])
    assert REGION_LIST < BRANCH_LIST
    assert catalogue.price(catalogue.product(MILK), date(2026, 1, 15)).amount == 350


@pytest.mark.parametrize(
    "bad",
    [
        row("product", PRODUCT, {"sku": 5}),
        row("price", "any", {"product_id": PRODUCT}),
        row("cashier", "any", []),
        DeltaRow(kind="region", key="1", value=msgspec.Raw(b'"\xff"')),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out_and_the_others_are_stored(till: Till, bad: DeltaRow) -> None:
    good = price(REGION_LIST, 400, "2026-01-01")
    stored = till.journal.reference.store("reference", "9.9", [bad, good])
    assert [(skipped.kind, skipped.key) for skipped in stored.skipped] == [(bad.kind, bad.key)]
    assert [kept.key for kept in stored.rows] == [good.key]
    assert till.journal.reference.cursors() == {"reference": "9.9"}
    assert price_today(till) == 400
    assert till.sign_in("C1", "4711").code == "C1"


def test_the_whole_copy_makes_the_same_catalogue_as_its_parts(till: Till) -> None:
    whole = Catalogue(3, till.journal.reference.all())
    assert whole.product("DATE-1") == till.catalogue_for([Item("DATE-1")]).product("DATE-1")
    assert [cashier.code for cashier in whole.cashiers] == ["C1"]
    assert whole.branch is not None
    assert whole.branch.code == "KW01"

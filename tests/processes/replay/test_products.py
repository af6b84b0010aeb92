from __future__ import annotations

from octonext.processes.replay.domain.products import implied_products

from .conftest import MakeRow


def test_the_most_frequent_description_and_price_win(make_row: MakeRow) -> None:
    rows = [
        make_row(description="HEART", price=255),
        make_row(description="HEART HOLDER", price=295),
        make_row(description="HEART HOLDER", price=295),
    ]
    [product] = implied_products(rows)
    assert (product.sku, product.name, product.price) == ("85123A", "HEART HOLDER", 295)


def test_a_remark_of_the_stock_room_is_no_name_while_there_is_a_better_one(make_row: MakeRow) -> None:
    damaged = make_row(description="damaged", quantity=-1000, price=0)
    assert [p.name for p in implied_products([damaged, damaged, make_row()])] == [
        "WHITE HANGING HEART T-LIGHT HOLDER"
    ]
    assert [p.name for p in implied_products([damaged])] == ["damaged"]


def test_a_product_without_any_description_is_named_by_its_code(make_row: MakeRow) -> None:
    assert [p.name for p in implied_products([make_row(description=" \x07 ")])] == ["Stock code 85123A"]


def test_services_have_their_own_names(make_row: MakeRow) -> None:
    [product] = implied_products([make_row(code="DOT", description="whatever")])
    assert product.is_service
    assert product.name == "Dotcom postage"

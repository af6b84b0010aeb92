"""The sample chain: the same everywhere, believable, and taken by the API without a complaint."""

from __future__ import annotations

import httpx
import pytest
from litestar import Litestar

from octonext.catalog.domain.barcodes import classify
from octonext.processes.sample.catalogue import sample_products
from octonext.processes.sample.seed import SeedRefused, seed_demo


def test_the_same_seed_gives_the_same_shop() -> None:
    assert sample_products(7) == sample_products(7)
    assert sample_products(7) != sample_products(8)


def test_products_are_named_in_both_languages_and_carry_in_store_numbers() -> None:
    products = sample_products()
    assert len(products) == 400
    assert len({product.sku for product in products}) == 400
    assert len({product.name_en for product in products}) == 400
    codes = [code for product in products for code in product.barcodes]
    assert len(set(codes)) == len(codes) > 400
    for code in codes:
        assert classify(code) == "ean13"
        assert code.startswith("2")
    for product in products:
        assert any("\u0600" <= letter <= "\u06ff" for letter in product.name_ar)
    assert {product.unit for product in products} == {"piece", "kg"}


def test_goods_are_sold_above_cost_and_in_coins_that_exist() -> None:
    for product in sample_products():
        assert 0 < product.cost_kwd < product.price_kwd
        # A price in riyals holds 15 % VAT, its cost does not.
        assert 0 < product.cost_sar * 115 < product.price_sar * 100
        assert product.price_kwd % 5 == product.price_sar % 5 == 0


async def test_the_chain_is_created_with_six_branches_and_twenty_four_tills(
    rest_app: Litestar, admin_secret: str, api: httpx.AsyncClient
) -> None:
    transport = httpx.ASGITransport(rest_app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    headers = {"Authorization": f"Bearer {admin_secret}"}
    async with httpx.AsyncClient(transport=transport, base_url="https://hq", headers=headers) as client:
        seeded = await seed_demo(client, products=50)
        assert len(seeded.branches) == 6
        assert len({till.enrolment_code for till in seeded.tills}) == 24
        assert len(seeded.cashiers) == 12
        with pytest.raises(SeedRefused):
            await seed_demo(client, products=50)
    regions = (await api.get("/regions")).json()["items"]
    assert {region["currency"] for region in regions} == {"KWD", "SAR"}
    lists = {row["code"]: row for row in (await api.get("/price-lists")).json()["items"]}
    assert not lists["KW-RETAIL"]["tax_inclusive"]
    assert lists["SA-RETAIL"]["tax_inclusive"]
    assert len((await api.get("/cashiers")).json()["items"]) == 12

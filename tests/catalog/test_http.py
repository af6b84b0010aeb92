"""The catalogue as its users meet it: products, barcodes, batches with bad rows, prices and costs."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from api_fixtures import Chain, created

EAN = "4006381333931"


async def batch(api: httpx.AsyncClient, *rows: Any) -> Any:
    return await created(api, "/products:batch", rows=list(rows))


async def test_a_scanned_code_finds_its_product_in_either_form(api: httpx.AsyncClient) -> None:
    product = await created(api, "/products", sku="T", name_en="Tissue", barcodes=["036000291452", "TIS"])
    for code in ("036000291452", "0036000291452", "TIS"):
        assert (await api.get(f"/barcodes/{code}")).json()["product_id"] == product["product_id"]
    assert (await api.get("/barcodes/4011")).status_code == 404
    assert (await api.get("/barcodes/4006381333932")).status_code == 400


async def test_a_barcode_names_one_product_only(api: httpx.AsyncClient) -> None:
    await created(api, "/products", sku="A", name_en="A", barcodes=["036000291452"])
    other = await created(api, "/products", sku="B", name_en="B")
    for taken in ("036000291452", "0036000291452"):
        answer = await api.post(f"/products/{other['product_id']}/barcodes", json={"barcode": taken})
        assert answer.status_code == 409, taken


async def test_bad_rows_are_reported_one_by_one_and_stop_no_other(api: httpx.AsyncClient) -> None:
    await created(api, "/products", sku="OLD", name_en="Old", barcodes=["OLD-1"])
    result = await batch(
        api,
        {"sku": "A", "name_en": "A", "barcodes": [EAN]},
        {"sku": "A", "name_en": "A again"},
        {"name_en": "no sku"},
        {"sku": "B", "name_en": "B", "barcodes": ["4006381333932"]},
        {"sku": "C", "name_en": "C", "barcodes": ["OLD-1"]},
        {"sku": "D", "name_en": "D", "category_id": "00000000-0000-7000-8000-000000000000"},
        {"sku": "E", "name_en": "E\tE"},
        {"sku": "F", "name_en": "F", "barcodes": [EAN]},
        {"sku": "G", "name_en": "G", "unit": "litre"},
        {"sku": "H", "name_en": "H" * 401},
        {"sku": "OLD", "name_en": "New"},
    )
    assert (result["applied"], result["created"]) == (2, 1)
    assert [(error["index"], error["code"]) for error in result["errors"]] == [
        (1, "duplicate_sku"), (2, "invalid_row"), (3, "invalid_barcode"), (4, "barcode_taken"),
        (5, "unknown_category"), (6, "invalid_request"), (7, "duplicate_barcode"), (8, "invalid_row"),
        (9, "invalid_row"),
    ]  # fmt: skip
    names = {row["sku"]: row["name_en"] for row in (await api.get("/products")).json()["items"]}
    assert names == {"A": "A", "OLD": "New"}


async def test_what_a_batch_leaves_out_stays_and_barcodes_given_are_the_whole_set(
    api: httpx.AsyncClient,
) -> None:
    category = await created(api, "/categories", code="TEA", name_en="Tea", name_ar="شاي")
    first = {
        "sku": "A", "name_en": "Tea", "name_ar": "شاي", "unit": "kg", "tax_class": "zero",
        "category_id": category["category_id"], "barcodes": ["A1", "A2"], "active": False,
    }  # fmt: skip
    await batch(api, first)
    await batch(api, {"sku": "A", "name_en": "Green Tea"})
    (kept,) = (await api.get("/products")).json()["items"]
    assert kept == first | {"name_en": "Green Tea", "product_id": kept["product_id"]}
    await batch(api, {"sku": "A", "name_en": "Green Tea", "barcodes": ["A2", "A3"]})
    (changed,) = (await api.get("/products")).json()["items"]
    assert changed["barcodes"] == ["A2", "A3"]
    assert changed["product_id"] == kept["product_id"]


async def test_a_batch_of_more_than_a_thousand_rows_is_refused(api: httpx.AsyncClient) -> None:
    rows = [{"sku": str(number), "name_en": "x"} for number in range(1001)]
    assert (await api.post("/products:batch", json={"rows": rows})).status_code == 400
    result = (await api.post("/products:batch", json={"rows": rows[:1000]})).json()
    assert result["applied"] == 1000


async def test_two_batches_for_one_barcode_at_once_leave_it_with_one_product(
    api: httpx.AsyncClient,
) -> None:
    answers = await asyncio.gather(
        *(
            api.post("/products:batch", json={"rows": [{"sku": sku, "name_en": sku, "barcodes": [EAN]}]})
            for sku in "ABCDEFGH"
        )
    )
    applied = [answer.json()["applied"] for answer in answers if answer.status_code == 200]
    assert sum(applied) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}


async def test_a_product_is_changed_in_part(api: httpx.AsyncClient) -> None:
    product = await created(api, "/products", sku="A", name_en="Tea", barcodes=["A1"])
    path = f"/products/{product['product_id']}"
    changed = (await api.patch(path, json={"active": False, "barcodes": []})).json()
    assert changed == product | {"active": False, "barcodes": []}
    assert (await api.patch(path, json={"sku": "B"})).status_code == 400
    assert (await api.get(path)).json() == changed


async def test_products_are_paged_by_sku(api: httpx.AsyncClient) -> None:
    await batch(api, *({"sku": f"{number:03d} ü", "name_en": "x"} for number in range(25)))
    seen, cursor = [], ""
    while True:
        page = (await api.get(f"/products?limit=10{cursor}")).json()
        seen += [row["sku"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"{number:03d} ü" for number in range(25)]


async def test_a_category_below_another_keeps_its_place(api: httpx.AsyncClient) -> None:
    drinks = await created(api, "/categories", code="DRINKS", name_en="Drinks")
    tea = await created(api, "/categories", code="TEA", name_en="Tea", parent_id=drinks["category_id"])
    renamed = await api.patch(f"/categories/{tea['category_id']}", json={"name_ar": "شاي"})
    assert renamed.json() == tea | {"name_ar": "شاي"}
    unknown = {"code": "X", "name_en": "X", "parent_id": "00000000-0000-7000-8000-000000000000"}
    assert (await api.post("/categories", json=unknown)).status_code == 422


async def price_list(api: httpx.AsyncClient, chain: Chain, **changes: Any) -> str:
    body = {
        "code": "KW", "name": "Kuwait", "region_id": chain.region_id, "currency": "KWD",
        "tax_inclusive": False,
    } | changes  # fmt: skip
    made = await created(api, "/price-lists", **body)
    return f"/price-lists/{made['price_list_id']}"


async def test_a_new_price_ends_the_open_one_the_day_before(api: httpx.AsyncClient, chain: Chain) -> None:
    await created(api, "/products", sku="A", name_en="Tea")
    path = await price_list(api, chain)
    for amount, day in ((250, "2026-01-01"), (300, "2026-02-01")):
        row = {"sku": "A", "amount": amount, "valid_from": day}
        assert (await created(api, f"{path}/prices:batch", rows=[row]))["applied"] == 1
    prices = (await api.get(f"{path}/prices")).json()["items"]
    assert [(row["amount"], row["valid_from"], row["valid_until"]) for row in prices] == [
        (250, "2026-01-01", "2026-01-31"), (300, "2026-02-01", None),
    ]  # fmt: skip
    overlap = {"rows": [{"sku": "A", "amount": 1, "valid_from": "2025-12-01"}]}
    assert (await api.post(f"{path}/prices:batch", json=overlap)).status_code == 409


async def test_bad_prices_are_reported_one_by_one(api: httpx.AsyncClient, chain: Chain) -> None:
    await batch(api, {"sku": "A", "name_en": "A"}, {"sku": "B", "name_en": "B"})
    path = await price_list(api, chain)
    result = await created(api, f"{path}/prices:batch", rows=[
        {"sku": "A", "amount": 250, "valid_from": "2026-01-01"},
        {"sku": "A", "amount": 260, "valid_from": "2026-01-01"},
        {"sku": "Z", "amount": 250, "valid_from": "2026-01-01"},
        {"sku": "B", "amount": -1, "valid_from": "2026-01-01"},
        {"sku": "B", "amount": 1.5, "valid_from": "2026-01-01"},
        {"sku": "B", "amount": 1, "valid_from": "2026-02-30"},
        {"sku": "B", "amount": 1, "valid_from": "2026-02-02", "valid_until": "2026-02-01"},
    ])  # fmt: skip
    assert result["applied"] == 1
    assert [(error["index"], error["code"]) for error in result["errors"]] == [
        (1, "duplicate_price"), (2, "unknown_reference"), (3, "invalid_row"), (4, "invalid_row"),
        (5, "invalid_row"), (6, "invalid_row"),
    ]  # fmt: skip


async def test_a_price_list_is_in_the_money_and_the_region_of_its_branch(
    api: httpx.AsyncClient, chain: Chain
) -> None:
    body = {"code": "X", "name": "X", "region_id": chain.region_id, "tax_inclusive": False}
    assert (await api.post("/price-lists", json=body | {"currency": "SAR"})).status_code == 422
    elsewhere = body | {"currency": "KWD", "branch_id": 999}
    assert (await api.post("/price-lists", json=elsewhere)).status_code == 422
    path = await price_list(api, chain, branch_id=chain.branch_id, priority=5)
    assert (await api.patch(path, json={"priority": 7})).json()["priority"] == 7
    assert (await api.patch(path, json={"currency": "SAR"})).status_code == 400


async def test_costs_are_set_per_region(api: httpx.AsyncClient, chain: Chain) -> None:
    await created(api, "/products", sku="A", name_en="Tea")
    rows = [{"sku": "A", "cost": 180}, {"sku": "Z", "cost": 1}]
    result = await created(api, "/costs:batch", region_id=chain.region_id, rows=rows)
    assert (result["applied"], len(result["errors"])) == (1, 1)
    (cost,) = (await api.get(f"/costs?region_id={chain.region_id}")).json()["items"]
    assert (cost["sku"], cost["cost"], cost["currency"]) == ("A", 180, "KWD")
    assert (await api.post("/costs:batch", json={"region_id": 999, "rows": rows})).status_code == 404

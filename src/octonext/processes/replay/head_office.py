"""Puts the retailer into an empty installation, through the API like anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from octonext.base.errors import OctoNextError
from octonext.edge.limits import PAGE_ROWS_MAX
from octonext.processes.chain import API_PATH, HeadOffice

from .domain.places import Chain
from .domain.products import ImpliedProduct
from .domain.rows import CURRENCY, LONDON
from .domain.sizes import TAX_CODE

T = TypeVar("T")

REGION = "GB"
#: Rows of one batch, the most the API takes.
BATCH_ROWS = 1_000
REQUESTS_AT_ONCE = 4
PRICES_FROM = date(2010, 1, 1)
CASHIER_PIN = "0000"


class RowsRefused(OctoNextError):
    """Head office did not take a product or a price that the file implies."""

    code = "rows_refused"


@dataclass(frozen=True, slots=True)
class Retailer:
    """What head office made of the chain: branches and tills in the plan's order."""

    branch_ids: Sequence[int]
    branch_codes: Sequence[str]
    enrolment_codes: Sequence[str]
    device_ids: Sequence[int]
    cashiers: Sequence[UUID]
    """One per branch."""
    products: dict[str, UUID]


def shard_name(number: int) -> str:
    """The id of the plan's shard."""
    return f"gb-{number + 1}"


async def set_up(office: HeadOffice, chain: Chain, goods: Sequence[ImpliedProduct]) -> Retailer:
    """Create organisation, region, tax, catalogue, branches, cashiers and tills.

    Raises HeadOfficeRefused, RowsRefused.
    """
    organisation = await office.post("/organisations", {"code": "REPLAY", "name_en": "Replayed retailer"})
    region = await office.post("/regions", {
        "code": REGION, "jurisdiction": REGION, "currency": CURRENCY, "time_zone": str(LONDON),
        "name_en": "United Kingdom",
    })  # fmt: skip
    # The file's prices are what customers paid; it says nothing of tax, so none is invented.
    tax = {"tax_code": TAX_CODE, "rate_ppm": 0, "name_en": "No tax", "name_ar": ""}
    await _put(office, f"/taxes/{REGION}/none", tax)
    branches = await _branches(office, chain, organisation["organisation_id"], region["region_id"])
    branch_ids = [branch["branch_id"] for branch in branches]
    _, tills, cashiers = await asyncio.gather(
        _catalogue(office, region["region_id"], goods),
        _tills(office, chain, branch_ids),
        _cashiers(office, region["region_id"], branch_ids),
    )
    return Retailer(
        branch_ids=branch_ids,
        branch_codes=[branch["code"] for branch in branches],
        enrolment_codes=[till["enrolment_code"] for till in tills],
        device_ids=[till["till"]["device_id"] for till in tills],
        cashiers=[UUID(cashier["user_id"]) for cashier in cashiers],
        products=await _product_ids(office),
    )


async def _branches(office: HeadOffice, chain: Chain, organisation: str, region: int) -> list[dict[str, Any]]:
    # One after the other: head office numbers them in the order they come.
    return [
        await office.post("/branches", {
            "organisation_id": organisation, "region_id": region,
            "shard_id": shard_name(chain.shard_of_branch(branch)),
            "code": f"B{branch + 1:02}", "name_en": f"Branch {branch + 1}",
        })
        for branch in range(chain.branches)
    ]  # fmt: skip


async def _tills(office: HeadOffice, chain: Chain, branch_ids: Sequence[int]) -> list[dict[str, Any]]:
    return [
        await office.post("/tills", {
            "branch_id": branch_ids[chain.branch_of_till(till)], "name": f"Replayed till {till + 1}",
        })
        for till in range(chain.tills)
    ]  # fmt: skip


async def _cashiers(office: HeadOffice, region: int, branch_ids: Sequence[int]) -> list[dict[str, Any]]:
    def create(number: int, branch_id: int) -> Callable[[], Awaitable[dict[str, Any]]]:
        body = {
            "region_id": region, "code": str(number), "name_en": f"Cashier {number}",
            "branch_ids": [branch_id], "pin": CASHIER_PIN,
        }  # fmt: skip
        return lambda: office.post("/cashiers", body)

    return await _side_by_side([create(number, branch) for number, branch in enumerate(branch_ids, 1)])


async def _catalogue(office: HeadOffice, region: int, goods: Sequence[ImpliedProduct]) -> None:
    categories = {
        is_service: (await office.post("/categories", {"code": code, "name_en": name}))["category_id"]
        for is_service, code, name in ((False, "GOODS", "Goods"), (True, "SERVICES", "Services and charges"))
    }
    price_list = await office.post("/price-lists", {
        "code": "RETAIL", "name": "Retail", "region_id": region, "currency": CURRENCY, "tax_inclusive": True,
    })  # fmt: skip
    await _post_rows(office, "/products:batch", [
        {
            "sku": good.sku, "name_en": good.name, "tax_class": "none",
            "category_id": categories[good.is_service],
        }
        for good in goods
    ])  # fmt: skip
    await _post_rows(office, f"/price-lists/{price_list['price_list_id']}/prices:batch", [
        {"sku": good.sku, "amount": good.price, "valid_from": PRICES_FROM.isoformat()} for good in goods
    ])  # fmt: skip


async def _post_rows(office: HeadOffice, path: str, rows: Sequence[dict[str, Any]]) -> None:
    batches = [rows[start : start + BATCH_ROWS] for start in range(0, len(rows), BATCH_ROWS)]

    def send(batch: Sequence[dict[str, Any]]) -> Callable[[], Awaitable[Any]]:
        return lambda: office.post(path, {"rows": batch})

    for result in await _side_by_side([send(batch) for batch in batches]):
        if result["errors"]:
            first = result["errors"][0]
            raise RowsRefused(f"Head office refused {first['sku']} at {path}: {first['message']}")


async def _product_ids(office: HeadOffice) -> dict[str, UUID]:
    found: dict[str, UUID] = {}
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor is not None else {}
        page = await office.get("/products", limit=PAGE_ROWS_MAX, **more)
        found |= {item["sku"]: UUID(item["product_id"]) for item in page["items"]}
        cursor = page.get("next_cursor")
        if cursor is None:
            return found


async def _put(office: HeadOffice, path: str, body: dict[str, Any]) -> None:
    response = await office.client.put(f"{API_PATH}{path}", json=body)
    if not response.is_success:
        raise RowsRefused(f"Head office refused {path}: HTTP {response.status_code} {response.text[:200]}")


async def _side_by_side(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    gate = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def one(call: Callable[[], Awaitable[T]]) -> T:
        async with gate:
            return await call()

    return list(await asyncio.gather(*(one(call) for call in calls)))

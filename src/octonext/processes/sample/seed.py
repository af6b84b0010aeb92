"""Puts the sample chain into an empty installation, through the API like anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

import httpx

from octonext.base.errors import OctoNextError

from .catalogue import PRODUCTS_DEFAULT, SampleProduct, sample_products
from .words import SHELVES

TILLS_PER_BRANCH = 4
CASHIERS_PER_BRANCH = 2
API = "/api/v1"
PRICES_FROM = date(2026, 1, 1)
REQUESTS_AT_ONCE_MAX = 4


@dataclass(frozen=True)
class SampleRegion:
    """A country of the sample chain and its branches: (code, English, Arabic)."""

    code: str
    name_en: str
    name_ar: str
    currency: str
    time_zone: str
    tax_inclusive: bool
    till_settings: Mapping[str, Any]
    branches: tuple[tuple[str, str, str], ...]


REGIONS: tuple[SampleRegion, ...] = (
    SampleRegion(
        "KW", "Kuwait", "الكويت", "KWD", "Asia/Kuwait", False,
        # There is no coin below five fils.
        {"cash_rounding": 5, "tenders": ["cash", "knet", "card", "voucher", "on_account"]},
        (
            ("KWC", "Kuwait City", "مدينة الكويت"),
            ("HAW", "Hawalli", "حولي"),
            ("SAL", "Salmiya", "السالمية"),
        ),
    ),
    SampleRegion(
        "SA", "Riyadh", "الرياض", "SAR", "Asia/Riyadh", True,
        {"tenders": ["cash", "mada", "card", "voucher", "on_account"]},
        (
            ("OLA", "Riyadh Olaya", "الرياض العليا"),
            ("MAL", "Riyadh Malaz", "الرياض الملز"),
            ("NAK", "Riyadh Nakheel", "الرياض النخيل"),
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class SeededTill:
    """A till that waits for its machine."""

    device_id: int
    code: str
    branch_id: int
    branch_code: str
    region_code: str
    enrolment_code: str


@dataclass(frozen=True)
class SeededCashier:
    """A cashier of one branch, and the PIN, which nobody else can read any more."""

    user_id: str
    code: str
    branch_id: int
    branch_code: str
    pin: str


@dataclass(frozen=True)
class Seeded:
    """What was made: ids by code, tills with their one-time codes, cashiers with their PINs."""

    regions: Mapping[str, int]
    branches: Mapping[str, int]
    tills: Sequence[SeededTill]
    cashiers: Sequence[SeededCashier]
    products: Sequence[SampleProduct]


class SeedRefused(OctoNextError):
    """The API did not take a part of the sample data."""

    code = "seed_refused"


async def seed_demo(
    client: httpx.AsyncClient,
    *,
    shards: Mapping[str, str] | None = None,
    seed: int = 2026,
    products: int = PRODUCTS_DEFAULT,
    tills_per_branch: int = TILLS_PER_BRANCH,
) -> Seeded:
    """Create the chain: 2 countries, 6 branches, their tills and cashiers, catalogue, prices, costs.

    `client` has the gateway as its base_url and an administrator's token in its headers; `shards`
    gives the shard of each region (KW -> kw-1, SA -> sa-1). Raises SeedRefused, also when the chain
    is there already.
    """
    placed = shards or {"KW": "kw-1", "SA": "sa-1"}
    goods = sample_products(seed, products)
    organisation = await _post(
        client, "/organisations", {"code": "DEMO", "name_en": "OctoNext Market", "name_ar": "سوق أوكتونكست"}
    )
    await _catalogue(client, goods)
    regions: dict[str, int] = {}
    branches: dict[str, int] = {}
    for region in REGIONS:
        regions[region.code] = await _region(client, region, goods)
        for code, name_en, name_ar in region.branches:
            branch = await _post(client, "/branches", {
                "organisation_id": organisation["organisation_id"],
                "region_id": regions[region.code], "shard_id": placed[region.code],
                "code": code, "name_en": name_en, "name_ar": name_ar,
            })  # fmt: skip
            branches[code] = branch["branch_id"]
    tills = [
        till for code in branches for till in await _tills(client, code, branches[code], tills_per_branch)
    ]
    return Seeded(
        regions=regions,
        branches=branches,
        tills=tills,
        cashiers=await _cashiers(client, regions, branches, seed),
        products=goods,
    )


async def _catalogue(client: httpx.AsyncClient, goods: Sequence[SampleProduct]) -> None:
    categories: dict[str, str] = {}
    for shelf in SHELVES:
        body = {"code": shelf.code, "name_en": shelf.en, "name_ar": shelf.ar}
        categories[shelf.code] = (await _post(client, "/categories", body))["category_id"]
    await _post_rows(client, "/products:batch", [
        {
            "sku": good.sku, "name_en": good.name_en, "name_ar": good.name_ar, "unit": good.unit,
            "category_id": categories[good.shelf], "barcodes": list(good.barcodes),
        }
        for good in goods
    ])  # fmt: skip


async def _region(client: httpx.AsyncClient, region: SampleRegion, goods: Sequence[SampleProduct]) -> int:
    """The region's id, once it has its price list and its costs."""
    made = await _post(client, "/regions", {
        "code": region.code, "jurisdiction": region.code, "currency": region.currency,
        "time_zone": region.time_zone, "name_en": region.name_en, "name_ar": region.name_ar,
    })  # fmt: skip
    region_id: int = made["region_id"]
    await _put(client, f"/regions/{region_id}/till-settings", region.till_settings)
    price_list = await _post(client, "/price-lists", {
        "code": f"{region.code}-RETAIL", "name": f"{region.name_en} retail", "region_id": region_id,
        "currency": region.currency, "tax_inclusive": region.tax_inclusive,
    })  # fmt: skip
    dinars = region.currency == "KWD"
    await _post_rows(client, f"/price-lists/{price_list['price_list_id']}/prices:batch", [
        {
            "sku": good.sku, "amount": good.price_kwd if dinars else good.price_sar,
            "valid_from": PRICES_FROM.isoformat(),
        }
        for good in goods
    ])  # fmt: skip
    costs = [{"sku": good.sku, "cost": good.cost_kwd if dinars else good.cost_sar} for good in goods]
    await _post_rows(client, "/costs:batch", costs, region_id=region_id)
    return region_id


async def _tills(client: httpx.AsyncClient, branch_code: str, branch_id: int, count: int) -> list[SeededTill]:
    region_code = next(
        region.code for region in REGIONS if branch_code in {code for code, _, _ in region.branches}
    )
    made = [
        await _post(client, "/tills", {"branch_id": branch_id, "name": f"{branch_code} till {number}"})
        for number in range(1, count + 1)
    ]
    return [
        SeededTill(
            device_id=each["till"]["device_id"], code=each["till"]["code"], branch_id=branch_id,
            branch_code=branch_code, region_code=region_code, enrolment_code=each["enrolment_code"],
        )
        for each in made
    ]  # fmt: skip


async def _cashiers(
    client: httpx.AsyncClient, regions: Mapping[str, int], branches: Mapping[str, int], seed: int
) -> list[SeededCashier]:
    random = Random(seed)  # noqa: S311 -- sample PINs, repeatable on purpose
    drafts: list[tuple[str, dict[str, Any]]] = []
    for region in REGIONS:
        codes = [code for code, _, _ in region.branches for _ in range(CASHIERS_PER_BRANCH)]
        for number, branch_code in enumerate(codes, start=1):
            drafts.append((branch_code, {
                "region_id": regions[region.code], "code": str(number),
                "name_en": f"Cashier {number}", "name_ar": f"كاشير {_arabic_digits(number)}",
                # The first of each branch may also override prices.
                "role": "supervisor" if number % CASHIERS_PER_BRANCH == 1 else "cashier",
                "branch_ids": [branches[branch_code]], "pin": f"{random.randrange(10_000):04d}",
            }))  # fmt: skip
    gate = asyncio.Semaphore(REQUESTS_AT_ONCE_MAX)

    async def create(branch_code: str, draft: dict[str, Any]) -> SeededCashier:
        async with gate:
            made = await _post(client, "/cashiers", draft)
        return SeededCashier(
            user_id=made["user_id"], code=draft["code"], branch_id=branches[branch_code],
            branch_code=branch_code, pin=draft["pin"],
        )  # fmt: skip

    return list(await asyncio.gather(*(create(code, draft) for code, draft in drafts)))


async def _post_rows(
    client: httpx.AsyncClient, path: str, rows: Sequence[Mapping[str, Any]], **more: Any
) -> None:
    result = await _post(client, path, {"rows": rows, **more})
    if result["errors"]:
        raise SeedRefused(f"{path}: {result['errors'][0]['message']}")


async def _post(client: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> Any:
    return _taken(path, await client.post(f"{API}{path}", json=body, timeout=30))


async def _put(client: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> Any:
    return _taken(path, await client.put(f"{API}{path}", json=body, timeout=30))


def _taken(path: str, answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise SeedRefused(
            f"{path} was refused: {answer.text[:300]}",
            remedy="The sample data goes into an empty installation.",
        )
    return answer.json()


def _arabic_digits(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))

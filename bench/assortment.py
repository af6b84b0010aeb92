"""A large assortment in both languages, put into an installation through the API as an importer does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from itertools import product
from random import Random
from typing import Any

import httpx

from octonext.processes.sample.catalogue import in_store_barcode
from octonext.processes.sample.words import SHELVES, Good, Shelf

API = "/api/v1"
#: As many as one request may carry.
BATCH = 1_000
TRIES = 20
PAUSE_S = 0.5
TIMEOUT_S = 120.0
PRICES_FROM = date(2026, 1, 1)

#: Syllables of brands that nobody has, and how they are written in Arabic.
_SYLLABLES = (
    ("ba", "با"), ("dor", "دور"), ("fe", "في"), ("gan", "غان"), ("hi", "هي"), ("ka", "كا"), ("lum", "لوم"),
    ("mir", "مير"), ("na", "نا"), ("ro", "رو"), ("sal", "سال"), ("te", "تي"), ("ver", "فير"), ("zu", "زو"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goods:
    """A product; `price` in minor units."""

    sku: str
    barcode: str
    name_en: str
    name_ar: str
    unit: str
    shelf: str
    price: int


def assortment(count: int, seed: int) -> list[Goods]:
    """`count` products: every kind of every good of the sample shelves, of brand after brand."""
    random = Random(seed)
    made = zip(range(1, count + 1), _offers(), strict=False)
    goods = [_goods(random, number, *offer) for number, offer in made]
    if len(goods) < count:
        raise ValueError(f"there are brands for {len(goods)} products")
    return goods


def _offers() -> Iterator[tuple[str, str, Shelf, Good, tuple[str, str]]]:
    for syllables in product(_SYLLABLES, repeat=3):
        brand_en = "".join(each for each, _ in syllables).capitalize()
        brand_ar = "".join(each for _, each in syllables)
        for shelf in SHELVES:
            for good in shelf.goods:
                for kind in shelf.kinds:
                    yield brand_en, brand_ar, shelf, good, kind


def _goods(
    random: Random, number: int, brand_en: str, brand_ar: str, shelf: Shelf, good: Good, kind: tuple[str, str]
) -> Goods:
    kind_en, kind_ar = kind
    return Goods(
        sku=f"{shelf.code}-{number:06d}",
        barcode=in_store_barcode(number),
        name_en=" ".join(filter(None, (brand_en, good.en, kind_en, good.size_en))),
        name_ar=" ".join(filter(None, (good.ar, brand_ar, kind_ar, good.size_ar))),
        unit=good.unit,
        shelf=shelf.code,
        price=good.price_fils + 5 * random.randrange(100),
    )


async def fill(client: httpx.AsyncClient, region_id: int, currency: str, goods: Sequence[Goods]) -> None:
    """Create categories, products and a price list of the region. Raises httpx.HTTPStatusError."""
    categories = {}
    for shelf in SHELVES:
        body = {"code": shelf.code, "name_en": shelf.en, "name_ar": shelf.ar}
        categories[shelf.code] = (await _post(client, "/categories", body))["category_id"]
    await _batches(client, "/products:batch", [
        {
            "sku": each.sku, "name_en": each.name_en, "name_ar": each.name_ar, "unit": each.unit,
            "category_id": categories[each.shelf], "barcodes": [each.barcode],
        }
        for each in goods
    ])  # fmt: skip
    made = await _post(client, "/price-lists", {
        "code": "RETAIL", "name": "Retail", "region_id": region_id, "currency": currency,
        "tax_inclusive": True,
    })  # fmt: skip
    await _batches(client, f"/price-lists/{made['price_list_id']}/prices:batch", [
        {"sku": each.sku, "amount": each.price, "valid_from": PRICES_FROM.isoformat()} for each in goods
    ])  # fmt: skip


async def _batches(client: httpx.AsyncClient, path: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for first in range(0, len(rows), BATCH):
        answer = await _post(client, path, {"rows": rows[first : first + BATCH]})
        if answer["errors"]:
            raise RuntimeError(f"{path} refused a row: {answer['errors'][0]}")


async def _post(client: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> Any:
    """Post, and again while the server has too much to do: these requests may be repeated."""
    for _ in range(TRIES):
        answer = await client.post(f"{API}{path}", json=body, timeout=TIMEOUT_S)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(PAUSE_S)
    answer.raise_for_status()
    return answer.json()

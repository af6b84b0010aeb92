"""The master data of a simulated chain: regions, branches, tills, cashiers, products and prices."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from octonext.base.ids import uuid7
from octonext.crypto.signature import DevicePrivateKey, public_spki

from .plan import Plan, chance

#: Region code, jurisdiction, currency, time zone, standard rate in ppm.
_REGIONS = (
    ("KW", "KW", "KWD", "Asia/Kuwait", 0),
    ("SA", "SA", "SAR", "Asia/Riyadh", 150_000),
    ("BH", "BH", "BHD", "Asia/Bahrain", 100_000),
    ("SA-2", "SA", "SAR", "Asia/Riyadh", 150_000),
)
CASHIERS_PER_REGION = 2
_BORN_MS = 1_600_000_000_000


@dataclass(frozen=True, slots=True)
class Region:
    """A region with one shard of its own."""

    region_id: int
    code: str
    jurisdiction: str
    currency: str
    time_zone: str
    rate_ppm: int

    @property
    def shard_id(self) -> str:
        return f"{self.code.lower()}-1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a till stands, and its key."""

    device_id: int
    branch_id: int
    region: Region
    key: DevicePrivateKey


@dataclass(frozen=True, slots=True)
class Publication:
    """A row of the reference feed, for a region or a branch or (both None) for everybody."""

    kind: str
    key: str
    payload: dict[str, Any]
    region_id: int | None = None
    branch_id: int | None = None


class Chain:
    """Everything that head office knows. Made of the seed alone."""

    def __init__(self, plan: Plan) -> None:
        self._random = chance(plan.seed, "reference")
        self.regions = [Region(number, *_REGIONS[number - 1]) for number in range(1, plan.shards + 1)]
        self.branches: dict[int, Region] = {}
        for region in self.regions:
            for _ in range(plan.branches_per_shard):
                self.branches[len(self.branches) + 1] = region
        branch_ids = list(self.branches)
        self.places = []
        for number in range(plan.tills):
            branch_id = branch_ids[number % len(branch_ids)]
            key = ec.derive_private_key(self._random.getrandbits(250) + 1, ec.SECP256R1())
            self.places.append(Place(number + 1, branch_id, self.branches[branch_id], key))
        self.products = [self._uuid() for _ in range(plan.products)]
        self.price_lists = {region.region_id: self._uuid() for region in self.regions}
        self._cashiers = {
            region.region_id: [self._uuid() for _ in range(CASHIERS_PER_REGION)] for region in self.regions
        }
        self._prices = 0

    def publications(self) -> Iterator[Publication]:
        """All rows, as head office would publish them first."""
        for region in self.regions:
            yield from self._region_rows(region)
        for branch_id, region in self.branches.items():
            yield Publication("branch", str(branch_id), self._branch(branch_id, region))
        for place in self.places:
            yield Publication("device", str(place.device_id), _device(place), branch_id=place.branch_id)
        for number, product in enumerate(self.products, 1):
            payload = {
                "product_id": str(product),
                "sku": f"P{number:04d}",
                "name_en": f"Product {number}",
                "name_ar": f"منتج {number}",
                "unit": "kg" if number % 4 == 0 else "piece",
                "category_id": None,
                "tax_class": "zero" if number % 5 == 0 else "standard",
                "barcodes": [f"{6_291_000_000_000 + number}"],
                "active": True,
            }
            yield Publication("product", str(product), payload)
        for region in self.regions:
            for product in self.products:
                yield self.price(region, product)

    def price(self, region: Region, product: UUID) -> Publication:
        """A price of a product, another one each time."""
        self._prices += 1
        list_id = self.price_lists[region.region_id]
        payload = {
            "price_list_id": str(list_id),
            "product_id": str(product),
            "amount": self._random.choice((5, 95, 250, 1_250, 99_999)) + self._prices % 7,
            "currency": region.currency,
            "valid_from": "1900-01-01",
            "valid_until": None,
        }
        return Publication("price", f"{list_id}:{product}:1900-01-01", payload, region_id=region.region_id)

    def _region_rows(self, region: Region) -> Iterator[Publication]:
        names = {"name_en": region.code, "name_ar": region.code}
        base = {"region_id": region.region_id, "code": region.code, "currency": region.currency}
        zone = {"jurisdiction": region.jurisdiction, "time_zone": region.time_zone}
        yield Publication("region", str(region.region_id), base | zone | names)
        for tax_class, rate in (("standard", region.rate_ppm), ("zero", 0)):
            payload = {
                "jurisdiction": region.jurisdiction,
                "tax_class": tax_class,
                "tax_code": f"{region.jurisdiction}-{tax_class[0].upper()}",
                "rate_ppm": rate,
                **names,
            }
            yield Publication("tax", f"{region.jurisdiction}:{tax_class}", payload)
        list_id = self.price_lists[region.region_id]
        price_list = {
            "price_list_id": str(list_id),
            "name": "shelf",
            "region_id": region.region_id,
            "branch_id": None,
            "currency": region.currency,
            "tax_inclusive": region.region_id % 2 == 0,
            "priority": 0,
        }
        yield Publication("price_list", str(list_id), price_list, region_id=region.region_id)
        for number, user in enumerate(self._cashiers[region.region_id], 1):
            payload = {
                "user_id": str(user),
                "code": f"C{number}",
                "role": "cashier",
                "branch_ids": [],
                "pin_hash": "unused",
                "active": True,
                **names,
            }
            yield Publication("cashier", str(user), payload, region_id=region.region_id)

    def _branch(self, branch_id: int, region: Region) -> dict[str, Any]:
        return {
            "branch_id": branch_id,
            "code": f"B{branch_id:02d}",
            "name_en": f"Branch {branch_id}",
            "name_ar": f"فرع {branch_id}",
            "region_id": region.region_id,
            "shard_id": region.shard_id,
            "currency": region.currency,
            "time_zone": region.time_zone,
            "jurisdiction": region.jurisdiction,
            "organisation_id": "01938f5e-7c00-7000-8000-0000000000f1",
            "active": True,
        }

    def _uuid(self) -> UUID:
        return uuid7(_BORN_MS, self._random.randbytes(10))


def _device(place: Place) -> dict[str, Any]:
    return {
        "device_id": place.device_id,
        "code": f"T{place.device_id:02d}",
        "branch_id": place.branch_id,
        "public_key": base64.b64encode(public_spki(place.key)).decode(),
        "status": "enrolled",
        "name": "",
    }

"""The taxes a new installation begins with are the law's, and a change reaches the feed."""

from __future__ import annotations

import json

import asyncpg
import httpx

from octonext.compliance.domain import STANDARD_RATE_PPM, TAX_CLASSES, rate_ppm, tax_code


async def test_the_migration_and_the_domain_name_the_same_taxes(api: httpx.AsyncClient) -> None:
    listed = {
        (tax["jurisdiction"], tax["tax_class"]): (tax["tax_code"], tax["rate_ppm"])
        for tax in (await api.get("/taxes")).json()["items"]
    }
    assert listed == {
        (place, kind): (tax_code(place, kind), rate_ppm(place, kind))
        for place in STANDARD_RATE_PPM
        for kind in TAX_CLASSES
    }


async def test_a_new_rate_is_published_to_every_region(
    api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    body = {"tax_code": "BH-S", "rate_ppm": 120_000, "name_en": "VAT", "name_ar": "ضريبة القيمة المضافة"}
    assert (await api.put("/taxes/BH/standard", json=body)).json()["rate_ppm"] == 120_000
    row = await hq_app_database.fetchrow(
        "SELECT payload, region_id, branch_id FROM reference WHERE kind = 'tax' AND key = 'BH:standard'"
    )
    assert json.loads(row["payload"]) == {"jurisdiction": "BH", "tax_class": "standard", **body}
    assert (row["region_id"], row["branch_id"]) == (None, None)


async def test_a_tax_that_contradicts_itself_is_refused(api: httpx.AsyncClient) -> None:
    for path, body in (
        ("/taxes/SA/zero", {"tax_code": "SA-Z", "rate_ppm": 1, "name_en": "Zero"}),
        ("/taxes/SA/standard", {"tax_code": "KW-S", "rate_ppm": 1, "name_en": "VAT"}),
        ("/taxes/SA/luxury", {"tax_code": "SA-L", "rate_ppm": 1, "name_en": "Luxury"}),
        ("/taxes/SA/standard", {"tax_code": "SA-S", "rate_ppm": 1_000_001, "name_en": "VAT"}),
    ):
        assert (await api.put(path, json=body)).status_code == 400, path

"""Head office sets what tills obey, per region and branch; it is published to them and recorded."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import httpx

from api_fixtures import Chain, created

KUWAIT = {"cash_rounding": 5, "tenders": ["cash", "knet", "card"]}


async def published(hq: asyncpg.Pool) -> dict[str, Any]:
    rows = await hq.fetch(
        "SELECT key, payload, region_id, branch_id FROM reference WHERE kind = 'till_settings'"
    )
    return {row["key"]: (json.loads(row["payload"]), row["region_id"], row["branch_id"]) for row in rows}


async def test_settings_of_a_region_and_a_branch_are_published_each_to_its_tills(
    api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    region, branch = f"/regions/{chain.region_id}/till-settings", f"/branches/{chain.branch_id}/till-settings"
    nothing = {"scope": "region", "id": chain.region_id, "settings": {}}
    assert (await api.get(region)).json() == nothing
    assert (await api.put(region, json=KUWAIT)).json() == nothing | {"settings": KUWAIT}
    own = {"cash_rounding": None, "blind_count": False}
    assert (await api.put(branch, json=own)).status_code == 200
    assert (await api.get(branch)).json()["settings"] == own
    effective = (await api.get(f"{branch}/effective")).json()
    assert effective == {"scope": "branch", "id": chain.branch_id, "settings": KUWAIT | own}
    assert await published(hq_app_database) == {
        f"region:{chain.region_id}": (KUWAIT, chain.region_id, None),
        f"branch:{chain.branch_id}": (own, chain.region_id, chain.branch_id),
    }
    assert (await api.put(branch, json={})).json()["settings"] == {}
    assert (await published(hq_app_database))[f"branch:{chain.branch_id}"][0] == {}


async def test_a_change_is_recorded_before_and_after_and_as_an_event(
    api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    region = f"/regions/{chain.region_id}/till-settings"
    await api.put(region, json=KUWAIT)
    await api.put(region, json=KUWAIT | {"cash_rounding": None})
    row = await hq_app_database.fetchrow(
        "SELECT before, after FROM audit_change WHERE table_name = 'till_settings' AND operation = 'update'"
    )
    assert json.loads(row["before"])["settings"]["cash_rounding"] == 5
    assert json.loads(row["after"])["settings"]["cash_rounding"] is None
    details = await hq_app_database.fetch(
        "SELECT after FROM audit_change WHERE key ->> 'event' = 'till_settings_changed'"
    )
    assert [json.loads(each["after"]) for each in details] == [
        {"scope": "region", "id": chain.region_id, "members": ["cash_rounding", "tenders"]}
    ] * 2


async def test_settings_that_tills_could_not_obey_change_nothing(
    api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    region = f"/regions/{chain.region_id}/till-settings"
    for body in ({"tenders": ["shells"]}, {"cash_rounding": 0}, {"surprise": 1}):
        assert (await api.put(region, json=body)).status_code == 400, body
    answer = await api.put(region, json={"tenders": ["shells"]})
    assert answer.json()["code"] == "invalid_till_settings"
    assert await published(hq_app_database) == {}


async def test_a_region_or_branch_that_is_not_there_has_no_settings(api: httpx.AsyncClient) -> None:
    for address in ("/regions/99/till-settings", "/branches/99/till-settings"):
        assert (await api.get(address)).status_code == 404
        assert (await api.put(address, json={})).status_code == 404
    assert (await api.get("/branches/99/till-settings/effective")).status_code == 404


async def test_a_tax_number_is_no_card_number(api: httpx.AsyncClient, chain: Chain) -> None:
    # fifteen digits that begin with a 3, as each in Saudi Arabia does, and pass the check of card numbers
    body = {"receipt": {"vat_number": "370400100000003"}}
    assert (await api.put(f"/regions/{chain.region_id}/till-settings", json=body)).status_code == 200
    body = {"receipt": {"footer_en": "4111 1111 1111 1111"}}
    answer = await api.put(f"/regions/{chain.region_id}/till-settings", json=body)
    assert answer.json()["code"] == "card_number"


async def test_whoever_only_reads_the_directory_sets_nothing(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain
) -> None:
    token = await created(api, "/tokens", name="x", scopes=["directory:read"])
    headers = {"Authorization": f"Bearer {token['secret']}"}
    address = f"/regions/{chain.region_id}/till-settings"
    assert (await open_api.get(address, headers=headers)).status_code == 200
    assert (await open_api.put(address, json={}, headers=headers)).status_code == 403

"""Tills are enrolled once, branches stay in their country, and shards do not move abroad unnoticed."""

from __future__ import annotations

import asyncio
import base64

import asyncpg
import httpx
import pytest

from api_fixtures import Chain, created
from octonext.crypto.signature import generate_device_key, public_spki
from octonext.shards.directory.domain import ShardRegistration
from octonext.shards.directory.service import ShardMoved, register


def new_key() -> str:
    return base64.b64encode(public_spki(generate_device_key())).decode()


async def new_code(api: httpx.AsyncClient, chain: Chain) -> str:
    code: str = (await created(api, "/tills", branch_id=chain.branch_id))["enrolment_code"]
    return code


async def test_a_till_is_enrolled_with_its_code_and_told_everything_it_needs(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain
) -> None:
    code = await new_code(api, chain)
    answer = await open_api.post(
        "/enrolments", json={"code": code.lower(), "public_key": new_key(), "footprint": {"os": "test"}}
    )
    assert answer.status_code == 201
    told = answer.json()
    assert told["branch"] == {
        "branch_id": chain.branch_id, "code": "SAL", "name_en": "Salmiya", "name_ar": "السالمية",
    }  # fmt: skip
    assert told["device_code"] == "T01"
    assert told["receipt_prefix"] == "SAL-T01"
    assert (told["shard_id"], told["jurisdiction"], told["currency"]) == ("kw-1", "KW", "KWD")
    assert told["time_zone"] == "Asia/Kuwait"
    assert len(base64.b64decode(told["device_share"])) == 32
    assert base64.b64decode(told["shard_public_key"])
    assert told["server_time"].endswith("Z")


async def test_a_code_works_once_however_many_try_at_the_same_time(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain
) -> None:
    code = await new_code(api, chain)
    answers = await asyncio.gather(
        *(open_api.post("/enrolments", json={"code": code, "public_key": new_key()}) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 7


async def test_a_key_enrols_one_till_only_and_the_code_is_not_spent_on_a_refusal(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain
) -> None:
    key, first, second = new_key(), await new_code(api, chain), await new_code(api, chain)
    assert (await open_api.post("/enrolments", json={"code": first, "public_key": key})).is_success
    again = await open_api.post("/enrolments", json={"code": second, "public_key": key})
    assert again.status_code == 409
    assert (await open_api.post("/enrolments", json={"code": second, "public_key": new_key()})).is_success


@pytest.mark.parametrize("key", ["", "####", base64.b64encode(b"not a key").decode()])
async def test_what_is_no_public_key_is_refused(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain, key: str
) -> None:
    body = {"code": await new_code(api, chain), "public_key": key}
    assert (await open_api.post("/enrolments", json=body)).status_code == 400


async def test_an_expired_or_replaced_code_opens_nothing(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain, hq_database: asyncpg.Pool
) -> None:
    made = await created(api, "/tills", branch_id=chain.branch_id)
    renewed = await created(api, f"/tills/{made['till']['device_id']}/enrolment-code")
    replaced = {"code": made["enrolment_code"], "public_key": new_key()}
    assert (await open_api.post("/enrolments", json=replaced)).status_code == 401
    await hq_database.execute("UPDATE enrolment SET expires_at = now() - interval '1 second'")
    expired = {"code": renewed["enrolment_code"], "public_key": new_key()}
    assert (await open_api.post("/enrolments", json=expired)).status_code == 401


async def test_guessing_codes_is_stopped(open_api: httpx.AsyncClient, admin_secret: str) -> None:
    body = {"code": "AAAA-AAAA-AAAA-AAAA", "public_key": new_key()}
    statuses = [(await open_api.post("/enrolments", json=body)).status_code for _ in range(61)]
    assert statuses == [401] * 60 + [429]


async def test_till_codes_count_on_and_stay_unique_when_made_together(
    api: httpx.AsyncClient, chain: Chain
) -> None:
    made = await asyncio.gather(*(created(api, "/tills", branch_id=chain.branch_id) for _ in range(12)))
    codes = sorted(each["till"]["code"] for each in made)
    assert codes == [f"T{number:02d}" for number in range(1, 13)]


async def test_a_revoked_till_keeps_its_row_and_its_unused_code_dies(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    made = await created(api, "/tills", branch_id=chain.branch_id)
    device_id = made["till"]["device_id"]
    assert (await api.post(f"/tills/{device_id}/revoke")).json()["status"] == "revoked"
    body = {"code": made["enrolment_code"], "public_key": new_key()}
    assert (await open_api.post("/enrolments", json=body)).status_code == 401
    assert (await api.get(f"/tills/{device_id}")).json()["status"] == "revoked"
    assert (await api.post(f"/tills/{device_id}/enrolment-code")).status_code == 409


async def test_a_branch_is_refused_on_a_shard_of_another_country(
    api: httpx.AsyncClient, chain: Chain
) -> None:
    answer = await api.post("/branches", json={
        "organisation_id": chain.organisation_id, "region_id": chain.region_id, "shard_id": "sa-1",
        "code": "ABROAD", "name_en": "Abroad",
    })  # fmt: skip
    assert answer.status_code == 409
    assert answer.json()["code"] == "residency"


async def test_a_branch_is_refused_on_a_shard_that_gets_another_regions_master_data(
    api: httpx.AsyncClient, chain: Chain
) -> None:
    north = await created(
        api, "/regions", code="KW-NORTH", jurisdiction="KW", currency="KWD", time_zone="Asia/Kuwait",
        name_en="North",
    )  # fmt: skip
    answer = await api.post("/branches", json={
        "organisation_id": chain.organisation_id, "region_id": north["region_id"], "shard_id": "kw-1",
        "code": "JAH", "name_en": "Jahra",
    })  # fmt: skip
    assert answer.status_code == 409
    assert answer.json()["code"] == "wrong_shard"


async def test_a_branch_can_be_renamed_and_closed_but_not_moved(api: httpx.AsyncClient, chain: Chain) -> None:
    path = f"/branches/{chain.branch_id}"
    changed = (await api.patch(path, json={"name_en": "Salmiya Block 5", "active": False})).json()
    assert (changed["name_en"], changed["name_ar"], changed["active"]) == (
        "Salmiya Block 5", "السالمية", False,
    )  # fmt: skip
    assert (await api.patch(path, json={"shard_id": "sa-1"})).status_code == 400
    assert (await api.patch("/branches/999", json={"active": True})).status_code == 404


async def test_a_shard_of_the_settings_may_get_a_new_key_but_not_another_country(
    api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    await register(hq_app_database, [ShardRegistration("kw-1", "KW", "KW", b"new key")])
    stored = "SELECT sync_public_key FROM shard WHERE shard_id = 'kw-1'"
    assert await hq_app_database.fetchval(stored) == b"new key"
    with pytest.raises(ShardMoved, match="kw-1 is registered in KW"):
        await register(hq_app_database, [ShardRegistration("kw-1", "SA", "SA", b"new key")])


async def test_lists_are_paged_without_a_gap_or_a_repeat(api: httpx.AsyncClient, chain: Chain) -> None:
    for _ in range(5):
        await created(api, "/tills", branch_id=chain.branch_id)
    seen, cursor = [], ""
    while True:
        page = (await api.get(f"/tills?limit=2&branch_id={chain.branch_id}{cursor}")).json()
        assert len(page["items"]) <= 2
        seen += [till["code"] for till in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["T01", "T02", "T03", "T04", "T05"]


async def test_organisations_regions_and_shards_are_listed(api: httpx.AsyncClient, chain: Chain) -> None:
    assert [row["code"] for row in (await api.get("/organisations")).json()["items"]] == ["SHOP"]
    assert [row["region_id"] for row in (await api.get("/regions")).json()["items"]] == [chain.region_id]
    shards = (await api.get("/shards")).json()["items"]
    assert [(row["shard_id"], row["branch_count"]) for row in shards] == [("kw-1", 1), ("sa-1", 0)]


async def test_a_code_that_is_taken_is_a_conflict_and_an_unknown_parent_is_named(
    api: httpx.AsyncClient, chain: Chain
) -> None:
    taken = await api.post("/organisations", json={"code": "SHOP", "name_en": "Again"})
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict")
    unknown = await api.post("/tills", json={"branch_id": 999})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_reference")
    money = await api.post("/regions", json={
        "code": "XX", "jurisdiction": "XX", "currency": "XXX", "time_zone": "Asia/Kuwait", "name_en": "X",
    })  # fmt: skip
    assert (money.status_code, money.json()["code"]) == (400, "invalid_amount")

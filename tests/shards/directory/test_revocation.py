"""A till gets the share that is its own, and loses it for good when it is stolen."""

from __future__ import annotations

import base64
import json
from typing import Any

import asyncpg
import httpx
from litestar import Litestar

from api_fixtures import SHARE_KEY, Chain, created
from octonext.crypto.device_share import device_share, fingerprint
from octonext.crypto.signature import generate_device_key, public_spki


async def new_till(api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain) -> Any:
    made = await created(api, "/tills", branch_id=chain.branch_id)
    key = base64.b64encode(public_spki(generate_device_key())).decode()
    return await created(open_api, "/enrolments", code=made["enrolment_code"], public_key=key)


async def published(hq: asyncpg.Pool, device_id: int) -> dict[str, Any]:
    payload = await hq.fetchval(
        "SELECT payload FROM reference WHERE kind = 'device' AND key = $1", str(device_id)
    )
    row: dict[str, Any] = json.loads(payload)
    return row


async def events(hq: asyncpg.Pool, kind: str) -> list[dict[str, Any]]:
    rows = await hq.fetch("SELECT after FROM audit_change WHERE key ->> 'event' = $1 ORDER BY xid, id", kind)
    return [json.loads(row["after"]) for row in rows]


async def test_enrolment_gives_the_share_that_signing_in_gives_later_and_stores_nothing_of_it(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    told = await new_till(api, open_api, chain)
    device_id = told["device_id"]
    share = device_share(SHARE_KEY, device=device_id, generation=1)
    assert base64.b64decode(told["device_share"]) == share
    row = await published(hq_app_database, device_id)
    assert (row["share_key"], row["share_generation"]) == (fingerprint(SHARE_KEY), 1)
    assert row["reason"] is None
    stored = await hq_app_database.fetchval("SELECT d::text FROM device AS d WHERE device_id = $1", device_id)
    assert share.hex() not in stored
    assert told["device_share"] not in stored


async def test_a_server_that_cannot_derive_shares_spends_no_code(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain, rest_app: Litestar
) -> None:
    made = await created(api, "/tills", branch_id=chain.branch_id)
    key = base64.b64encode(public_spki(generate_device_key())).decode()
    body = {"code": made["enrolment_code"], "public_key": key}
    shares, rest_app.state["shares"] = rest_app.state["shares"], None
    assert (await open_api.post("/enrolments", json=body)).status_code == 503
    rest_app.state["shares"] = shares
    assert (await open_api.post("/enrolments", json=body)).status_code == 201


async def test_a_till_that_is_stolen_is_revoked_under_another_generation_and_stays_stolen(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    device_id = (await new_till(api, open_api, chain))["device_id"]
    seen = []
    for body in ({}, {"reason": "stolen"}, {"reason": "stolen"}, {"reason": "revoked"}):
        answer = await api.post(f"/tills/{device_id}/revoke", json=body)
        assert answer.status_code == 200
        row = await published(hq_app_database, device_id)
        assert row["reason"] == answer.json()["reason"]
        seen.append((row["status"], row["reason"], row["share_generation"]))
    assert seen == [("revoked", "revoked", 1)] + [("revoked", "stolen", 2)] * 3
    told = [event["reason"] for event in await events(hq_app_database, "till_revoked")]
    assert told == ["revoked", "stolen", "stolen", "stolen"]
    answer = await api.post(f"/tills/{device_id}/revoke", json={"reason": "bored"})
    assert answer.status_code == 400
    assert (await api.post("/tills/999/revoke")).status_code == 404


async def test_a_locked_out_till_is_unlocked_by_head_office_if_it_is_enrolled(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    device_id = (await new_till(api, open_api, chain))["device_id"]
    assert (await published(hq_app_database, device_id))["unlocked_at"] is None
    assert (await api.post(f"/tills/{device_id}/unlock")).status_code == 200
    assert (await published(hq_app_database, device_id))["unlocked_at"] is not None
    assert await events(hq_app_database, "till_unlocked") == [{"device_id": device_id}]
    pending = (await created(api, "/tills", branch_id=chain.branch_id))["till"]["device_id"]
    assert (await api.post(f"/tills/{pending}/unlock")).status_code == 409
    assert (await api.post("/tills/999/unlock")).status_code == 404

"""The administrator is made once, secrets are shown once, and PINs never come back."""

from __future__ import annotations

import asyncio
import json

import asyncpg
import httpx

from api_fixtures import Chain, created
from octonext.base.clock import SystemClock
from octonext.crypto.secrets import token_digest, verify_secret
from octonext.edge.tokens import TokenCache
from octonext.identity.service import bootstrap, refresh_tokens, token_lookup


async def test_the_administrator_is_created_once_however_many_processes_start(
    hq_app_database: asyncpg.Pool,
) -> None:
    secrets = await asyncio.gather(*(bootstrap(hq_app_database) for _ in range(4)))
    assert len([secret for secret in secrets if secret is not None]) == 1
    assert await bootstrap(hq_app_database) is None


async def test_the_administrators_secret_is_stored_only_as_hashes(
    hq_app_database: asyncpg.Pool, admin_secret: str
) -> None:
    stored = await hq_app_database.fetch("SELECT u::text AS row FROM user_account AS u")
    stored += await hq_app_database.fetch("SELECT t::text AS row FROM api_token AS t")
    assert len(stored) == 2
    assert all(admin_secret not in row["row"] for row in stored)


async def test_signing_in_gives_a_token_that_ends_when_signed_out(
    open_api: httpx.AsyncClient, admin_secret: str
) -> None:
    session = await created(open_api, "/sessions", name="admin", password=admin_secret)
    assert session["token"]["expires_at"] is not None
    headers = {"Authorization": f"Bearer {session['secret']}"}
    assert (await open_api.get("/tokens", headers=headers)).status_code == 200
    assert (await open_api.delete("/sessions/current", headers=headers)).status_code == 204
    assert (await open_api.get("/tokens", headers=headers)).status_code == 401


async def test_a_wrong_name_and_a_wrong_password_are_told_alike_and_limited(
    open_api: httpx.AsyncClient, admin_secret: str
) -> None:
    answers = [
        await open_api.post("/sessions", json={"name": name, "password": "wrong"})
        for name in ("admin", "nobody") * 5
    ]
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
        (401, "The name or the password is wrong.")
    }
    limited = await open_api.post("/sessions", json={"name": "admin", "password": admin_secret})
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) > 0


async def test_a_token_is_shown_once_and_listed_without_its_secret(api: httpx.AsyncClient) -> None:
    made = await created(api, "/tokens", name="reports", scopes=["reports:read"], expires_in_days=30)
    listed = (await api.get("/tokens")).text
    assert made["token"]["token_id"] in listed
    assert made["secret"] not in listed


async def test_a_revoked_token_stops_at_once_on_the_gateway_that_revoked_it(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient
) -> None:
    made = await created(api, "/tokens", name="reader", scopes=["catalog:read"])
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert (await open_api.get("/products", headers=headers)).status_code == 200
    assert (await api.delete(f"/tokens/{made['token']['token_id']}")).status_code == 204
    assert (await open_api.get("/products", headers=headers)).status_code == 401


async def test_an_unknown_scope_is_refused_with_those_that_exist(api: httpx.AsyncClient) -> None:
    answer = await api.post("/tokens", json={"name": "x", "scopes": ["everything"]})
    assert answer.status_code == 400
    assert "catalog:read" in answer.json()["remedy"]


async def test_a_refreshed_cache_knows_every_living_token_without_asking(
    api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    made = await created(api, "/tokens", name="reader", scopes=["catalog:read"])
    cache = TokenCache(token_lookup(lambda: None), SystemClock())
    await refresh_tokens(hq_app_database, cache)
    principal = await cache.authenticate(made["secret"])
    assert principal is not None
    assert principal.scopes == {"catalog:read"}
    assert token_digest(made["secret"]) in cache._known


async def test_a_cashier_is_published_with_a_hash_and_shown_without_it(
    api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    cashier = await created(
        api, "/cashiers", region_id=chain.region_id, code="1", name_en="Cashier 1", name_ar="كاشير ١",
        branch_ids=[chain.branch_id], pin="4711",
    )  # fmt: skip
    assert "pin" not in json.dumps(cashier)
    assert cashier["branch_ids"] == [chain.branch_id]
    row = await hq_app_database.fetchrow(
        "SELECT payload, region_id, branch_id FROM reference WHERE kind = 'cashier' AND key = $1",
        cashier["user_id"],
    )
    payload = json.loads(row["payload"])
    assert "$m=19456,t=2,p=1$" in payload["pin_hash"]
    assert verify_secret("4711", payload.pop("pin_hash"))
    assert payload == {
        "user_id": cashier["user_id"], "code": "1", "name_en": "Cashier 1", "name_ar": "كاشير ١",
        "role": "cashier", "permissions": ["close_shift", "return_with_receipt", "sell"],
        "branch_ids": [chain.branch_id], "active": True,
    }  # fmt: skip
    assert (row["region_id"], row["branch_id"]) == (chain.region_id, None)


async def test_a_cashiers_pin_role_and_branches_change_and_are_published(
    api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    cashier = await created(
        api, "/cashiers", region_id=chain.region_id, code="1", name_en="Cashier 1",
        branch_ids=[chain.branch_id], pin="4711",
    )  # fmt: skip
    changed = await api.patch(
        f"/cashiers/{cashier['user_id']}",
        json={"pin": "00000000", "role": "manager", "branch_ids": [], "active": False},
    )
    assert changed.json()["branch_ids"] == []
    payload = json.loads(
        await hq_app_database.fetchval(
            "SELECT payload FROM reference WHERE kind = 'cashier' AND key = $1", cashier["user_id"]
        )
    )
    assert verify_secret("00000000", payload["pin_hash"])
    assert (payload["role"], payload["branch_ids"], payload["active"]) == ("manager", [], False)


async def test_a_pin_is_four_to_eight_digits_and_a_refusal_does_not_repeat_it(
    api: httpx.AsyncClient, chain: Chain
) -> None:
    for pin in ("123", "123456789", "12a4", "١٢٣٤", "1234\n"):
        body = {"region_id": chain.region_id, "code": "1", "name_en": "Cashier 1", "pin": pin}
        answer = await api.post("/cashiers", json=body)
        assert answer.status_code == 400, pin
        assert f'"{pin}"' not in answer.text


async def test_a_cashiers_branches_are_of_the_cashiers_region(api: httpx.AsyncClient, chain: Chain) -> None:
    region = await created(
        api, "/regions", code="SA", jurisdiction="SA", currency="SAR", time_zone="Asia/Riyadh", name_en="SA"
    )
    body = {
        "region_id": region["region_id"], "code": "1", "name_en": "Cashier 1", "pin": "1234",
        "branch_ids": [chain.branch_id],
    }  # fmt: skip
    answer = await api.post("/cashiers", json=body)
    assert answer.status_code == 422
    assert (await api.get("/cashiers")).json()["items"] == []

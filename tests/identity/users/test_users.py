"""Users sign in with what their roles allow, until they are switched off; somebody always can do that."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import httpx
import pytest

from api_fixtures import Chain, created
from octonext.base.clock import SystemClock
from octonext.identity import slow_hashing
from octonext.identity.service import reset_administrator

PASSWORD = "orbit-lantern-seventeen"
OTHER = "twelve-olive-boats"


async def new_user(api: httpx.AsyncClient, name: str, *roles: str, **more: Any) -> Any:
    return await created(api, "/users", name=name, roles=list(roles), password=PASSWORD, **more)


async def session(open_api: httpx.AsyncClient, name: str, password: str = PASSWORD) -> dict[str, str]:
    made = await created(open_api, "/sessions", name=name, password=password)
    return {"Authorization": f"Bearer {made['secret']}"}


async def events(hq: asyncpg.Pool, kind: str) -> list[dict[str, Any]]:
    rows = await hq.fetch(
        "SELECT after::text AS detail FROM audit_change WHERE key ->> 'event' = $1 ORDER BY xid, id", kind
    )
    return [json.loads(row["detail"]) for row in rows]


async def test_a_user_may_what_the_roles_allow_and_nothing_else(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    made = await new_user(api, "layla", "buyer", full_name="Layla Haddad")
    assert made["scopes"] == ["catalog:write", "directory:read", "reports:read"]
    assert "password" not in json.dumps(made)
    headers = await session(open_api, "layla")
    assert (await open_api.get("/products", headers=headers)).status_code == 200
    assert (await open_api.post("/tokens", json={}, headers=headers)).status_code == 403
    assert (await open_api.get("/users", headers=headers)).status_code == 403
    assert (await open_api.get("/users/me", headers=headers)).json() == made
    (event,) = await events(hq_app_database, "user_created")
    assert event == {"user_id": made["user_id"], "name": "layla", "roles": ["buyer"], "regions": None}


async def test_a_new_role_counts_at_once_in_a_session_that_is_open(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    made = await new_user(api, "layla", "buyer", "auditor")
    headers = await session(open_api, "layla")
    assert (await open_api.get("/products", headers=headers)).status_code == 200
    changed = await api.patch(f"/users/{made['user_id']}", json={"roles": ["administrator"]})
    assert changed.json()["roles"] == ["administrator"]
    assert (await open_api.get("/tokens", headers=headers)).status_code == 200
    await api.patch(f"/users/{made['user_id']}", json={"roles": ["accountant"]})
    assert (await open_api.get("/tokens", headers=headers)).status_code == 403
    rights = await events(hq_app_database, "user_rights_changed")
    assert [event["roles"] for event in rights] == [["administrator"], ["accountant"]]
    assert "regions" not in rights[0]


async def test_every_session_of_a_user_who_is_switched_off_ends_and_none_begins(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    made = await new_user(api, "layla", "accountant")
    sessions = [await session(open_api, "layla") for _ in range(2)]
    assert (await api.patch(f"/users/{made['user_id']}", json={"active": False})).json()["active"] is False
    for headers in sessions:
        assert (await open_api.get("/users/me", headers=headers)).status_code == 401
    refused = await open_api.post("/sessions", json={"name": "layla", "password": PASSWORD})
    assert refused.status_code == 401
    await api.patch(f"/users/{made['user_id']}", json={"active": True})
    for headers in sessions:
        assert (await open_api.get("/users/me", headers=headers)).status_code == 401, "it stays ended"
    await session(open_api, "layla")
    assert await events(hq_app_database, "user_disabled") == [{"user_id": made["user_id"]}]
    assert await events(hq_app_database, "user_enabled") == [{"user_id": made["user_id"]}]


async def test_the_last_administrator_can_neither_be_switched_off_nor_demoted(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    admin = (await api.get("/users/me")).json()
    for change in ({"active": False}, {"roles": ["auditor"]}):
        answer = await api.patch(f"/users/{admin['user_id']}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "last administrator" in answer.json()["detail"]
    assert (await api.get("/users/me")).json() == admin
    await new_user(api, "layla", "administrator")
    assert (await api.patch(f"/users/{admin['user_id']}", json={"roles": ["auditor"]})).status_code == 200


async def test_two_administrators_who_switch_each_other_off_at_a_time_leave_one(
    api: httpx.AsyncClient, hq_dsn: str
) -> None:
    admin = (await api.get("/users/me")).json()["user_id"]
    other = (await new_user(api, "layla", "administrator"))["user_id"]
    first, second = await asyncpg.connect(hq_dsn), await asyncpg.connect(hq_dsn)
    try:
        switch = "UPDATE user_account SET active = false WHERE user_id = $1"
        began = first.transaction()
        await began.start()
        await first.execute(switch, admin)
        waiting = asyncio.ensure_future(second.execute(switch, other))
        await until_blocked(first, second)
        await began.commit()
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="nobody would be"):
            await waiting
    finally:
        await first.close()
        await second.close()


async def until_blocked(observer: asyncpg.Connection, blocked: asyncpg.Connection) -> None:
    async with asyncio.timeout(60):
        while not await observer.fetchval(
            "SELECT cardinality(pg_blocking_pids($1)) > 0", blocked.get_server_pid()
        ):
            await asyncio.sleep(0.01)


async def test_a_reset_password_works_the_old_one_does_not_and_sessions_end(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    made = await new_user(api, "layla", "accountant")
    headers = await session(open_api, "layla")
    answer = await api.post(f"/users/{made['user_id']}/password", json={"password": OTHER})
    assert answer.status_code == 200
    assert (await open_api.get("/users/me", headers=headers)).status_code == 401
    old = await open_api.post("/sessions", json={"name": "layla", "password": PASSWORD})
    assert old.status_code == 401
    await session(open_api, "layla", OTHER)
    assert await events(hq_app_database, "password_reset") == [{"user_id": made["user_id"]}]


async def test_somebody_who_changes_the_own_password_stays_signed_in_here_and_nowhere_else(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    made = await new_user(api, "layla", "accountant")
    here, elsewhere = await session(open_api, "layla"), await session(open_api, "layla")
    change = {"current_password": "wrong-wrong-wrong", "password": OTHER}
    assert (await open_api.post("/users/me/password", json=change, headers=here)).status_code == 401
    change["current_password"] = PASSWORD
    assert (await open_api.post("/users/me/password", json=change, headers=here)).status_code == 204
    assert (await open_api.get("/users/me", headers=here)).status_code == 200
    assert (await open_api.get("/users/me", headers=elsewhere)).status_code == 401
    await session(open_api, "layla", OTHER)
    for kind in ("password_change_refused", "password_changed"):
        assert await events(hq_app_database, kind) == [{"user_id": made["user_id"]}]


async def test_a_programs_token_has_no_user_and_no_password(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient
) -> None:
    token = await created(api, "/tokens", name="export", scopes=["admin"])
    headers = {"Authorization": f"Bearer {token['secret']}"}
    assert (await open_api.get("/users/me", headers=headers)).status_code == 403
    change = {"current_password": PASSWORD, "password": OTHER}
    assert (await open_api.post("/users/me/password", json=change, headers=headers)).status_code == 403


async def test_a_password_that_everybody_guesses_is_refused_wherever_one_is_set(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient
) -> None:
    made = await new_user(api, "layla", "accountant")
    headers = await session(open_api, "layla")
    answers = [
        await api.post("/users", json={"name": "omar", "roles": ["buyer"], "password": "password1234"}),
        await api.post(f"/users/{made['user_id']}/password", json={"password": "layla-layla-layla"}),
        await open_api.post(
            "/users/me/password", json={"current_password": PASSWORD, "password": "short"}, headers=headers
        ),
    ]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(400, "password_refused")] * 3


async def test_a_users_name_role_and_regions_must_be_ones_that_there_can_be(
    api: httpx.AsyncClient, chain: Chain
) -> None:
    body = {"name": "layla", "roles": ["buyer"], "password": PASSWORD}
    for change, status in (
        ({"name": "Layla!"}, 400), ({"roles": []}, 400), ({"roles": ["cashier"]}, 400),
        ({"roles": ["owner"]}, 400), ({"regions": ["XX"]}, 422), ({"surprise": 1}, 400),
    ):  # fmt: skip
        assert (await api.post("/users", json=body | change)).status_code == status, change
    made = await created(api, "/users", **body, regions=["KW"])
    assert made["regions"] == ["KW"]
    assert (await api.post("/users", json=body)).status_code == 409
    address = f"/users/{made['user_id']}"
    assert (await api.patch(address, json={"full_name": "L."})).json()["regions"] == ["KW"]
    assert (await api.patch(address, json={"regions": None})).json()["regions"] is None
    unknown = "/users/00000000-0000-7000-8000-000000000000"
    assert (await api.patch(unknown, json={"full_name": "L."})).status_code == 404
    assert (await api.get(unknown)).status_code == 404
    assert (await api.post(f"{unknown}/password", json={"password": OTHER})).status_code == 404


async def test_users_are_listed_page_by_page_by_name(api: httpx.AsyncClient) -> None:
    for name in ("zaid", "layla"):
        await new_user(api, name, "auditor")
    first = (await api.get("/users?limit=2")).json()
    assert [user["name"] for user in first["items"]] == ["admin", "layla"]
    rest = (await api.get(f"/users?limit=2&cursor={first['next_cursor']}")).json()
    assert [user["name"] for user in rest["items"]] == ["zaid"]


async def test_whoever_guesses_at_one_name_is_told_to_wait_from_whatever_address(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from octonext.edge.limits import Limit
    from octonext.identity import http

    monkeypatch.setattr(http, "SIGN_IN", Limit("sign_in", attempts=1000, window_s=60))
    monkeypatch.setattr(http, "SIGN_IN_NAME", Limit("sign_in_name", attempts=2, window_s=900))
    await new_user(api, "layla", "auditor")
    for _ in range(2):
        answer = await open_api.post("/sessions", json={"name": "layla", "password": "wrong"})
        assert answer.status_code == 401
    answer = await open_api.post("/sessions", json={"name": "layla", "password": PASSWORD})
    assert answer.status_code == 429
    assert (await open_api.post("/sessions", json={"name": "admin", "password": "x"})).status_code == 401


async def test_resetting_the_administrator_brings_back_one_who_was_demoted_and_switched_off(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, hq_database: asyncpg.Pool
) -> None:
    await new_user(api, "layla", "administrator")
    admin = (await api.get("/users/me")).json()["user_id"]
    await api.patch(f"/users/{admin}", json={"roles": ["auditor"], "active": False})
    secret = await reset_administrator(hq_database, SystemClock())
    assert secret is not None
    answer = await open_api.get("/users/me", headers={"Authorization": f"Bearer {secret}"})
    assert answer.json()["roles"] == ["administrator", "auditor"]


async def test_the_last_administrator_cannot_be_limited_to_regions_where_nothing_can_be_administered(
    api: httpx.AsyncClient,
    chain: Chain,
) -> None:
    admin = (await api.get("/users/me")).json()
    await new_user(api, "limited", "administrator", regions=["KW"])
    for change in ({"regions": ["KW"]}, {"active": False}, {"roles": ["buyer"]}):
        assert (await api.patch(f"/users/{admin['user_id']}", json=change)).status_code == 409, change
    await new_user(api, "layla", "administrator")
    answer = await api.patch(f"/users/{admin['user_id']}", json={"regions": ["KW"]})
    assert answer.status_code == 200, answer.text


async def test_no_session_begins_with_a_password_that_was_replaced_while_it_was_looked_at(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await new_user(api, "layla", "buyer")
    real = slow_hashing.is_password

    async def overtaken(password: str, known_hash: str | None) -> bool:
        right = await real(password, known_hash)
        answer = await api.post(f"/users/{made['user_id']}/password", json={"password": OTHER})
        assert answer.status_code == 200
        return right

    monkeypatch.setattr("octonext.identity.service.is_password", overtaken)
    refused = await open_api.post("/sessions", json={"name": "layla", "password": PASSWORD})
    assert refused.status_code == 401
    monkeypatch.undo()
    await session(open_api, "layla", OTHER)

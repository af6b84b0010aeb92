"""What a role may do at a till is decided at head office, and travels with each of its cashiers."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import get_args

import asyncpg
import httpx

from api_fixtures import Chain, created
from octonext.edge.tokens import SCOPES
from octonext.identity.users.domain import OfficeRole, TillPermission, TillRole

ROLES_TS = Path(__file__).parents[3] / "web" / "packages" / "core" / "src" / "roles.ts"
CASHIER = ["close_shift", "return_with_receipt", "sell"]
SUPERVISOR = sorted([*CASHIER, "price_override", "discount_above_limit", "void_after_payment", "open_drawer"])


async def published(hq: asyncpg.Pool, user_id: str) -> list[str]:
    payload = await hq.fetchval("SELECT payload FROM reference WHERE kind = 'cashier' AND key = $1", user_id)
    permissions: list[str] = json.loads(payload)["permissions"]
    return permissions


async def new_cashier(api: httpx.AsyncClient, chain: Chain, code: str, role: str) -> str:
    made = await created(
        api, "/cashiers", region_id=chain.region_id, code=code, name_en=code, role=role, pin="4711"
    )
    user_id: str = made["user_id"]
    return user_id


async def test_each_role_begins_with_its_permissions_and_everybody_is_listed(api: httpx.AsyncClient) -> None:
    roles = {role["name"]: role for role in (await api.get("/roles")).json()}
    assert set(roles) == {*get_args(TillRole), *get_args(OfficeRole)}
    assert roles["cashier"]["till_permissions"] == CASHIER
    assert roles["supervisor"]["till_permissions"] == SUPERVISOR
    assert roles["manager"]["till_permissions"] == sorted(get_args(TillPermission))
    assert roles["administrator"]["scopes"] == ["admin"]
    assert roles["auditor"]["scopes"] == ["audit:read", "catalog:read", "directory:read", "reports:read"]
    assert not any("write" in scope for role in ("auditor", "accountant") for scope in roles[role]["scopes"])


async def test_code_database_and_browser_till_know_the_same_permissions(
    hq_app_database: asyncpg.Pool,
) -> None:
    rows = await hq_app_database.fetch("SELECT name, used FROM permission")
    assert {row["name"] for row in rows if row["used"] == "till"} == set(get_args(TillPermission))
    assert {row["name"] for row in rows if row["used"] == "api"} == set(SCOPES)
    listed = re.search(r"PERMISSIONS = \[(.*?)\]", ROLES_TS.read_text(encoding="utf-8"), re.DOTALL)
    assert listed is not None
    assert set(re.findall(r'"(\w+)"', listed[1])) == set(get_args(TillPermission))


async def test_a_changed_role_is_published_for_its_cashiers_and_for_no_other(
    api: httpx.AsyncClient, chain: Chain, hq_app_database: asyncpg.Pool
) -> None:
    cashier = await new_cashier(api, chain, "1", "cashier")
    supervisor = await new_cashier(api, chain, "2", "supervisor")
    assert await published(hq_app_database, cashier) == CASHIER
    before = await hq_app_database.fetchval("SELECT max(id) FROM reference")
    wanted = ["sell", "open_drawer", "sell"]
    answer = await api.put("/roles/cashier/till-permissions", json={"permissions": wanted})
    assert answer.json()["till_permissions"] == ["open_drawer", "sell"]
    assert await published(hq_app_database, cashier) == ["open_drawer", "sell"]
    assert await published(hq_app_database, supervisor) == SUPERVISOR
    moved = await hq_app_database.fetch("SELECT DISTINCT key FROM reference WHERE id > $1", before)
    assert [row["key"] for row in moved] == [cashier]
    promoted = await api.patch(f"/cashiers/{cashier}", json={"role": "supervisor"})
    assert promoted.status_code == 200
    assert await published(hq_app_database, cashier) == SUPERVISOR


async def test_a_change_of_a_role_is_in_the_trail_as_an_event_and_row_by_row(
    api: httpx.AsyncClient, hq_app_database: asyncpg.Pool
) -> None:
    await api.put("/roles/cashier/till-permissions", json={"permissions": ["sell"]})
    detail = await hq_app_database.fetchval(
        "SELECT after FROM audit_change WHERE key ->> 'event' = 'role_permissions_changed'"
    )
    assert json.loads(detail) == {"role": "cashier", "permissions": ["sell"]}
    rows = await hq_app_database.fetch(
        "SELECT operation, key ->> 'permission' AS permission FROM audit_change"
        " WHERE table_name = 'role_permission' AND operation = 'delete'"
    )
    assert sorted(row["permission"] for row in rows) == ["close_shift", "return_with_receipt"]


async def test_scopes_of_a_role_and_permissions_of_an_office_role_cannot_be_set_this_way(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient
) -> None:
    for role, permission in (("cashier", "admin"), ("cashier", "fly"), ("auditor", "sell"), ("x", "sell")):
        answer = await api.put(f"/roles/{role}/till-permissions", json={"permissions": [permission]})
        assert answer.status_code in (400, 404), (role, permission)
    token = await created(api, "/tokens", name="x", scopes=["directory:write"])
    answer = await open_api.put(
        "/roles/cashier/till-permissions", json={"permissions": []},
        headers={"Authorization": f"Bearer {token['secret']}"},
    )  # fmt: skip
    assert answer.status_code == 403
    roles = {role["name"]: role for role in (await api.get("/roles")).json()}
    assert roles["cashier"]["till_permissions"] == CASHIER


async def test_a_cashier_who_is_made_while_the_role_changes_gets_the_new_permissions(
    api: httpx.AsyncClient, chain: Chain, hq_dsn: str, hq_app_database: asyncpg.Pool
) -> None:
    changer, maker = await asyncpg.connect(hq_dsn), await asyncpg.connect(hq_dsn)
    user_id = "01900000-0000-7000-8000-000000000001"
    try:
        change = changer.transaction()
        await change.start()
        await changer.execute("SELECT FROM role WHERE name = 'cashier' FOR UPDATE")
        await changer.execute("DELETE FROM role_permission WHERE role = 'cashier' AND permission <> 'sell'")
        making = asyncio.ensure_future(
            maker.execute(
                "INSERT INTO cashier (user_id, region_id, code, name_en, role, pin_hash)"
                " VALUES ($1, $2, '9', 'Nine', 'cashier', '$argon2id$x')",
                user_id,
                chain.region_id,
            )
        )
        async with asyncio.timeout(60):
            while not await changer.fetchval(
                "SELECT cardinality(pg_blocking_pids($1)) > 0", maker.get_server_pid()
            ):
                await asyncio.sleep(0.01)
        await change.commit()
        await making
    finally:
        await changer.close()
        await maker.close()
    assert await published(hq_app_database, user_id) == ["sell"]

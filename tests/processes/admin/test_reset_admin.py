"""The administrator's secret was lost: the machine's owner makes a new one, and the old one is worthless."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import httpx
import pytest
from typer.testing import CliRunner

from api_fixtures import created
from octonext.processes.admin import token as command
from octonext.processes.admin.reset_admin import HeadOfficeUnreachable, NoAdministrator, reset_admin

CONFIGURATION = """
name = "test"
[hq]
dsn = "{dsn}"
at_rest = "none"
[[shards]]
id = "kw-1"
region = "KW"
jurisdiction = "KW"
"""


def installation(folder: Path, dsn: str) -> Path:
    (folder / "octonext.toml").write_text(CONFIGURATION.format(dsn=dsn))
    return folder


async def test_a_new_secret_signs_in_and_is_a_token_and_the_old_one_is_neither(
    open_api: httpx.AsyncClient, admin_secret: str, hq_dsn: str, tmp_path: Path
) -> None:
    session = await created(open_api, "/sessions", name="admin", password=admin_secret)
    old = {"Authorization": f"Bearer {admin_secret}"}
    program = await created_with(open_api, old, name="reader", scopes=["catalog:read"])

    done = await asyncio.to_thread(
        CliRunner().invoke, command.app, ["reset-admin", "--data", str(installation(tmp_path, hq_dsn))]
    )
    assert done.exit_code == 0, done.output
    new = next(word for word in done.output.split() if word.startswith("on_"))
    assert done.output.count(new) == 1

    answer = await open_api.post("/sessions", json={"name": "admin", "password": admin_secret})
    assert answer.status_code == 401
    await created(open_api, "/sessions", name="admin", password=new)
    # The gateway's cache may still know the old ones for some seconds; a fresh look does not.
    listed = (await open_api.get("/tokens", headers={"Authorization": f"Bearer {new}"})).json()["items"]
    living = [row["name"] for row in listed if row["revoked_at"] is None]
    assert sorted(living) == ["reader", "reset of admin", "session of admin"]
    assert session["token"]["token_id"] in [row["token_id"] for row in listed if row["revoked_at"]]
    kept = await open_api.get("/products", headers={"Authorization": f"Bearer {program['secret']}"})
    assert kept.status_code == 200


async def created_with(api: httpx.AsyncClient, headers: dict[str, str], **body: object) -> dict[str, str]:
    answer = await api.post("/tokens", json=body, headers=headers)
    assert answer.is_success, answer.text
    made: dict[str, str] = answer.json()
    return made


def test_a_head_office_that_is_not_reachable_is_said_with_what_to_do(tmp_path: Path) -> None:
    dsn = f"postgresql://octonext@/octonext?host={tmp_path}&port=5432"
    with pytest.raises(HeadOfficeUnreachable, match="no server is listening") as refused:
        reset_admin(installation(tmp_path, dsn))
    assert "octonext up" in refused.value.remedy


async def test_where_there_is_no_administrator_yet_none_is_made(
    hq_dsn: str, hq_database: asyncpg.Pool, tmp_path: Path
) -> None:
    with pytest.raises(NoAdministrator):
        await asyncio.to_thread(reset_admin, installation(tmp_path, hq_dsn))
    assert await hq_database.fetchval("SELECT count(*) FROM api_token") == 0

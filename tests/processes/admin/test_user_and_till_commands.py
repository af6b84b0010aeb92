"""Users, tills and their settings from the command line; no password is ever an argument."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from litestar import Litestar
from typer import Typer
from typer.testing import CliRunner, Result

from api_fixtures import BridgeTransport, Chain, created
from octonext.base.errors import OctoNextError
from octonext.processes.admin import till_revoke, till_settings, user
from octonext.processes.admin.client import Api

PASSWORD = "orbit-lantern-seventeen"
OTHER = "twelve-olive-boats"

Run = Callable[..., Awaitable[Result]]


def command_of(module: ModuleType) -> Typer:
    found = getattr(module, "app", None)
    if isinstance(found, Typer):
        return found
    app = Typer()
    app.command()(module.till_revoke)
    return app


@pytest.fixture
def run(rest_app: Litestar, admin_secret: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    transport = BridgeTransport(rest_app, asyncio.get_event_loop())

    @contextmanager
    def connect(*_: Any) -> Iterator[Api]:
        with Api("https://hq", admin_secret, None, transport=transport) as api:
            yield api

    for module in (user, till_settings, till_revoke):
        monkeypatch.setattr(module, "connect", connect)

    async def run(module: ModuleType, *arguments: str, stdin: str = "") -> Result:
        return await asyncio.to_thread(CliRunner().invoke, command_of(module), list(arguments), input=stdin)

    return run


def printed(result: Result) -> str:
    """Without what the application, which runs in this process as well, logs."""
    assert result.exit_code == 0, result.output
    return result.output[re.search(r"^\{", result.output, re.MULTILINE).start() :]  # type: ignore[union-attr]


def message(result: Result) -> str:
    assert isinstance(result.exception, OctoNextError), result.output
    return result.exception.message


async def test_a_user_is_added_changed_disabled_and_listed(
    run: Run, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    file.chmod(0o600)
    added = await run(
        user, "add", "layla", "--role", "buyer", "--role", "auditor", "--password-file", str(file)
    )
    assert "catalog:write" in added.output
    assert (await api.post("/sessions", json={"name": "layla", "password": PASSWORD})).status_code == 201
    assert "auditor" in (await run(user, "change", "layla", "--role", "auditor")).output
    assert (await run(user, "disable", "layla")).exit_code == 0
    listed = {each["name"]: each for each in (await api.get("/users")).json()["items"]}
    assert (listed["layla"]["roles"], listed["layla"]["active"]) == (["auditor"], False)
    assert "layla" in (await run(user, "list")).output
    assert (await run(user, "change", "layla", "--enable")).exit_code == 0
    reset = await run(user, "reset-password", "layla", "--password-file", "-", stdin=OTHER + "\n")
    assert reset.exit_code == 0
    assert OTHER not in reset.output
    assert (await api.post("/sessions", json={"name": "layla", "password": OTHER})).status_code == 201


async def test_a_password_that_is_asked_for_is_asked_for_twice_and_not_shown(
    run: Run, api: httpx.AsyncClient
) -> None:
    asked = await run(user, "add", "omar", "--role", "accountant", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert asked.exit_code == 0, asked.output
    assert PASSWORD not in asked.output
    assert (await api.post("/sessions", json={"name": "omar", "password": PASSWORD})).status_code == 201


async def test_what_cannot_be_done_to_a_user_is_said(run: Run, tmp_path: Path) -> None:
    open_file = tmp_path / "password"
    open_file.write_text(PASSWORD, encoding="utf-8")
    open_file.chmod(0o644)
    assert "password" in message(
        await run(user, "add", "x1", "--role", "buyer", "--password-file", str(open_file))
    )
    assert "no password" in message(await run(user, "add", "x1", "--role", "buyer", "--password-file", "-"))
    assert "everybody" in message(
        await run(user, "add", "x1", "--role", "buyer", "--password-file", "-", stdin="password1234\n")
    )
    assert "no user nobody" in message(await run(user, "disable", "nobody"))
    assert "last administrator" in message(await run(user, "disable", "admin"))
    unknown = await run(user, "add", "x1", "--password", PASSWORD)
    assert unknown.exit_code == 2, "a password is no option"


async def test_a_till_is_revoked_as_stolen_by_its_codes(
    run: Run, api: httpx.AsyncClient, chain: Chain
) -> None:
    till = await created(api, "/tills", branch_id=chain.branch_id)
    device = till["till"]["device_id"]
    assert "SAL T01" in (await run(till_revoke, "SAL", "T01", "--stolen")).output
    shown = (await api.get(f"/tills/{device}")).json()
    assert (shown["status"], shown["reason"]) == ("revoked", "stolen")
    assert "no till T09" in message(await run(till_revoke, "SAL", "T09"))
    assert "no branch XXX" in message(await run(till_revoke, "XXX", "T01"))


async def test_settings_are_shown_as_they_can_be_set_again(run: Run, chain: Chain, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"cash_rounding": 5, "tenders": ["cash", "knet"]}', encoding="utf-8")
    assert "cash_rounding, tenders" in (await run(till_settings, "set", str(file), "--region", "KW")).output
    shown = await run(till_settings, "show", "--region", "KW")
    assert json.loads(printed(shown)) == {"cash_rounding": 5, "tenders": ["cash", "knet"]}
    assert json.loads(printed(await run(till_settings, "show", "--branch", "SAL"))) == {}
    effective = await run(till_settings, "show", "--branch", "SAL", "--effective")
    assert json.loads(printed(effective))["cash_rounding"] == 5
    again = await run(till_settings, "set", "-", "--branch", "SAL", stdin=printed(shown))
    assert again.exit_code == 0, again.output


async def test_settings_that_are_none_are_refused_with_the_reason(
    run: Run, chain: Chain, tmp_path: Path
) -> None:
    for text, why in (
        ("{", "not JSON"), ("[]", "no JSON object"), (" " * 70_000, "more than"),
        ('{"tenders": ["shells"]}', "'shells' is none"),
    ):  # fmt: skip
        assert why in message(await run(till_settings, "set", "-", "--region", "KW", stdin=text))
    assert "cannot be read" in message(
        await run(till_settings, "set", str(tmp_path / "absent"), "--region", "KW")
    )
    for place in ([], ["--region", "KW", "--branch", "SAL"]):
        assert "Whose settings" in message(await run(till_settings, "show", *place))
    assert "no region XX" in message(await run(till_settings, "show", "--region", "XX"))

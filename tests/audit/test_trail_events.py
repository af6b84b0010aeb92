"""What happens at head office beside changes of rows, and that no secret ever gets into the trail."""

from __future__ import annotations

import asyncio
import base64
import json

import asyncpg
import httpx
import pytest

from api_fixtures import Chain, created
from octonext.base.clock import SystemClock
from octonext.crypto.signature import generate_device_key, public_spki
from octonext.edge.limits import SIGN_IN
from octonext.identity.service import reset_administrator
from octonext.processes.configuration_record import record_start
from octonext.runtime.actor import current_actor
from octonext.runtime.settings import Settings, Shard

from .trail import Trail

WHOLE_TRAIL = """
    SELECT string_agg(t::text, ' ') FROM (
        SELECT c::text FROM audit_change c UNION ALL SELECT t::text FROM audit_transaction t) AS t (t)
"""
#: Every column of head office that holds a secret, or what one could be guessed from.
STORED_SECRETS = """
    SELECT code_digest FROM enrolment UNION SELECT digest FROM api_token
     UNION SELECT convert_to(pin_hash, 'UTF8') FROM cashier
     UNION SELECT convert_to(password_hash, 'UTF8') FROM user_account
"""


@pytest.fixture
async def trail(hq_database: asyncpg.Pool) -> Trail:
    return Trail(hq_database)


async def test_signing_in_is_an_event_of_the_user_with_address_and_program(
    open_api: httpx.AsyncClient, admin_secret: str, trail: Trail
) -> None:
    await trail.forget()
    headers = {"User-Agent": "Firefox", "X-Request-Id": "request-1"}
    answer = await open_api.post(
        "/sessions", json={"name": "admin", "password": admin_secret}, headers=headers
    )
    assert answer.status_code == 201
    changes = await trail.new()
    assert {(change.table, change.operation) for change in changes} == {
        ("event", "event"), ("api_token", "insert"),
    }  # fmt: skip
    who = changes[0].who
    assert (who["actor_kind"], who["actor_name"], who["user_agent"]) == ("user", "admin", "Firefox")
    assert (str(who["actor_ip"]), who["request_id"]) == ("127.0.0.1", "request-1")
    assert answer.json()["secret"] not in str(changes)


async def test_a_failed_sign_in_is_kept_though_nothing_else_of_it_is_and_an_unknown_name_is_not_written_down(
    open_api: httpx.AsyncClient, admin_secret: str, trail: Trail
) -> None:
    await trail.forget()
    for name in ("admin", "hunter2-typed-here"):
        assert (await open_api.post("/sessions", json={"name": name, "password": "x"})).status_code == 401
    known, unknown = await trail.new("event")
    assert known.key == unknown.key == {"event": "sign_in_failed"}
    assert known.after["name"] == "admin"
    assert unknown.after == {"name": None, "user_id": None}
    assert {change.who["actor_kind"] for change in (known, unknown)} == {"anonymous"}
    assert {str(change.who["actor_ip"]) for change in (known, unknown)} == {"127.0.0.1"}


async def test_too_many_attempts_are_one_event_however_long_they_go_on(
    open_api: httpx.AsyncClient, admin_secret: str, trail: Trail
) -> None:
    await trail.forget()
    for _ in range(SIGN_IN.attempts + 5):
        await open_api.post("/sessions", json={"name": "nobody", "password": "x"})
    assert await trail.events() == ["sign_in_failed"] * SIGN_IN.attempts + ["attempts_throttled"]


async def test_who_changed_what_over_the_api_is_known_by_the_token(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, trail: Trail
) -> None:
    made = await created(api, "/tokens", name="import", scopes=["catalog:write"])
    await trail.forget()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    answer = await open_api.post("/products", json={"sku": "A", "name_en": "Milk"}, headers=headers)
    assert answer.status_code == 201
    who = (await trail.one("product")).who
    assert (who["actor_kind"], who["actor_id"]) == ("token", made["token"]["token_id"])
    assert (who["actor_name"], who["login_role"]) == ("import", "octonext_app")
    assert len(who["request_id"]) >= 8


async def test_no_secret_enters_the_trail_by_any_call(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, chain: Chain, admin_secret: str,
    hq_database: asyncpg.Pool, trail: Trail,
) -> None:  # fmt: skip
    session = await created(open_api, "/sessions", name="admin", password=admin_secret)
    token = await created(api, "/tokens", name="reports", scopes=["reports:read"])
    secrets = [
        admin_secret,
        session["secret"],
        token["secret"],
        "wrong-password-48213",
        "on_unknown-token-77",
        "ABCD-EFGH-JKLM-NPQR",
    ]
    await open_api.post("/sessions", json={"name": "admin", "password": "wrong-password-48213"})
    await open_api.post("/sessions", json={"name": "wrong-password-48213", "password": "x"})
    await open_api.get("/products", headers={"Authorization": "Bearer on_unknown-token-77"})
    cashier = await created(
        api, "/cashiers", region_id=chain.region_id, code="7", name_en="Cashier", role="cashier",
        pin="48213907", branch_ids=[chain.branch_id],
    )  # fmt: skip
    changed = await api.patch(f"/cashiers/{cashier['user_id']}", json={"pin": "59324018", "role": "manager"})
    assert changed.status_code == 200
    secrets += ["48213907", "59324018"]
    till = await created(api, "/tills", branch_id=chain.branch_id)
    renewed = await created(api, f"/tills/{till['till']['device_id']}/enrolment-code")
    secrets += [till["enrolment_code"], renewed["enrolment_code"]]
    key = base64.b64encode(public_spki(generate_device_key())).decode()
    body = {"public_key": key, "name": "till", "footprint": {"machine": "tablet"}}
    for code in ("ABCD-EFGH-JKLM-NPQR", renewed["enrolment_code"]):
        enrolled = await open_api.post("/enrolments", json={"code": code, **body})
    secrets.append(enrolled.json()["device_share"])
    assert (await api.post(f"/tills/{till['till']['device_id']}/revoke")).status_code == 200
    assert (await api.delete(f"/tokens/{token['token']['token_id']}")).status_code == 204
    new = await reset_administrator(hq_database, SystemClock())
    assert new is not None
    secrets.append(new)

    stored = [row[0] for row in await hq_database.fetch(STORED_SECRETS) if row[0] is not None]
    assert len(stored) >= 5
    secrets += [text for each in stored for text in (each.hex(), base64.b64encode(each).decode())]
    secrets += [each.decode() for each in stored if each.startswith(b"$argon2id$")]
    whole = await hq_database.fetchval(WHOLE_TRAIL)
    plain = whole.replace('""', '"')
    assert [secret for secret in secrets if secret in whole or secret.replace("-", "") in whole] == []
    assert "argon2" not in plain
    # the search can fail: what is no secret is found
    assert till["till"]["code"] in plain
    assert key not in plain
    changes = await trail.new()
    assert {"pin_hash": "secret"}.items() <= next(
        change.after for change in changes if change.table == "cashier" and change.operation == "update"
    ).items()
    assert {change.key["event"] for change in changes if change.table == "event"} >= {
        "administrator_created", "administrator_reset", "signed_in", "sign_in_failed", "token_created",
        "token_revoked", "cashier_created", "pin_changed", "permissions_changed", "till_created",
        "enrolment_code_renewed", "enrolment_refused", "till_enrolled", "till_revoked",
    }  # fmt: skip


async def test_a_start_tells_which_keys_of_the_configuration_changed_and_no_value(
    hq_database: asyncpg.Pool, trail: Trail
) -> None:
    settings = Settings(name="shop", shards=(Shard(id="kw-1", region="KW", jurisdiction="KW"),))
    first = await record_start(hq_database, settings, "machine-1")
    assert {"name", "shards.kw-1.region", "gateway.port"} <= set(first)
    assert await record_start(hq_database, settings, "machine-1") == []
    await trail.forget()
    louder = Settings(name="shop", shards=settings.shards, log_level="debug")
    assert await record_start(hq_database, louder, "machine-1") == ["log_level"]
    changes = await trail.new()
    (event,) = (change for change in changes if change.table == "event")
    assert event.key == {"event": "installation_started"}
    assert event.after["changed_keys"] == ["log_level"]
    assert [change.key for change in changes if change.table == "configuration_key"] == [
        {"machine": "machine-1", "key": "log_level"}
    ]
    assert "debug" not in json.dumps([change.after for change in changes])


async def test_requests_side_by_side_and_after_each_other_are_never_told_of_somebody_else(
    api: httpx.AsyncClient, open_api: httpx.AsyncClient, hq_database: asyncpg.Pool, trail: Trail
) -> None:
    """Each request says in what it writes whose it is; the pool's connections go from hand to hand."""
    tokens = [await created(api, "/tokens", name=f"p{n}", scopes=["catalog:write"]) for n in range(6)]
    await trail.forget()

    async def write(whose: int, number: int) -> None:
        secret = tokens[whose]["secret"] if number % 3 else "on_nobody-knows-this"
        headers = {"Authorization": f"Bearer {secret}", "X-Request-Id": f"request-{whose}-{number}"}
        body = {"sku": f"S-{whose}-{number}", "name_en": "Milk"}
        answer = await open_api.post("/products", json=body, headers=headers)
        assert answer.status_code == (201 if number % 3 else 401)

    await asyncio.gather(*(write(whose, number) for number in range(12) for whose in range(6)))
    rows = await hq_database.fetch(
        "SELECT c.after::json ->> 'sku' AS sku, t.actor_id, t.request_id FROM audit_change c"
        " JOIN audit_transaction t ON t.at = c.at AND t.xid = c.xid WHERE c.table_name = 'product'"
    )
    assert len(rows) == 6 * 8
    for row in rows:
        _, whose, number = row["sku"].split("-")
        assert row["actor_id"] == tokens[int(whose)]["token"]["token_id"]
        assert row["request_id"] == f"request-{whose}-{number}"
    assert current_actor() is None, "nothing of a request stays with whoever called"

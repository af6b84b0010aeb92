"""Reading the trail over the API: filters, pages while rows come, limits to regions, and a shard away."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from api_fixtures import BridgeTransport, Chain, created
from application_role import as_application
from octonext.audit.reading import service, store
from octonext.audit.reading.service import HeadOfficeRunner, Source, Trail
from octonext.base.clock import SystemClock
from octonext.processes.admin.client import Api
from octonext.processes.audit import show
from octonext.processes.audit.sources import trail_of
from octonext.runtime.metrics import Registry
from octonext.runtime.postgres import Connection
from octonext.runtime.settings import Settings, Shard
from octonext.shards.lane import Lane, LaneMetrics, ShardUnavailable

pytestmark = [pytest.mark.cluster]


@dataclass
class Office:
    """The API with a trail over head office and two shards of two regions."""

    client: httpx.AsyncClient
    hq: asyncpg.Pool
    shards: dict[str, str]

    async def read(self, *, token: str | None = None, **parameters: Any) -> Any:
        answer = await self.get(token=token, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, *, token: str | None = None, **parameters: Any) -> httpx.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self.client.get("/audit", params=parameters, headers=headers)

    async def token(self, *regions: str) -> str:
        made = await created(
            self.client, "/tokens", name="auditor", scopes=["audit:read"], regions=list(regions) or None
        )
        return str(made["secret"])

    async def change(self, shard: str, *statements: str) -> None:
        """Run statements as the shard's owner, in one transaction, as a till's session would claim to be."""
        connection = await asyncpg.connect(self.shards[shard])
        try:
            async with connection.transaction():
                for statement in statements:
                    await connection.execute(statement)
        finally:
            await connection.close()


@pytest_asyncio.fixture
async def office(
    rest_app: Litestar,
    api: httpx.AsyncClient,
    hq_app_database: asyncpg.Pool,
    new_shard: Callable[[], Awaitable[str]],
) -> AsyncIterator[Office]:
    shards = {name: await new_shard() for name in ("kw-1", "sa-1")}
    metrics = LaneMetrics(Registry())
    lanes = [
        Lane(name, as_application(dsn), clock=SystemClock(), metrics=metrics) for name, dsn in shards.items()
    ]
    settings = Settings(
        name="test",
        shards=tuple(
            Shard(id=name, region=name[:2].upper(), jurisdiction=name[:2].upper()) for name in shards
        ),
    )
    rest_app.state["trail"] = trail_of(settings, hq_app_database, lanes)
    yield Office(api, hq_app_database, shards)
    await asyncio.gather(*(lane.close() for lane in lanes))


def event(number: int, actor: str = "") -> list[str]:
    claim = [f"SELECT set_config('octonext.actor', '{actor}', true)"] if actor else []
    return [*claim, f"SELECT audit_event('tested', '{{\"number\": {number}}}')"]


DEVICE = (
    '{"kind": "device", "id": "7", "name": "T01", "ip": "10.1.2.3", "device_id": 7,'
    ' "user_agent": "till", "request_id": "r-1"}'
)


async def test_rows_of_head_office_and_of_every_shard_are_one_list_newest_first(
    office: Office, chain: Chain
) -> None:
    await office.change("kw-1", *event(1))
    await office.change("sa-1", *event(2))
    await office.change("kw-1", *event(3))
    page = await office.read()
    assert page["incomplete"] == []
    assert [row["at"] for row in page["items"]] == sorted((row["at"] for row in page["items"]), reverse=True)
    assert [row["after"]["number"] for row in page["items"] if row["event"] == "tested"] == [3, 2, 1]
    branch = next(row for row in page["items"] if row["table"] == "branch")
    assert (branch["database"], branch["region"], branch["operation"]) == ("hq", None, "insert")
    assert branch["key"] == {"branch_id": chain.branch_id}
    assert branch["after"]["name_en"] == "Salmiya"
    assert branch["connection"]["login_role"] == "octonext_app"
    assert {row["region"] for row in page["items"] if row["database"] == "kw-1"} == {"KW"}


async def test_every_filter_finds_its_rows_and_no_others(office: Office, chain: Chain) -> None:
    await office.change("kw-1", *event(1, DEVICE))
    await office.change("kw-1", *event(2))
    [by_device] = (await office.read(device=7))["items"]
    assert by_device["actor"]["ip"] == "10.1.2.3"
    for parameters in (
        {"ip": "10.1.0.0/16"}, {"ip": "10.1.2.3"}, {"user": "T01"}, {"user": "7"}, {"actor": "device"},
        {"transaction": by_device["transaction"], "database": "kw-1", "event": "tested"},
        {"event": "tested", "since": by_device["at"], "until": by_device["at"][:-1] + "9Z"},
    ):  # fmt: skip
        found = (await office.read(**parameters))["items"]
        assert by_device in found, parameters
        assert all(row["after"] != {"number": 2} or "since" in parameters for row in found), parameters
    assert (await office.read(ip="10.2.0.0/16"))["items"] == []
    assert [row["after"]["number"] for row in (await office.read(event="tested"))["items"]] == [2, 1]
    assert (await office.read(event="tested", until=by_device["at"]))["items"] == []
    branches = await office.read(table="branch", key=f'{{"branch_id": {chain.branch_id}}}')
    assert [row["operation"] for row in branches["items"]] == ["insert"]
    assert (await office.read(table="branch", key='{"branch_id": 999999}'))["items"] == []
    assert {row["operation"] for row in (await office.read(operation="event"))["items"]} == {"event"}
    assert {row["database"] for row in (await office.read(region="SA", limit=500))["items"]} == {"sa-1"}


async def test_pages_give_every_row_once_while_new_rows_come(office: Office) -> None:
    for number in range(12):
        await office.change(("kw-1", "sa-1")[number % 2], *event(number))
    seen: list[int] = []
    page = await office.read(event="tested", limit=5)
    while True:
        seen += [row["after"]["number"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        await asyncio.gather(*(office.change(name, *event(99)) for name in office.shards))
        page = await office.read(event="tested", limit=5, cursor=page["next_cursor"])
    assert seen == list(range(11, -1, -1))


async def test_rows_of_one_transaction_are_told_apart_by_their_number(office: Office) -> None:
    await office.change("kw-1", *(statement for number in range(7) for statement in event(number)))
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = await office.read(event="tested", limit=2, **cursor)
        seen += [row["after"]["number"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [6, 5, 4, 3, 2, 1, 0]


async def test_a_token_of_a_region_sees_its_shards_and_nothing_else(office: Office, chain: Chain) -> None:
    await office.change("kw-1", *event(1))
    await office.change("sa-1", *event(2))
    limited = await office.token("KW")
    page = await office.read(token=limited, limit=500)
    assert {row["database"] for row in page["items"]} == {"kw-1"}
    for parameters in ({"database": "hq"}, {"database": "sa-1"}, {"region": "SA"}):
        assert (await office.get(token=limited, **parameters)).status_code == 403
    # a page that another token read does not open what this one may not see
    wide = await office.read(limit=1)
    narrow = await office.read(token=limited, cursor=wide["next_cursor"], limit=500)
    assert {row["database"] for row in narrow["items"]} <= {"kw-1"}


async def test_a_token_of_a_region_opens_nothing_that_does_not_tell_regions_apart(
    office: Office, chain: Chain
) -> None:
    limited = (await created(office.client, "/tokens", name="limited", scopes=["admin"], regions=["KW"]))[
        "secret"
    ]
    headers = {"Authorization": f"Bearer {limited}"}
    for path in ("/tokens", "/branches", "/products", "/cashiers"):
        assert (await office.client.get(path, headers=headers)).status_code == 403
    made = await office.client.post("/tokens", json={"name": "x", "scopes": ["admin"]}, headers=headers)
    assert made.status_code == 403
    assert (await office.get(token=limited)).status_code == 200


async def test_a_users_limit_holds_for_tokens_made_before_it(
    office: Office, chain: Chain, hq_database: asyncpg.Pool, open_api: httpx.AsyncClient, admin_secret: str
) -> None:
    session = await created(open_api, "/sessions", name="admin", password=admin_secret)
    # Somebody without a limit must remain.
    await hq_database.execute(
        "WITH made AS (INSERT INTO user_account (user_id, name, password_hash)"
        " VALUES (gen_random_uuid(), 'second', '$argon2id$none') RETURNING user_id)"
        " INSERT INTO user_role (user_id, role) SELECT user_id, 'administrator' FROM made"
    )
    await hq_database.execute("UPDATE user_account SET regions = ARRAY['SA'] WHERE name = 'admin'")
    page = await office.read(token=session["secret"], limit=500)
    assert {row["database"] for row in page["items"]} <= {"sa-1"}
    assert (await office.get(token=session["secret"], database="kw-1")).status_code == 403
    later = await open_api.post("/sessions", json={"name": "admin", "password": admin_secret})
    assert later.json()["token"]["regions"] == ["SA"]


async def test_every_reading_is_recorded_where_it_read(office: Office, hq_database: asyncpg.Pool) -> None:
    await office.read(token=await office.token(), table="branch", device=7)
    for database in ("hq", *office.shards):
        [row] = (await office.read(database=database, event="trail_read", limit=1))["items"]
        assert row["after"] == {"asked": {"table": "branch", "device": 7}, "rows": 0}
        assert (row["actor"]["kind"], row["actor"]["name"]) == ("token", "auditor")
        # the reading that found it came after it, and is found by the next
        again = (await office.read(database=database, event="trail_read"))["items"]
        assert len(again) == 2


async def test_a_shard_that_is_away_is_named_and_the_others_answer(
    office: Office, rest_app: Litestar, tmp_path: Path
) -> None:
    await office.change("kw-1", *event(1))

    nowhere = Lane(
        "sa-1", f"postgresql://octonext@/x?host={tmp_path}",
        clock=SystemClock(), metrics=LaneMetrics(Registry()),
    )  # fmt: skip
    trail: Trail = rest_app.state["trail"]
    sources = [
        source if source.name != "sa-1" else Source("sa-1", "SA", nowhere.run) for source in trail._sources
    ]
    rest_app.state["trail"] = Trail(sources, mask=str)
    page = await office.read(event="tested")
    assert [row["after"]["number"] for row in page["items"]] == [1]
    assert page["incomplete"] == [{"database": "sa-1", "reason": "The shard sa-1 did not answer."}]
    assert (await office.get(database="sa-1")).status_code == 503
    await nowhere.close()


async def test_a_shard_that_hangs_holds_up_one_reading_and_keeps_one_connection(
    office: Office, rest_app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = 0
    thaw = asyncio.Event()

    async def hangs(_job: object) -> Any:
        nonlocal running
        running += 1
        await thaw.wait()
        raise ShardUnavailable("sa-1", "did not answer", 1.0)

    monkeypatch.setattr(service, "ANSWER_DEADLINE_S", 0.05)
    monkeypatch.setattr(service, "TURN_DEADLINE_S", 0.05)
    trail = Trail([Source("sa-1", "SA", hangs), Source("hq", None, HeadOfficeRunner(office.hq))], mask=str)
    rest_app.state["trail"] = trail
    reasons = [(await office.read(table="branch"))["incomplete"] for _ in range(3)]
    assert [reason[0]["database"] for reason in reasons if reason] == ["sa-1"] * 3
    assert "in time" in reasons[0][0]["reason"]
    assert "too many" in reasons[1][0]["reason"]
    assert running == 1
    thaw.set()
    async with asyncio.timeout(60):
        await trail._turns["sa-1"].acquire()


async def test_a_filter_that_takes_too_long_leaves_the_lane_of_the_tills_closed(
    office: Office, rest_app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        store,
        "QUERIES",
        {
            **store.QUERIES,
            "page": store.QUERIES["page"].replace("WHERE ", "WHERE pg_sleep(20) IS NOT NULL AND ", 1),
        },
    )
    monkeypatch.setattr(store, "STATEMENT_TIMEOUT_MS", 50)
    answer = await office.get(database="kw-1")
    assert answer.status_code == 503
    assert "too long" in answer.json()["detail"]
    monkeypatch.undo()
    # had the lane taken it for an ill shard, its breaker would count; five in a row would refuse this one
    assert (await office.read(database="kw-1"))["incomplete"] == []


async def test_a_filter_that_cannot_be_meant_is_refused(office: Office) -> None:
    for parameters in (
        {"ip": "shop"}, {"key": "7"}, {"since": "2026-03-31T00:00:00"}, {"operation": "read"}, {"device": -1},
        {"cursor": "AAAA"}, {"limit": 501}, {"table": ""}, {"actor": "ghost"}, {"transaction": 2**63},
    ):  # fmt: skip
        assert (await office.get(**parameters)).status_code == 400, parameters
    assert (await office.get(database="kw-9")).status_code == 404
    scopeless = await created(office.client, "/tokens", name="x", scopes=["directory:write", "monitor"])
    assert (await office.get(token=scopeless["secret"])).status_code == 403
    unknown = {"name": "x", "scopes": ["audit:read"], "regions": ["XX"]}
    assert (await office.client.post("/tokens", json=unknown)).json()["code"] == "unknown_reference"


async def test_card_shaped_text_is_masked_and_a_change_that_nobody_signed_is_shown(
    office: Office, rest_app: Litestar, hq_database: asyncpg.Pool
) -> None:
    trail: Trail = rest_app.state["trail"]
    rest_app.state["trail"] = Trail(
        trail._sources, mask=lambda text: text.replace("4111111111111111", "****")
    )

    async def forge(connection: Connection) -> None:
        await connection.execute(
            "INSERT INTO audit_change (table_name, operation, key, after)"
            " VALUES ('forged', 'insert', '{\"id\": 1}', '{\"note\": \"4111111111111111\"}')"
        )

    async with hq_database.acquire() as connection:
        await forge(connection)
    [row] = (await office.read(table="forged"))["items"]
    assert row["after"] == {"note": "****"}
    assert (row["actor"], row["connection"]) == (None, None)


async def test_an_export_holds_every_row_once_in_either_form(
    office: Office, rest_app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show, "PAGE_ROWS", 3)
    for number in range(8):
        await office.change(("kw-1", "sa-1")[number % 2], *event(number))
    token = await office.token()
    transport = BridgeTransport(rest_app, asyncio.get_running_loop())

    def exported(form: Any) -> str:
        file = io.StringIO()
        with Api("https://hq", token, None, transport=transport) as api:
            assert show.write_rows(api, {"event": "tested"}, form, file) == (8, {})
        return file.getvalue()

    lines = [json.loads(line) for line in (await asyncio.to_thread(exported, "jsonl")).splitlines()]
    assert [line["after"]["number"] for line in lines] == list(range(7, -1, -1))
    assert lines == (await office.read(event="tested"))["items"]
    text = await asyncio.to_thread(exported, "csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [json.loads(row["after"])["number"] for row in rows] == list(range(7, -1, -1))
    assert {row["connection.login_role"] for row in rows} == {"octonext"}

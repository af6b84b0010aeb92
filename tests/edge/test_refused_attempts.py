"""Who is turned away gets into the trail: soon, with from where, and never more often than the limits say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar, get
from litestar.params import FromPath

from octonext.base.clock import SystemClock
from octonext.crypto.secrets import token_digest
from octonext.edge.application import application
from octonext.edge.authentication import needs
from octonext.edge.refused_attempts import EXAMPLES_MAX, INTERVAL_S, SOURCES_MAX, RefusedAttempts
from octonext.edge.tokens import CATALOG_READ, DIRECTORY_READ, Principal, TokenCache
from octonext.runtime.actor import Actor
from octonext.runtime.postgres import Pool

from .conftest import HandClock

READER = Principal("reader", frozenset({CATALOG_READ}))
EVENTS = """
    SELECT c.key::json ->> 'event' AS kind, c.after::text AS detail, t.actor_kind, t.actor_id,
           host(t.actor_ip) AS ip, t.user_agent, t.request_id
    FROM audit_change AS c JOIN audit_transaction AS t ON t.at = c.at AND t.xid = c.xid
    WHERE c.table_name = 'event' AND c.key::json ->> 'event' NOT LIKE 'migration%' ORDER BY c.at, c.xid, c.id
"""


class Trail:
    """Head office's events of refusals, and the counter that writes them."""

    def __init__(self, owner: asyncpg.Pool, pool: Pool) -> None:
        self.clock = HandClock()
        self.pool: Pool | None = pool
        self.refused = RefusedAttempts(lambda: self.pool, self.clock)
        self._owner = owner

    async def events(self) -> list[dict[str, Any]]:
        rows = [dict(row) for row in await self._owner.fetch(EVENTS)]
        return [row | json.loads(row["detail"]) for row in rows]

    async def told(self) -> list[tuple[str, int]]:
        """Kind and count of every event so far, after writing what is due."""
        await self.refused.record()
        return [(event["kind"], event["times"]) for event in await self.events()]


@pytest.fixture
async def trail(hq_database: asyncpg.Pool, hq_app_database: asyncpg.Pool) -> Trail:
    return Trail(hq_database, hq_app_database)


def nobody(ip: str = "10.0.0.1") -> Actor:
    return Actor(kind="anonymous", id="", ip=ip, user_agent="curl")


async def test_the_first_refusal_is_told_at_once_and_the_next_ones_together(trail: Trail) -> None:
    trail.refused.note("token_refused", "10.0.0.1", nobody(), route="/a")
    assert await trail.told() == [("token_refused", 1)]
    for _ in range(5_000):
        trail.refused.note("token_refused", "10.0.0.1", nobody(), route="/b")
    trail.clock.seconds += INTERVAL_S - 1
    assert await trail.told() == [("token_refused", 1)]
    trail.clock.seconds += 2
    assert await trail.told() == [("token_refused", 1), ("token_refused", 5_000)]
    assert (await trail.events())[1]["attempts"] == [{"route": "/b"}]
    trail.clock.seconds += INTERVAL_S
    assert len(await trail.told()) == 2
    trail.refused.note("token_refused", "10.0.0.1", nobody(), route="/c")
    assert (await trail.told())[2:] == [("token_refused", 1)]


async def test_a_flood_from_everywhere_fills_neither_the_trail_nor_the_memory(trail: Trail) -> None:
    for round_ in range(3):
        for source in range(2_000):
            ip = f"10.{round_}.{source // 256}.{source % 256}"
            trail.refused.note("token_refused", ip, nobody(ip), route=f"/{source}")
        await trail.refused.record()
    events = await trail.events()
    assert len(events) == SOURCES_MAX + 1
    trail.clock.seconds += INTERVAL_S
    await trail.refused.record()
    events = await trail.events()
    assert len(events) <= 2 * (SOURCES_MAX + 1)
    assert sum(event["times"] for event in events) == 6_000, "every one of them is counted"
    assert max(len(event["attempts"]) for event in events) == EXAMPLES_MAX
    shared = [event for event in events if len(event["attempts"]) == EXAMPLES_MAX]
    assert all("source" in attempt for event in shared for attempt in event["attempts"])


async def test_kinds_and_sources_do_not_hide_each_other(trail: Trail) -> None:
    for number in range(SOURCES_MAX * 4):
        trail.refused.note("token_refused", f"10.0.0.{number}", nobody())
    trail.refused.note("till_turned_away", "10.0.9.9", nobody("10.0.9.9"), device_id=7)
    await trail.refused.record()
    (till,) = [event for event in await trail.events() if event["kind"] == "till_turned_away"]
    assert (till["ip"], till["attempts"]) == ("10.0.9.9", [{"device_id": 7}])


async def test_what_head_office_did_not_take_is_told_when_it_is_back(trail: Trail) -> None:
    pool, trail.pool = trail.pool, None
    for _ in range(3):
        trail.refused.note("till_turned_away", "10.0.0.1", nobody(), device_id=7)
        await trail.refused.record()
        trail.clock.seconds += 1
    broken = await asyncpg.create_pool(host="/nowhere", min_size=0)
    trail.pool = broken
    with pytest.raises(OSError, match="No such file"):
        await trail.refused.record()
    trail.pool = pool
    assert await trail.told() == [("till_turned_away", 3)]


async def test_no_card_number_and_no_endless_text_comes_in_by_a_refusal(trail: Trail) -> None:
    trail.refused.note("origin_refused", "10.0.0.1", nobody(), origin="4111 1111 1111 1111 " + "x" * 5_000)
    await trail.refused.record()
    (event,) = await trail.events()
    assert "4111" not in event["detail"]
    assert len(event["detail"]) < 500


@get("/open", opt=needs(CATALOG_READ))
async def page() -> str:
    return "here"


@get("/closed/{name:str}", opt=needs(DIRECTORY_READ))
async def closed(name: FromPath[str]) -> str:
    return name


@pytest.fixture
async def client(trail: Trail) -> AsyncIterator[httpx.AsyncClient]:
    known = {token_digest("good"): READER}

    async def find(digest: bytes) -> Principal | None:
        return known.get(digest)

    app: Litestar = application(
        [page, closed], tokens=TokenCache(find, SystemClock()), title="t", version="0",
        origins=["https://pos.example"], refused=trail.refused,
    )  # fmt: skip
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    headers = {"User-Agent": "scanner", "X-Request-Id": "request-1"}
    async with httpx.AsyncClient(transport=transport, base_url="https://hq", headers=headers) as found:
        yield found


async def test_an_unknown_token_and_a_missing_scope_are_events_and_the_token_is_in_none(
    client: httpx.AsyncClient, trail: Trail
) -> None:
    assert (await client.get("/open", headers={"Authorization": "Bearer good"})).status_code == 200
    assert (await client.get("/open")).status_code == 401
    assert await trail.told() == [], "no credential is no attempt"
    guess = {"Authorization": "Bearer on_guessed-secret"}
    assert (await client.get("/open", headers=guess)).status_code == 401
    refused = await client.get("/closed/somebody", headers={"Authorization": "Bearer good"})
    assert refused.status_code == 403
    assert await trail.told() == [("token_refused", 1), ("authorisation_refused", 1)]
    token, scope = await trail.events()
    assert (token["actor_kind"], token["ip"], token["user_agent"]) == ("anonymous", "127.0.0.1", "scanner")
    assert token["request_id"] == "request-1"
    assert token["attempts"] == [{"method": "GET", "route": "/open"}]
    assert "guessed" not in str(token)
    (attempt,) = scope["attempts"]
    assert attempt["route"] == "/closed/{name}", "the path itself may name a person"
    assert "directory:read" in attempt["why"]


async def test_a_page_of_somebody_else_is_an_event(client: httpx.AsyncClient, trail: Trail) -> None:
    assert (await client.post("/open", headers={"Origin": "https://evil.example"})).status_code == 403
    await trail.refused.record()
    (event,) = await trail.events()
    assert event["kind"] == "origin_refused"
    assert event["attempts"] == [{"origin": "https://evil.example", "kind": "http"}]

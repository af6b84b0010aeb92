"""Who may call: tokens outlive head office for a while, never for ever, and nothing is open by accident."""

from __future__ import annotations

from collections import Counter
from datetime import date
from uuid import UUID

import httpx
import pytest
from litestar import Litestar, get
from litestar.types.internal_types import PathParameterDefinition

from api_fixtures import MONITOR_DIGEST
from octonext.base.clock import SystemClock
from octonext.crypto.secrets import token_digest
from octonext.edge.application import application
from octonext.edge.authentication import any_token, needs
from octonext.edge.limits import BEARER
from octonext.edge.tokens import (
    ADMIN,
    CATALOG_READ,
    LOOKUP_PAUSE_S,
    TOKEN_FRESH_S,
    Principal,
    TokenCache,
)
from octonext.processes.gateway import build
from octonext.runtime.metrics import Registry
from octonext.sync.metrics import SyncMetrics
from octonext.sync.socket import SyncServer

from .conftest import READER, HandClock, HeadOffice


def test_a_scope_that_does_not_exist_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="not a scope"):
        needs("catalog:everything")


async def test_a_handler_that_declares_nothing_is_closed_to_everybody() -> None:
    @get("/forgotten")
    async def forgotten() -> str:
        return "secret"

    cache = TokenCache(HeadOffice({"t": Principal("a", frozenset({ADMIN}))}).find, HandClock())
    app = application([forgotten], tokens=cache, title="t", version="0")
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    async with httpx.AsyncClient(transport=transport, base_url="https://hq") as client:
        assert (await client.get("/forgotten")).status_code == 401
        answer = await client.get("/forgotten", headers={"Authorization": "Bearer t"})
        assert answer.status_code == 403


def _example(part: str | PathParameterDefinition) -> str:
    if isinstance(part, str):
        return part
    return {int: "1", UUID: str(UUID(int=1)), date: "2026-01-01"}.get(part.type, "standard")


OPEN = {("POST", "/api/v1/enrolments"), ("POST", "/api/v1/sessions")}


async def test_every_route_but_the_two_with_their_own_credential_answers_401_without_a_token(
    rest_app: Litestar, open_api: httpx.AsyncClient
) -> None:
    checked = 0
    for route in rest_app.routes:
        path = "".join(f"/{_example(part)}" for part in route.path_components)
        for method in sorted(getattr(route, "methods", {"GET"}) - {"OPTIONS", "HEAD"}):
            answer = await open_api.request(method, f"https://hq{path}")
            if (method, path) in OPEN:
                assert answer.status_code == 400, (method, path)
            else:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"].startswith("Bearer")
                checked += 1
    assert checked > 30


BY_REGION = {("GET", "/api/v1/audit")}
"""What a token that is limited to regions reaches: it tells regions apart."""
OF_EVERY_TOKEN = {
    ("DELETE", "/api/v1/sessions/current"),
    ("GET", "/api/v1/users/me"),
    ("POST", "/api/v1/users/me/password"),
}
"""What every token may do: end itself; and a person's, look at and change what is the person's own."""
PROGRAM = {("GET", ""), ("GET", "/till"), ("GET", "/till/standard")}
"""The browser till's files, which are the same for everybody; tests/edge/test_static.py."""


async def test_a_token_limited_to_regions_reaches_no_route_of_the_gateway_that_does_not_tell_them_apart() -> (
    None
):
    clock, limited = HandClock(), Principal("limited", frozenset({ADMIN}), regions=frozenset({"KW"}))
    hq = HeadOffice({"l": limited})
    cache, registry = TokenCache(hq.find, clock), Registry()
    sync = SyncServer([], clock=SystemClock(), metrics=SyncMetrics(registry))
    app = build(tokens=cache, hq=None, sync=sync, lanes=[], reporting=None, registry=registry)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    headers, reached = {"Authorization": "Bearer l"}, set()
    async with httpx.AsyncClient(transport=transport, base_url="https://hq", headers=headers) as client:
        checked = 0
        for route in app.routes:
            path = "".join(f"/{_example(part)}" for part in route.path_components)
            for method in sorted(getattr(route, "methods", set()) - {"OPTIONS", "HEAD"}):
                answer = await client.request(method, path)
                checked += 1
                if answer.status_code != 403:
                    reached.add((method, path))
    assert checked > 40
    # The description of the API also answers below its own address.
    told_apart = {(method, path) for method, path in reached if "/openapi.json" not in path}
    assert told_apart - OPEN == BY_REGION | OF_EVERY_TOKEN | PROGRAM


async def test_a_token_without_the_scope_gets_403_and_is_told_which_one(api: httpx.AsyncClient) -> None:
    made = (await api.post("/tokens", json={"name": "reader", "scopes": ["catalog:read"]})).json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert (await api.get("/products", headers=headers)).status_code == 200
    refused = await api.post("/categories", headers=headers, json={"code": "A", "name_en": "A"})
    assert refused.status_code == 403
    assert "catalog:write" in refused.json()["detail"]


def test_the_digest_of_the_fixture_is_no_token() -> None:
    assert token_digest("") != MONITOR_DIGEST


def served(cache: TokenCache, clock: HandClock) -> httpx.AsyncClient:
    """A client of an application with one page, open to every token."""

    @get("/", opt=any_token())
    async def page() -> str:
        return "here"

    app = application([page], tokens=cache, title="t", version="0", clock=clock)
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    return httpx.AsyncClient(transport=transport, base_url="https://hq")


async def status(client: httpx.AsyncClient, token: str) -> int:
    return (await client.get("/", headers={"Authorization": f"Bearer {token}"})).status_code


async def test_a_strangers_bad_tokens_lock_out_no_token_that_is_known_behind_the_same_address() -> None:
    clock, hq = HandClock(), HeadOffice({"t": READER})
    cache = TokenCache(hq.find, clock, monitor_digest=token_digest("watch"))
    async with served(cache, clock) as client:
        assert await status(client, "t") == 200
        answers = Counter([await status(client, f"guess {number}") for number in range(200)])
        assert answers == {401: BEARER.attempts, 429: 200 - BEARER.attempts}
        assert hq.asked == 1 + BEARER.attempts
        clock.seconds += TOKEN_FRESH_S + 1
        assert [await status(client, token) for token in ("t", "watch", "guess 0")] == [200, 200, 429]


async def test_a_revoked_token_is_counted_like_any_other_bad_one() -> None:
    clock, hq = HandClock(), HeadOffice({"t": READER})
    async with served(TokenCache(hq.find, clock), clock) as client:
        assert await status(client, "t") == 200
        hq.tokens.clear()
        clock.seconds += TOKEN_FRESH_S + 1
        answers = Counter([await status(client, "t") for _ in range(BEARER.attempts + 2)])
        assert answers == {401: BEARER.attempts + 1, 429: 1}


async def test_tokens_that_nobody_could_check_are_not_counted() -> None:
    clock, hq = HandClock(), HeadOffice({"t": READER})
    hq.down = True
    async with served(TokenCache(hq.find, clock), clock) as client:
        assert {await status(client, "t") for _ in range(200)} == {503}
        clock.seconds += LOOKUP_PAUSE_S
        hq.down = False
        assert await status(client, "t") == 200


async def test_a_token_of_some_regions_opens_only_what_tells_regions_apart() -> None:
    @get("/apart", opt=needs(CATALOG_READ, by_region=True))
    async def apart() -> str:
        return "here"

    @get("/alike", opt=needs(CATALOG_READ))
    async def alike() -> str:
        return "here"

    limited = Principal("limited", frozenset({ADMIN}), regions=frozenset({"KW"}))
    clock, hq = HandClock(), HeadOffice({"t": READER, "l": limited})
    app = application([apart, alike], tokens=TokenCache(hq.find, clock), title="t", version="0", clock=clock)
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    async with httpx.AsyncClient(transport=transport, base_url="https://hq") as client:
        found = {
            (token, path): (await client.get(path, headers={"Authorization": f"Bearer {token}"})).status_code
            for token in "tl"
            for path in ("/apart", "/alike")
        }
    assert found == {("t", "/apart"): 200, ("t", "/alike"): 200, ("l", "/apart"): 200, ("l", "/alike"): 403}
    assert [limited.may_see(region) for region in ("KW", "SA", None)] == [True, False, False]
    assert READER.may_see(None)

"""The REST API on a real head office database, for tests of what callers see.

`api` is a client with an administrator's token; `open_api` one without any. The application talks to
the database as the gateway's role does, so a missing grant fails here first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from litestar import Litestar, Router

from octonext.audit.reading import http as trail_http
from octonext.base.clock import SystemClock
from octonext.catalog import http as catalog_http
from octonext.compliance import http as compliance_http
from octonext.crypto.device_share import DeviceShares
from octonext.crypto.signature import generate_device_key, public_spki
from octonext.edge.application import API_PATH, application
from octonext.edge.tokens import TokenCache
from octonext.identity import http as identity_http
from octonext.identity.service import bootstrap, token_lookup
from octonext.identity.users import http as users_http
from octonext.sales.till_settings import http as till_settings_http
from octonext.shards.directory import http as directory_http
from octonext.shards.directory.domain import ShardRegistration
from octonext.shards.directory.service import register

MONITOR_DIGEST = bytes(32)
SHARE_KEY = bytes(range(32))


@dataclass
class Chain:
    """The smallest chain: an organisation, a region of Kuwait on kw-1, and one branch of it."""

    organisation_id: str
    region_id: int
    branch_id: int


@pytest.fixture
def rest_app(hq_app_database: asyncpg.Pool) -> Litestar:
    routes = [
        *directory_http.routes(), *catalog_http.routes(), *compliance_http.routes(), *identity_http.routes(),
        *trail_http.routes(), *users_http.routes(), *till_settings_http.routes(),
    ]  # fmt: skip
    tokens = TokenCache(token_lookup(lambda: hq_app_database), SystemClock(), monitor_digest=MONITOR_DIGEST)
    return application(
        [Router(API_PATH, route_handlers=routes)],
        tokens=tokens, title="OctoNext", version="0", hq=hq_app_database,
        state={"shares": DeviceShares(lambda: [SHARE_KEY])},
    )  # fmt: skip


@pytest_asyncio.fixture
async def admin_secret(hq_app_database: asyncpg.Pool) -> str:
    secret = await bootstrap(hq_app_database)
    assert secret is not None
    key = public_spki(generate_device_key())
    await register(
        hq_app_database,
        [ShardRegistration("kw-1", "KW", "KW", key), ShardRegistration("sa-1", "SA", "SA", key)],
    )
    return secret


@pytest_asyncio.fixture
async def open_api(rest_app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(rest_app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    async with httpx.AsyncClient(transport=transport, base_url=f"https://hq{API_PATH}") as client:
        yield client


@pytest_asyncio.fixture
async def api(rest_app: Litestar, admin_secret: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(rest_app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    headers = {"Authorization": f"Bearer {admin_secret}"}
    async with httpx.AsyncClient(
        transport=transport, base_url=f"https://hq{API_PATH}", headers=headers
    ) as client:
        yield client


@pytest_asyncio.fixture
async def chain(api: httpx.AsyncClient) -> Chain:
    organisation = await created(api, "/organisations", code="SHOP", name_en="Shop")
    region = await created(
        api, "/regions", code="KW", jurisdiction="KW", currency="KWD", time_zone="Asia/Kuwait",
        name_en="Kuwait", name_ar="الكويت",
    )  # fmt: skip
    branch = await created(
        api, "/branches", organisation_id=organisation["organisation_id"],
        region_id=region["region_id"], shard_id="kw-1", code="SAL", name_en="Salmiya", name_ar="السالمية",
    )  # fmt: skip
    return Chain(organisation["organisation_id"], region["region_id"], branch["branch_id"])


async def created(api: httpx.AsyncClient, path: str, **body: Any) -> Any:
    """Post, and insist on success."""
    answer = await api.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


class BridgeTransport(httpx.BaseTransport):
    """Lets a blocking client in a worker thread talk to the application on the test's own loop."""

    def __init__(self, app: Litestar, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's own ASGI types
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def forward() -> httpx.Response:
            content = request.read()
            answer = await self._transport.handle_async_request(
                httpx.Request(request.method, request.url, headers=request.headers, content=content)
            )
            body = await answer.aread()
            return httpx.Response(answer.status_code, headers=answer.headers, content=body)

        return asyncio.run_coroutine_threadsafe(forward(), self._loop).result(timeout=60)

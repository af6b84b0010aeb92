"""A new installation in this very process, and its head office as a client sees it.

`demo` and `replay` both begin like this; what they then put in and who sells is theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from octonext.base.errors import OctoNextError
from octonext.crypto.tls import client_context
from octonext.runtime.layout import Layout

from .bootstrap import bootstrap
from .supervisor.databases import Say
from .supervisor.service import Supervisor

API_PATH = "/api/v1"
REQUEST_TIMEOUT_S = 30.0
ASK_TIMEOUT_S = 5.0
#: A gateway that was killed is back within seconds; so long a request that changes nothing is repeated.
RETRY_S = 30.0
RETRY_PAUSE_S = 0.2


class HeadOfficeRefused(OctoNextError):
    """Head office's API refused a request, or did not answer in time."""

    code = "head_office_refused"


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""


class HeadOffice:
    """Head office's REST API through one gateway, with one token. Paths begin behind /api/v1."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client` has the gateway as its base_url and a token in its headers."""
        self.client = client

    async def get(self, path: str, **parameters: str | int) -> Any:
        """Decoded JSON. Goes on trying for RETRY_S while the gateway is away. Raises HeadOfficeRefused."""
        return await self._keep_trying("GET", path, params=parameters)

    async def ask(self, path: str, **parameters: str | int) -> Any:
        """Decoded JSON of one quick attempt, or None when there was no answer, or a refusal."""
        try:
            return await self._send("GET", path, params=parameters, timeout=ASK_TIMEOUT_S)
        except (httpx.HTTPError, HeadOfficeRefused):
            return None

    async def post(self, path: str, body: Any) -> Any:
        """Decoded JSON, for what may happen twice: repeated like `get`. Raises HeadOfficeRefused."""
        return await self._keep_trying("POST", path, json=body)

    async def _keep_trying(self, method: str, path: str, **more: Any) -> Any:
        loop = asyncio.get_running_loop()
        ends = loop.time() + RETRY_S
        while True:
            try:
                return await self._send(method, path, **more)
            except httpx.HTTPError as error:
                if loop.time() > ends:
                    raise HeadOfficeRefused(
                        f"Head office gave no answer to {path}: {str(error) or type(error).__name__}.",
                        remedy="See the gateway's log.",
                    ) from error
            await asyncio.sleep(RETRY_PAUSE_S)

    async def _send(self, method: str, path: str, **more: Any) -> Any:
        response = await self.client.request(method, f"{API_PATH}{path}", **more)
        if response.status_code >= 500:
            response.raise_for_status()
        if response.status_code >= 400:
            raise HeadOfficeRefused(f"{method} {path}: {_said(response)}")
        return msgspec.json.decode(response.content) if response.content else None


@dataclass(frozen=True)
class Chain:
    """A running installation, and what a client of it needs."""

    layout: Layout
    supervisor: Supervisor
    head_office: HeadOffice
    """As its administrator."""
    secret: str = field(repr=False)
    """The administrator's, of this first start."""

    @property
    def urls(self) -> list[str]:
        """Its gateways."""
        return self.supervisor.gateways


@asynccontextmanager
async def running(layout: Layout, *, say: Say) -> AsyncIterator[Chain]:
    """Start a NEW installation in this process, and stop it whatever happens in between.

    On the main thread's loop only: children end with that thread. Raises what `Supervisor.start`
    raises, and HeadOfficeRefused when the installation had an administrator already.
    """
    secrets: list[str] = []
    supervisor = Supervisor(
        layout, say=say, bootstrap=lambda layout, settings: bootstrap(layout, settings, secrets.append)
    )
    try:
        await supervisor.start()
        if not secrets:
            raise HeadOfficeRefused(
                f"{layout.data_dir} is not new: its administrator's secret was shown at its first start.",
                remedy="Choose an empty --data.",
            )
        async with httpx.AsyncClient(
            base_url=supervisor.gateways[0],
            headers={"Authorization": f"Bearer {secrets[0]}"},
            verify=client_context(layout.root_certificate),
            timeout=REQUEST_TIMEOUT_S,
            trust_env=False,
        ) as client:
            yield Chain(layout, supervisor, HeadOffice(client), secrets[0])
    finally:
        # Not cancelled half-way: what is left running would outlive the command.
        await _to_its_end(supervisor.stop())


async def _to_its_end(work: Awaitable[None]) -> None:
    """Await `work` to its end, also when this task is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError


def _said(response: httpx.Response) -> str:
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        return f"HTTP {response.status_code}"
    return problem.detail or problem.title or f"HTTP {response.status_code}"

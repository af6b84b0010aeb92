"""Serving on a Unix socket until told to stop, and where the reporting process is reached."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from octonext.reporting.remote import Address
from octonext.runtime.layout import Layout
from octonext.runtime.metrics import CONTENT_TYPE
from octonext.runtime.settings import Settings

STOP_TIMEOUT_S = 10.0
"""Requests that are being answered when the stop comes have this long to end."""


def reporting_address(layout: Layout, settings: Settings) -> Address:
    """Where the other processes reach reporting. Raises SecretUnavailable."""
    if settings.reporting.address is not None:
        return Address(url=settings.reporting.address, token=reporting_token(settings))
    return Address(socket=layout.socket("reporting"), token=reporting_token(settings))


@dataclass(frozen=True, slots=True)
class StatusApp:
    """An ASGI application with GET /status (JSON), /metrics (Prometheus) and /healthz."""

    status: Callable[[], object]
    metrics: Callable[[], bytes]

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],  # noqa: ARG002 -- ASGI's form
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        code, media_type = 200, b"application/json"
        match scope["path"]:
            case "/status":
                body = msgspec.json.encode(self.status())
            case "/metrics":
                body, media_type = self.metrics(), CONTENT_TYPE.encode()
            case "/healthz":
                body = b'{"status":"ok"}'
            case _:
                code, body = 404, b'{"code":"not_found"}'
        headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": code, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def serve_on_socket(app: Any, socket: Path, stop: asyncio.Event) -> None:
    """Serve an ASGI application on a Unix socket of its owner's until `stop` is set.

    A socket that a killed process left behind is removed first; the caller knows that it is alone.
    """
    _forget(socket)
    server = Server(
        app,
        uds=socket,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    server.uds_permissions = 0o600
    serving = asyncio.ensure_future(server.serve())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait_for(serving, STOP_TIMEOUT_S)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def reporting_token(settings: Settings) -> str | None:
    """What the reporting process asks its callers for, if anything. Raises SecretUnavailable."""
    return None if settings.reporting.token is None else settings.reporting.token.read()


def _forget(socket: Path) -> None:
    with suppress(FileNotFoundError):
        socket.unlink()

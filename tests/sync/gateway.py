"""A gateway in the test's own process, and the line that a till holds to it over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket as sockets
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from octonext.base.clock import SystemClock
from octonext.crypto.tls import client_context, ensure_server_certificate
from octonext.edge.tokens import TokenCache
from octonext.processes.gateway import build
from octonext.runtime.metrics import Registry
from octonext.sync.messages import (
    PROTOCOL,
    Challenge,
    FromServer,
    FromTill,
    Welcome,
    decode_from_server,
    encode,
)
from octonext.sync.metrics import SyncMetrics
from octonext.sync.socket import SyncServer

if TYPE_CHECKING:
    from .conftest import JournalWriter, Shard

DEADLINE_S = 60


class Line:
    """One WebSocket as a till holds it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: FromTill) -> None:
        await self.connection.send(encode(message).decode())

    async def receive(self) -> FromServer:
        async with asyncio.timeout(DEADLINE_S):
            return decode_from_server(await self.connection.recv())

    async def hello(self, till: JournalWriter, **changes: Any) -> Welcome:
        answer = await self.try_hello(till, **changes)
        assert isinstance(answer, Welcome), answer
        return answer

    async def try_hello(self, till: JournalWriter, **changes: Any) -> FromServer:
        challenge = await self.receive()
        assert isinstance(challenge, Challenge)
        await self.send(till.hello(challenge.nonce, **changes))
        return await self.receive()

    async def is_hung_up_on(self) -> bool:
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    await self.connection.recv()
        return True


@dataclass
class Gateway:
    """A gateway in this process, on a real port."""

    port: int
    tls: ssl.SSLContext
    sync: SyncServer

    @contextlib.asynccontextmanager
    async def line(self, *, origin: str | None = None) -> AsyncIterator[Line]:
        """As a till holds it; or as a browser does, on a page from `origin`."""
        async with connect(
            f"wss://127.0.0.1:{self.port}/sync/v1",
            ssl=self.tls,
            subprotocols=[PROTOCOL],  # type: ignore[list-item]
            max_size=2**20,
            origin=origin,  # type: ignore[arg-type]
        ) as connection:
            yield Line(connection)


async def _no_tokens(_digest: bytes) -> None:
    return None


@contextlib.asynccontextmanager
async def open_gateway(shard: Shard, tls: Path) -> AsyncIterator[Gateway]:
    """A gateway for this shard alone; its certificates are made in the folder `tls`."""
    files = ensure_server_certificate(tls, ["127.0.0.1"], now=datetime.now(UTC), installation="test")
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clock, registry = SystemClock(), Registry()
    sync = SyncServer([shard.sync], clock=clock, metrics=SyncMetrics(registry))
    app = build(
        tokens=TokenCache(_no_tokens, clock),
        hq=None,
        sync=sync,
        lanes=[shard.lane],
        reporting=None,
        registry=registry,
    )
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        ssl_cert=files.certificate,
        ssl_key=files.key,
        log_enabled=False,
    )
    serving = asyncio.ensure_future(server.serve())
    async with asyncio.timeout(DEADLINE_S):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.01)
    try:
        yield Gateway(port, client_context(files.root), sync)
    finally:
        await sync.drain(2)
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({serving}, timeout=DEADLINE_S)

"""One address before several gateways, as a load balancer has it that leaves TLS to them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

CHUNK_BYTES = 64 * 1024


class Forwarder:
    """Carries each connection to the next gateway that takes it. Use it as a context manager."""

    def __init__(self, gateways: Sequence[str]) -> None:
        """`gateways` are their `https://127.0.0.1:port`."""
        self._ports = [urlsplit(gateway).port or 0 for gateway in gateways]
        self._turn = 0
        self._mute = False
        self._connections: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._hang_up()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"https://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def swallow_answers(self) -> None:
        """From now on what gateways say reaches nobody, while they hear everything."""
        self._mute = True

    def give_answers(self) -> None:
        """Connections that missed something end; new ones are whole."""
        self._mute = False
        self._hang_up()

    def _hang_up(self) -> None:
        for writer in tuple(self._connections):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await self._open()
        except OSError:
            writer.transport.abort()
            return
        self._connections |= {writer, there_writer}
        pumps = [
            asyncio.ensure_future(self._pump(reader, there_writer, answers=False)),
            asyncio.ensure_future(self._pump(there_reader, writer, answers=True)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, there_writer):
            end.transport.abort()
            self._connections.discard(end)
        await asyncio.wait(pumps)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The next gateway in turn that takes a connection. Raises OSError when none does."""
        for _ in self._ports:
            self._turn += 1
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self._ports[self._turn % len(self._ports)])
        raise OSError("no gateway takes connections")

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if not (answers and self._mute):
                    writer.write(data)
                    await writer.drain()

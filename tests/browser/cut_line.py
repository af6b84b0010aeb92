"""A TCP proxy between browser and gateway: cuts connections, swallows what is said, refuses new ones."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from .chromium import Chromium

CHUNK_BYTES = 16 * 1024
HELD_POLL_S = 0.02


class CutLine:
    """A browser is sent through it by `carry`; the page's origin stays the gateway's."""

    def __init__(self, gateway: str) -> None:
        """`gateway` is its `https://127.0.0.1:port`."""
        self._port = urlsplit(gateway).port or 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        #: What is said in this direction reaches nobody, while both ends believe the line is whole.
        self.is_deaf = self.is_mute = False
        #: New connections are hung up on.
        self.is_down = False
        #: Seconds that each chunk of what the browser says takes.
        self.slowness_s = 0.0
        #: What the browser says waits here.
        self.is_held = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._took, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.is_held = False
        self.cut()
        if self._carrying:
            await asyncio.wait(self._carrying)
        await self._server.wait_closed()

    def carry(self, browser: Chromium) -> None:
        """From its next start on, what the browser says to the gateway goes through here, and may break."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        browser.flags = (
            *browser.flags, f"--host-resolver-rules=MAP 127.0.0.1:{self._port} 127.0.0.1:{port}",
        )  # fmt: skip
        browser.line_may_break()

    @property
    def connections(self) -> int:
        return len(self._writers) // 2

    def cut(self) -> None:
        """Every connection ends with a reset."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def go_down(self) -> None:
        self.is_down = True
        self.cut()

    def half_open(self) -> None:
        """Both ends talk on into the void; nobody is told."""
        self.is_deaf = self.is_mute = True

    def mend(self) -> None:
        """New connections are whole; those that missed something end."""
        if self.is_deaf or self.is_mute:
            self.cut()
        self.is_deaf = self.is_mute = self.is_down = False

    async def _took(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrying = asyncio.current_task()
        assert carrying is not None
        self._carrying.add(carrying)
        try:
            await self._bridge(reader, writer)
        finally:
            self._carrying.discard(carrying)

    async def _bridge(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_down:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._writers |= ends
        pumps = [
            asyncio.ensure_future(self._pump(reader, far_writer, upwards=True)),
            asyncio.ensure_future(self._pump(far_reader, writer, upwards=False)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.transport.abort()
        self._writers -= ends
        await asyncio.wait(pumps)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upwards: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.is_deaf if upwards else self.is_mute:
                    continue
                if upwards and self.slowness_s:
                    await asyncio.sleep(self.slowness_s)
                while upwards and self.is_held:
                    await asyncio.sleep(HELD_POLL_S)
                writer.write(data)
                await writer.drain()

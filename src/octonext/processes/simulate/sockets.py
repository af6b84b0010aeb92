"""The two faces of a simulated WebSocket: what the till's link holds, and what the gateway's edge holds.

Only what those two use is here; everything else about WebSockets is left to the real libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from .network import Stream

_CLOSE_ABNORMAL = 1006


class ClientSocket:
    """As `websockets`' client connection: sends text, iterates over frames, can be aborted."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.transport = self

    @property
    def close_code(self) -> int:
        return self._stream.client.code or _CLOSE_ABNORMAL

    def abort(self) -> None:
        self._stream.abort(self._stream.client)

    async def send(self, data: bytes, *, text: bool) -> None:  # noqa: ARG002 - the library's form
        self._stream.send(self._stream.client, data.decode())

    async def close(self) -> None:
        self._stream.close(self._stream.client, 1000)

    def __aiter__(self) -> ClientSocket:
        return self

    async def __anext__(self) -> str:
        frame = await self._stream.client.take()
        if frame is not None:
            return frame
        if self._stream.client.code is None:
            raise ConnectionResetError("the connection broke")
        raise StopAsyncIteration


class Dialled:
    """A connection being made, as `async with connect(...)` has it."""

    def __init__(self, dial: Callable[[], Any]) -> None:
        self._dial = dial
        self._stream: Stream | None = None

    async def __aenter__(self) -> ClientSocket:
        self._stream = await self._dial()
        assert self._stream is not None
        return ClientSocket(self._stream)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close(self._stream.client, 1000)


class ServerSocket:
    """As the framework's WebSocket: accept, receive, send and close. `tap` sees what is sent."""

    def __init__(self, stream: Stream, tap: Callable[[str], None]) -> None:
        self.scope = {"client": (stream.client.owner.name, 0)}
        #: A till's own link says nothing that the sync service reads here.
        self.headers: dict[str, str] = {}
        self._stream = stream
        self._tap = tap

    async def accept(self, *, subprotocols: str) -> None:
        """The handshake is part of the simulated connect."""

    async def receive(self) -> dict[str, Any]:
        frame = await self._stream.server.take()
        if frame is None:
            return {"type": "websocket.disconnect", "code": self._stream.server.code or _CLOSE_ABNORMAL}
        return {"type": "websocket.receive", "text": frame}

    async def send_data(self, data: str, mode: str) -> None:  # noqa: ARG002 - the framework's form
        if self._stream.server.owner.alive:
            self._tap(data)
        self._stream.send(self._stream.server, data)

    async def close(self, code: int) -> None:
        self._stream.close(self._stream.server, code)

"""The WebSocket edge of `octonext.sync.v1`: frames in, frames out, and when to hang up.

One `TillSocket` per connection. What a frame means is the service's business; here are the limits,
the order of the conversation, and the promise that whatever one till does, only it is answered.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import NoReturn

import msgspec
import structlog
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import WebsocketRouteHandler

from octonext.base.clock import Clock
from octonext.edge.authentication import credential_in_request
from octonext.edge.flood import Inflow
from octonext.edge.refused_attempts import RefusedAttempts
from octonext.edge.request_context import shown_agent
from octonext.runtime.actor import Actor, address_of
from octonext.shards.lane import ShardUnavailable

from .domain import START, MarkedCursor
from .hanging_up import (
    CLOSE_NORMAL,
    CLOSE_POLICY,
    CLOSE_PROTOCOL_ERROR,
    CLOSE_TRY_LATER,
    FATAL,
    HangUp,
    note_refusal,
)
from .messages import (
    FRAME_BYTES_MAX,
    HELLO_TIMEOUT_S,
    PROTOCOL,
    Challenge,
    Credits,
    Delta,
    DeltaAck,
    Drain,
    FromServer,
    FromTill,
    Hello,
    Nack,
    Ping,
    Pong,
    Push,
    ShardKey,
    Welcome,
    decode_from_till,
    encode,
)
from .metrics import SyncMetrics
from .service import ShardSync, TillSession
from .service.shard import (
    CREDIT_BYTES,
    CREDIT_ENTRIES,
    PUSH_ENTRIES,
    REFERENCE_FEED,
    STALE,
    overloaded,
    parse_cursor,
    utc_ms,
)

log = structlog.get_logger(__name__)

#: Where tills connect.
PATH = "/sync/v1"
#: Random bytes of a challenge.
NONCE_BYTES = 32
#: How often a till should be heard; after three of these in silence it is hung up on.
HEARTBEAT_S = 20
SILENCE_MAX_S = 3 * HEARTBEAT_S
#: How long a till may leave our frames unread before it is hung up on.
SEND_TIMEOUT_S = 15
#: Connections one gateway process holds; one more is told that it is overloaded.
CONNECTIONS_MAX = 10_000
#: Over how long tills spread their reconnecting when a gateway goes away.
DRAIN_SPREAD_MS = 2_000
#: How long a delta waits after the shard was not available.
DELTA_RETRY_S = 1.0


class SyncServer:
    """What every connection shares: the shards, the clock, and whether we are draining."""

    def __init__(
        self,
        shards: Iterable[ShardSync],
        *,
        clock: Clock,
        metrics: SyncMetrics,
        entropy: Callable[[int], bytes] = os.urandom,
        connections_max: int = CONNECTIONS_MAX,
        refused: RefusedAttempts | None = None,
    ) -> None:
        self.shards = tuple(shards)
        self.clock = clock
        self.entropy = entropy
        self.metrics = metrics
        self.refused = refused
        self.draining = asyncio.Event()
        self._connections: set[TillSocket] = set()
        self._connections_max = connections_max

    @property
    def connected(self) -> int:
        return len(self._connections)

    def inflows(self) -> list[Inflow]:
        """Return what each connection has brought so far."""
        return [connection.inflow for connection in self._connections]

    def find(self, branch_id: int) -> ShardSync | Nack:
        """Return the shard of a branch, or why it cannot be told."""
        for shard in self.shards:
            if shard.mirror.has_branch(branch_id):
                return shard
        if all(shard.mirror.is_loaded for shard in self.shards):
            return Nack(
                reason="unknown_device", detail=f"No shard knows branch {branch_id}.", retry_after_ms=500
            )
        return Nack(
            reason="overloaded",
            detail="A shard has not been reached yet, and the branch may be on it.",
            retry_after_ms=1000,
        )

    async def serve(self, socket: WebSocket) -> None:  # type: ignore[type-arg]
        """Hold one conversation to its end."""
        connection = TillSocket(socket, self)
        if len(self._connections) >= self._connections_max or self.draining.is_set():
            await connection.refuse("This gateway takes no more connections.")
            return
        self._connections.add(connection)
        try:
            await connection.converse()
        finally:
            self._connections.discard(connection)

    async def announce_key(self, shard: ShardSync) -> None:
        """Tell the connected tills of a shard that its sync key is another one now."""
        told = [each.tell_key(shard) for each in self._connections if each.shard is shard]
        await asyncio.gather(*told, return_exceptions=True)

    async def drain(self, deadline_s: float) -> None:
        """Ask every till to go elsewhere and wait until they have, `deadline_s` at most."""
        self.draining.set()
        end = self.clock.monotonic() + deadline_s
        while self._connections and self.clock.monotonic() < end:
            await asyncio.sleep(0.05)

    def resume(self) -> None:
        """Take connections again after a drain; who is still here from before stays asked to go."""
        self.draining = asyncio.Event()


class TillSocket:
    """One connection of one till."""

    def __init__(self, socket: WebSocket, server: SyncServer) -> None:  # type: ignore[type-arg]
        self._socket = socket
        self._server = server
        client = socket.scope["client"]
        # granian gives the port as text
        self.inflow = Inflow(None if client is None else (client[0], int(client[1])))
        self._ip = address_of(client)
        self._user_agent = shown_agent(socket.headers.get("user-agent"))
        #: Who the till says it is; whether that is true, the shard knows.
        self._hello: Hello | None = None
        self._delta_acked = asyncio.Event()
        self._delta_cursor: MarkedCursor = START
        #: Whether a delta could not be sent: the next one would never come.
        self._is_behind = False
        #: Whose till this is; None until it has proven it.
        self.shard: ShardSync | None = None
        #: How long the till may still say nothing, while it is listened to.
        self._listening: asyncio.Timeout | None = None

    async def refuse(self, why: str) -> None:
        """Accept, say why not, and hang up: a browser shows no other refusal to its page."""
        await self._socket.accept(subprotocols=PROTOCOL)
        await self._send(Nack(reason="overloaded", detail=why, retry_after_ms=1000))
        await self._socket.close(code=CLOSE_TRY_LATER)

    async def converse(self) -> None:
        """Speak the protocol until either side is done."""
        try:
            await self._socket.accept(subprotocols=PROTOCOL)
            shard, session, cursor = await self._greet()
            connected = self._server.metrics.connected.labels(shard.shard_id)
            connected.inc()
            side = asyncio.ensure_future(self._speak_unasked(shard, session, cursor))
            try:
                await self._listen(shard, session)
            finally:
                side.cancel()
                await asyncio.wait({side})
                connected.dec()
        except HangUp as end:
            await self._close(end.code)
        except (WebSocketDisconnect, TimeoutError, OSError, RuntimeError):
            # gone, silent or not reading: nothing to say to it, and nothing of ours is lost
            await self._close(CLOSE_POLICY)
        except asyncio.CancelledError:
            if not self._server.draining.is_set():
                raise

    async def tell_key(self, shard: ShardSync) -> None:
        """Send the shard's public key to a till that was welcomed before it was rotated."""
        await self._send(ShardKey(key=shard.public_key))

    async def _greet(self) -> tuple[ShardSync, TillSession, MarkedCursor | None]:
        nonce = self._server.entropy(NONCE_BYTES)
        now_ms = utc_ms(self._server.clock.now())
        await self._send(Challenge(nonce=nonce, server_time_ms=now_ms))
        hello = await self._receive(HELLO_TIMEOUT_S)
        if not isinstance(hello, Hello):
            await self._refuse_frame("The first frame must be hello.")
        self._hello = hello
        cursor = await self._reference_cursor(hello)
        found = self._server.find(hello.branch)
        if isinstance(found, Nack):
            await self._refuse(found)
        try:
            session = await found.open_session(hello, nonce, ip=self._ip, user_agent=self._user_agent)
        except ShardUnavailable as error:
            await self._refuse(overloaded(error))
        if isinstance(session, Nack):
            await self._refuse(session)
        if session.is_restored and cursor is not None:
            cursor = START
        self.inflow.is_known = True
        self.shard = found
        await self._send(
            Welcome(
                acked=session.acked,
                credits=Credits(CREDIT_ENTRIES, CREDIT_BYTES, PUSH_ENTRIES),
                heartbeat_s=HEARTBEAT_S,
                server_time_ms=utc_ms(self._server.clock.now()),
                shard_key=found.public_key,
            )
        )
        return found, session, cursor

    async def _listen(self, shard: ShardSync, session: TillSession) -> None:
        while True:
            message = await self._receive(SILENCE_MAX_S)
            if isinstance(message, Push):
                await self._answer_push(shard, session, message)
            elif isinstance(message, DeltaAck):
                await self._take_delta_ack(message)
            elif isinstance(message, Ping):
                await self._send(Pong())
            elif isinstance(message, Hello):
                await self._refuse_frame("hello was said already.")

    async def _answer_push(self, shard: ShardSync, session: TillSession, push: Push) -> None:
        try:
            answer = await shard.push(session, push)
        except ShardUnavailable as error:
            answer = overloaded(error)
        if isinstance(answer, Nack):
            # a push with a bad signature may be sent again on the same connection
            if answer.reason in FATAL - {"bad_signature"} or answer is STALE:
                await self._refuse(answer)
            await self._nack(answer)
        else:
            await self._send(answer)

    async def _speak_unasked(
        self, shard: ShardSync, session: TillSession, cursor: MarkedCursor | None
    ) -> None:
        """Send what the till did not ask for: deltas while there are any, drain at the end."""
        deltas = asyncio.ensure_future(self._keep_current(shard, session, cursor))
        try:
            # whether or not there is anything to send meanwhile: some tills want no feed
            await self._server.draining.wait()
            await self._send(Drain(spread_ms=DRAIN_SPREAD_MS))
            await deltas
        finally:
            deltas.cancel()
            await asyncio.wait({deltas})

    async def _keep_current(
        self, shard: ShardSync, session: TillSession, cursor: MarkedCursor | None
    ) -> None:
        """Send deltas; a till that could not be given one is hung up on, or it would wait for ever."""
        try:
            await self._send_deltas(shard, session, cursor)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next connection begins anew
            log.info("delta not sent", shard=shard.shard_id, error=type(error).__name__)
            self._is_behind = True
            if self._listening is not None:
                self._listening.reschedule(asyncio.get_running_loop().time())

    async def _send_deltas(self, shard: ShardSync, session: TillSession, cursor: MarkedCursor | None) -> None:
        if cursor is None:
            return
        while True:
            news = shard.news
            try:
                delta = await shard.delta(session, cursor)
            except ShardUnavailable:
                await asyncio.sleep(DELTA_RETRY_S)
                continue
            if delta is None:
                await news.wait()
                continue
            if delta.rows:
                cursor = await self._deliver(delta)
            else:
                cursor = parse_cursor(delta.cursor)

    async def _deliver(self, delta: Delta) -> MarkedCursor:
        """Send one delta and return its cursor once the till has stored it."""
        self._delta_acked.clear()
        self._delta_cursor = parse_cursor(delta.cursor)
        await self._send(delta)
        await self._delta_acked.wait()
        return self._delta_cursor

    async def _take_delta_ack(self, message: DeltaAck) -> None:
        if message.feed == REFERENCE_FEED and message.cursor == str(self._delta_cursor):
            self._delta_acked.set()
        else:
            await self._refuse_frame("delta_ack does not name the delta that was sent.")

    async def _reference_cursor(self, hello: Hello) -> MarkedCursor | None:
        text = hello.cursors.get(REFERENCE_FEED)
        try:
            return None if text is None else parse_cursor(text)
        except ValueError as error:
            await self._refuse_frame(str(error))

    async def _receive(self, timeout_s: float) -> FromTill:
        if self._is_behind:
            raise HangUp(CLOSE_TRY_LATER)
        async with asyncio.timeout(timeout_s) as self._listening:
            event = await self._socket.receive()
        self._listening = None
        if event["type"] != "websocket.receive":
            raise HangUp(CLOSE_NORMAL)
        frame = event.get("text")
        if frame is None:
            await self._refuse_frame("Frames are text, not binary.")
        self.inflow.delivered(len(frame))
        if len(frame) > FRAME_BYTES_MAX or (not frame.isascii() and len(frame.encode()) > FRAME_BYTES_MAX):
            await self._refuse_frame(f"A frame holds {FRAME_BYTES_MAX} bytes at most.")
        try:
            return decode_from_till(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            await self._refuse_frame(str(error))

    async def _refuse_frame(self, detail: str) -> NoReturn:
        await self._refuse(Nack(reason="bad_frame", detail=detail[:300]))

    async def _refuse(self, nack: Nack) -> NoReturn:
        """Say why, and hang up."""
        await self._nack(nack)
        raise HangUp(CLOSE_TRY_LATER if nack.reason == "overloaded" else CLOSE_PROTOCOL_ERROR)

    async def _nack(self, nack: Nack) -> None:
        self._server.metrics.refused.labels(nack.reason).inc()
        stranger = Actor(kind="anonymous", id="", ip=self._ip, user_agent=self._user_agent)
        is_known = self.shard is not None
        note_refusal(self._server.refused, nack, self._hello, is_known=is_known, stranger=stranger)
        await self._send(nack)

    async def _send(self, message: FromServer) -> None:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await self._socket.send_data(encode(message).decode(), mode="text")

    async def _close(self, code: int) -> None:
        try:
            async with asyncio.timeout(1):
                await self._socket.close(code=code)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - it is gone either way
            log.debug("close after the end")


def routes() -> list[WebsocketRouteHandler]:
    """Return the handlers; the application's state must hold `sync: SyncServer`."""

    @websocket(PATH, opt=credential_in_request())
    async def sync(socket: WebSocket) -> None:  # type: ignore[type-arg]
        server: SyncServer = socket.app.state["sync"]
        await server.serve(socket)

    return [sync]

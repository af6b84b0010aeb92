"""The simulated network: streams that are late, cut, half open or blocked in one direction.

A stream keeps its order, as TCP does; what is late on one connection may overtake what is on another.
What was sent before the sender gave up may still arrive afterwards. TLS is left out.
"""

from __future__ import annotations

import asyncio
import re
import string
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field
from random import Random

from .node import Node

#: A blocked stream's sender gives up after this long, as TCP does; seconds.
RESEND_S = (10.0, 120.0)
#: A connection that is not answered at all.
CONNECT_TIMEOUT_S = 12.0


#: So soon after its push a till loses the connection; seconds.
_HALF_OPEN_S = 0.1
_PUSH = '{"t":"push"'
_CIPHERTEXT = re.compile(r'"c":"')
_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


@dataclass(slots=True)
class Weather:
    """How the network is at the moment; seconds and probabilities."""

    latency_s: float = 0.004
    jitter_s: float = 0.01
    #: Of each frame, that its connection is cut with it on the way.
    cut: float = 0.0
    #: That the end of a connection never reaches the other side.
    silent_end: float = 0.2
    #: Of each push, that its till loses the connection while the gateway, unaware, works on it.
    half_open: float = 0.0
    #: Of each push, that the gateway gets it twice.
    repeat: float = 0.0
    #: That a bit of a frame is flipped on the way (as if TLS were not there).
    flip: float = 0.0


@dataclass(slots=True, eq=False)
class End:
    """One side of a connection: what has arrived, and whether anything more can."""

    owner: Node
    arrived: deque[str | None] = field(default_factory=deque)
    waiter: asyncio.Future[None] | None = None
    #: This side gave up, or was told that the other did.
    over: bool = False
    #: The other side said a regular goodbye with this code.
    code: int | None = None
    #: When the last frame from here arrives there: a stream keeps its order.
    last_due: float = 0.0
    #: What this side sent while its direction was blocked.
    held: deque[str | None] = field(default_factory=deque)

    def put(self, frame: str | None) -> None:
        """A frame, or the end, arrives."""
        if self.over or not self.owner.alive:
            return
        if frame is None:
            self.over = True
        self.arrived.append(frame)
        self.wake()

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def take(self) -> str | None:
        """The next frame, None at the end."""
        while not self.arrived:
            if self.over:
                return None
            self.waiter = asyncio.get_running_loop().create_future()
            try:
                await self.waiter
            finally:
                self.waiter = None
        frame = self.arrived.popleft()
        if frame is None:
            self.arrived.append(None)
        return frame


class Stream:
    """One connection between two nodes; `client` and `server` are its ends."""

    def __init__(self, network: Network, client: Node, server: Node) -> None:
        self.client, self.server = End(client), End(server)
        self._network = network
        self._cut = False

    def other(self, end: End) -> End:
        return self.server if end is self.client else self.client

    def send(self, end: End, frame: str) -> None:
        """Send from `end`. Raises ConnectionResetError when that side knows that it is over."""
        if end.over or not end.owner.alive:
            raise ConnectionResetError("the connection is closed")
        self._transmit(end, frame)

    def close(self, end: End, code: int) -> None:
        """A regular goodbye behind everything that was sent."""
        if end.over:
            return
        end.over = True
        end.wake()
        self.other(end).code = code
        self._transmit(end, None)

    def abort(self, end: End) -> None:
        """This side is gone; the other hears of it, or does not."""
        if end.over and self._cut:
            return
        end.over = True
        end.wake()
        if self._network.random.random() >= self._network.weather.silent_end:
            self._transmit(end, None)

    def cut(self) -> None:
        """The line breaks: what is on the way is lost, and each side notices in its own time."""
        self._cut = True
        for end in (self.client, self.server):
            self._later(self._network.random.uniform(0.0, 20.0), end.put, None)

    def release(self) -> None:
        """A direction is open again: what was held goes on its way."""
        for end in (self.client, self.server):
            if end.held and not self._network.is_blocked(end.owner, self.other(end).owner):
                waiting = list(end.held)
                end.held.clear()
                for frame in waiting:
                    self._transmit(end, frame)

    def _transmit(self, end: End, frame: str | None) -> None:
        if self._cut:
            return
        network, target = self._network, self.other(end)
        if network.is_blocked(end.owner, target.owner):
            if not end.held:
                self._later(network.random.uniform(*RESEND_S), self._give_up, end)
            end.held.append(frame)
            return
        weather = network.weather
        if weather.cut and network.random.random() < weather.cut:
            network.counts["connection cut"] += 1
            self.cut()
            return
        if frame is not None and weather.flip and network.random.random() < weather.flip:
            network.counts["ciphertext flipped"] += _CIPHERTEXT.search(frame) is not None
            frame = flipped(frame, network.random)
        loop = asyncio.get_running_loop()
        end.last_due = max(loop.time() + network.delay_s(), end.last_due)
        loop.call_at(end.last_due, self._arrive, target, frame, context=network.context)
        if frame is not None and weather.repeat and frame.startswith(_PUSH):
            self._perhaps_repeat(end, target, frame)
        if frame is not None and weather.half_open and frame.startswith(_PUSH):
            self._perhaps_half_open()

    def _perhaps_repeat(self, end: End, target: End, frame: str) -> None:
        """The same push once more behind itself, as from a client that lost count."""
        network = self._network
        if network.random.random() < network.weather.repeat:
            network.counts["push repeated"] += 1
            loop = asyncio.get_running_loop()
            loop.call_at(end.last_due, self._arrive, target, frame, context=network.context)

    def _perhaps_half_open(self) -> None:
        """The till comes back on another connection and pushes the same again while this is booked."""
        random = self._network.random
        if random.random() < self._network.weather.half_open:
            self._network.counts["push half open"] += 1
            self._later(random.random() * _HALF_OPEN_S, self.client.put, None)
            self._later(random.uniform(*RESEND_S), self.server.put, None)

    def _arrive(self, target: End, frame: str | None) -> None:
        if not self._cut:
            target.put(frame)

    def _give_up(self, end: End) -> None:
        if end.held:
            end.held.clear()
            end.put(None)
            self._cut = True

    def _later(self, seconds: float, what: Callable[..., None], *args: object) -> None:
        asyncio.get_running_loop().call_later(seconds, what, *args, context=self._network.context)


class Network:
    """All connections, and who can reach whom."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.weather = Weather()
        #: Deliveries belong to no node: a frozen one is delivered to all the same.
        self.context = Context()
        self.streams: list[Stream] = []
        #: What of the weather came true: name -> how often.
        self.counts = dict.fromkeys(
            ("connection cut", "push half open", "push repeated", "ciphertext flipped"), 0
        )
        #: Directed pairs of names; "*" is everybody.
        self._blocked: dict[tuple[str, str], None] = {}

    def is_blocked(self, source: Node, target: Node) -> bool:
        if not self._blocked:
            return False
        pairs = ((source.name, target.name), (source.name, "*"), ("*", target.name))
        return any(pair in self._blocked for pair in pairs)

    def block(self, source: str, target: str) -> None:
        """Nothing gets from `source` to `target`; a name or "*"."""
        self._blocked[source, target] = None

    def open(self, source: str, target: str) -> None:
        """Undo `block`."""
        self._blocked.pop((source, target), None)
        for stream in self.streams:
            stream.release()

    def open_all(self) -> None:
        """Everybody reaches everybody."""
        self._blocked.clear()
        for stream in self.streams:
            stream.release()

    def delay_s(self) -> float:
        """How long a frame is on the way."""
        return self.weather.latency_s + self.random.random() * self.weather.jitter_s

    async def connect(self, client: Node, server: Node) -> Stream:
        """A connection, once the other side has heard of it. Raises OSError and TimeoutError."""
        await asyncio.sleep(self.delay_s())
        if self.is_blocked(client, server) or self.is_blocked(server, client) or server.is_frozen:
            await asyncio.sleep(CONNECT_TIMEOUT_S)
            raise TimeoutError("no answer")
        if not server.alive:
            raise ConnectionRefusedError("connection refused")
        stream = Stream(self, client, server)
        self.streams = [each for each in self.streams if not each.client.over or not each.server.over]
        self.streams.append(stream)
        return stream

    def lose(self, node: Node, *, silently: bool) -> None:
        """A node is gone: its connections end for the others, at once or when they notice."""
        for stream in self.streams:
            for end in (stream.client, stream.server):
                if end.owner is node and not end.over:
                    end.over = True
                    end.wake()
                    if not silently:
                        stream._transmit(end, None)  # noqa: SLF001 - the machine's kernel says goodbye


def flipped(frame: str, random: Random) -> str:
    """The frame with one bit of one ciphertext flipped; a frame without any stays as it is."""
    starts = [found.end() for found in _CIPHERTEXT.finditer(frame)]
    if not starts:
        return frame
    start = random.choice(starts)
    place = start + random.randrange(28)
    letter = _BASE64[_BASE64.index(frame[place]) ^ (1 << random.randrange(6))]
    return frame[:place] + letter + frame[place + 1 :]

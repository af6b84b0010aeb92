"""What one connection knows, how patient it is, and when the next one may be tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from octonext.sync.messages import HELLO_TIMEOUT_S, Welcome

from .outbox import Outbox, Push
from .steps import Alarm, AlarmReason

#: Backoff is random(0, min(maximum, first x 2^n)).
BACKOFF_FIRST_S = 1.0
BACKOFF_MAX_S = 60.0
#: A connection that held this long counts as good: n starts again.
STABLE_S = 60.0
#: Connected with entries to send and no progress for this long: reconnect and say so.
PROGRESS_S = 30.0
#: Patience with each step of connecting; twice the server's own.
HANDSHAKE_S = 2.0 * HELLO_TIMEOUT_S
#: How long a drain waits for the push on the way.
DRAIN_PATIENCE_S = 5.0
#: The same refusal this often in a row is no accident.
REFUSALS_MAX = 3
#: When an overloaded shard names no time.
OVERLOADED_S = 1.0
#: A new till reaches its shard within a second or so; unknown for this long, somebody should look.
UNKNOWN_S = 60.0


@dataclass(slots=True)
class Attempt:
    """What one connection knows; nothing of it outlives the connection."""

    begun_at: float
    heard_at: float
    #: Last sign that the outbox gets shorter, or when it began to fill.
    progress_at: float
    online_at: float | None = None
    heartbeat_s: float = HANDSHAKE_S
    pinged: bool = False
    outbox: Outbox = field(default_factory=Outbox)
    on_the_way: Push | None = None
    #: The `after` of the `ReadOutbox` that is not answered yet.
    reading: int | None = None
    #: What the shard said it holds, until it is compared with the journal.
    shard_head: tuple[int, bytes] | None = None
    push_not_before: float | None = None
    drain_at: float | None = None
    drain_spread_s: float = 0.0

    def welcomed(self, now: float, welcome: Welcome) -> None:
        """The shard knows the till: take what it grants, and what it holds of the journal."""
        self.online_at = self.progress_at = now
        self.heartbeat_s = float(max(1, welcome.heartbeat_s))
        self.outbox.grant(welcome.credits)
        self.shard_head = (welcome.acked.seq, welcome.acked.hash)


@dataclass(slots=True)
class Grudge:
    """What refusals over several connections add up to."""

    #: `fenced` in a row, with no push accepted in between.
    fenced: int = 0
    #: Since when shards have answered `unknown_device` to every hello, and whether a person was told.
    unknown_since: float | None = None
    unknown_told: bool = False

    def is_fenced_off(self) -> bool:
        """One more `fenced`; whether it is no accident any more.

        A late hello of the till's own dead connection can fence it once, not again and again.
        """
        self.fenced += 1
        return self.fenced >= REFUSALS_MAX

    def unknown(self, now: float, detail: str) -> list[Alarm]:
        """One more `unknown_device`; what to tell a person, once, when it has lasted too long."""
        if self.unknown_since is None:
            self.unknown_since = now
        if self.unknown_told or now - self.unknown_since <= UNKNOWN_S:
            return []
        self.unknown_told = True
        text = f"no shard has known this till for {UNKNOWN_S:.0f} s: {detail}"
        return [Alarm(AlarmReason.UNKNOWN_DEVICE, text, stopped=False)]

    def welcomed(self) -> None:
        """The shard knows this till."""
        self.unknown_since, self.unknown_told = None, False


class Backoff:
    """How long to wait before the next connection; `random` gives numbers in [0, 1)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures = 0

    def pause_s(self, held_s: float) -> float:
        """After a connection that was online for `held_s` seconds (0 for one that never was)."""
        if held_s >= STABLE_S:
            self._failures = 0
        # 2^16 s is far above the maximum; without a bound the power would grow for ever.
        ceiling = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * (1 << min(self._failures, 16)))
        self._failures += 1
        return self._random() * ceiling

    def hint_s(self) -> float:
        """When the network has just come back: soon, but not all tills at once."""
        self._failures = 0
        return self._random() * BACKOFF_FIRST_S

    def spread_s(self, spread_s: float) -> float:
        """A random part of what a gateway asks for when it goes away."""
        return self._random() * spread_s

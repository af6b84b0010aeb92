"""Refused attempts as events of head office's audit trail: few, however many there are, and nobody waits.

Whoever is refused is counted in memory, by the kind of refusal and by where it came from. The first time is
an event within a second; what follows from there is one event for each interval, with how many there were.
Sources beyond a limit share one event, so that no flood fills the trail or this process' memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from octonext.base.cards import mask_card_numbers
from octonext.base.clock import Clock
from octonext.runtime.actor import Actor, acting_as
from octonext.runtime.audit import record_event
from octonext.runtime.postgres import Pool, transaction

Kind = Literal["token_refused", "authorisation_refused", "origin_refused", "till_turned_away"]

INTERVAL_S = 300.0
"""One source is one event of a kind in so many seconds, after its first."""
SOURCES_MAX = 32
"""Sources of a kind that are told apart at a time; all further ones are counted together."""
EXAMPLES_MAX = 8
"""Different attempts that one event describes; the others are only counted."""
TEXT_CHARACTERS_MAX = 200
ACQUIRE_TIMEOUT_S = 1.0
"""For a connection to head office, which API calls need more urgently."""

_OTHERS = "others"
_NOBODY = Actor(kind="anonymous", id="")


@dataclass
class _Count:
    """What one source was refused and is not in the trail yet."""

    actor: Actor
    times: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    examples: list[dict[str, Any]] = field(default_factory=list)
    #: Monotonic seconds of its latest event; None before the first.
    told_at: float | None = None

    def is_due(self, now: float) -> bool:
        return self.times > 0 and (self.told_at is None or now - self.told_at >= INTERVAL_S)

    def is_over(self, now: float) -> bool:
        return self.times == 0 and self.told_at is not None and now - self.told_at >= INTERVAL_S


class RefusedAttempts:
    """Counts refusals of one process; `record` writes what is due, and is to be called every second or so."""

    def __init__(self, hq: Callable[[], Pool | None], clock: Clock) -> None:
        """`hq` gives head office's pool, or None while there is none."""
        self._hq = hq
        self._clock = clock
        self._counts: dict[Kind, dict[str, _Count]] = {}

    def note(self, kind: Kind, source: str, actor: Actor | None, /, **what: str | int | None) -> None:
        """Count a refusal; takes no time and never fails. `what` describes it, and holds no secret."""
        counts = self._counts.setdefault(kind, {})
        if source not in counts and len(counts) >= SOURCES_MAX:
            what, source, actor = {"source": source, **what}, _OTHERS, _NOBODY
        count = counts.get(source)
        if count is None:
            count = counts[source] = _Count(actor or _NOBODY)
        now = self._clock.now()
        if count.times == 0:
            count.actor, count.first_at = actor or _NOBODY, now
        count.times += 1
        count.last_at = now
        if len(count.examples) < EXAMPLES_MAX:
            example = {name: _shown(value) for name, value in what.items() if value is not None}
            if example not in count.examples:
                count.examples.append(example)

    async def record(self) -> None:
        """Write what is due. What head office does not take is kept, and counts on.

        Raises what the database raises.
        """
        now, hq = self._clock.monotonic(), self._hq()
        for kind, counts in self._counts.items():
            for source in [source for source, count in counts.items() if count.is_over(now)]:
                del counts[source]
            if hq is None:
                continue
            for count in [count for count in counts.values() if count.is_due(now)]:
                await self._write(hq, kind, count)
                count.told_at = now

    async def _write(self, hq: Pool, kind: Kind, count: _Count) -> None:
        times, examples = count.times, len(count.examples)
        with acting_as(count.actor):
            async with transaction(hq, acquire_timeout_s=ACQUIRE_TIMEOUT_S) as connection:
                await record_event(
                    connection, kind, times=times, first_at=count.first_at, last_at=count.last_at,
                    attempts=count.examples[:examples],
                )  # fmt: skip
        # Others may have come meanwhile; they belong to the next event.
        count.times -= times
        count.examples = count.examples[examples:]
        count.first_at = count.last_at


def _shown(value: str | int | None) -> str | int | None:
    return mask_card_numbers(value)[:TEXT_CHARACTERS_MAX] if isinstance(value, str) else value

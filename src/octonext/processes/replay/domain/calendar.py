"""When each till is without its network: a part of the file's calendar, in one piece, seeded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from .places import Chain

STEP = timedelta(days=7)
PER_MILLE = 1_000


def steps(times: Iterable[datetime]) -> list[datetime]:
    """The end of each week from the first time to the last: every time lies before one of them."""
    known = list(times)
    if not known:
        return []
    at, last = min(known), max(known)
    ends = []
    while at <= last:
        at += STEP
        ends.append(at)
    return ends


def offline_steps(chain: Chain, till: int, count: int, offline_per_mille: int) -> range:
    """The steps, of `count`, in which a till is offline. Some tills begin or end the file offline."""
    length = (count * offline_per_mille + PER_MILLE // 2) // PER_MILLE
    if length == 0:
        return range(0)
    first = chain.draw(count - length + 1, "offline", str(till))
    return range(first, first + length)

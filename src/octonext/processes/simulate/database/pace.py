"""What the simulated databases ask of the world: time, chance, and the moment at which it may strike."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

Boundary = Literal["statement", "lock", "flush", "committed", "reply"]
"""Where a database may be slow, frozen or killed: before a statement, after a row was locked, before the
commit record is on disk, after it and before anybody sees it, and before the caller hears of it."""


class Pace(Protocol):
    """The world as one database sees it."""

    async def step(self, boundary: Boundary) -> None:
        """Let simulated time pass; the world may crash the database meanwhile."""

    def now(self) -> datetime:
        """The database's own clock, aware, in UTC."""

    def random(self) -> float:
        """A random number in [0, 1) from the world's seed."""


MUTATIONS: dict[str, str] = {
    "ack_before_commit": "a commit is reported before its record is on disk",
    "dedup_removed": "entries at or below the till's head are booked again",
    "epoch_unchecked": "a push of a connection that a newer one has fenced is booked",
    "head_not_locked": "a push reads the till's head without locking it",
    "cursor_by_id": "a feed is read in the order in which its rows were numbered, not by the watermark",
    "watermark_ignored": "a feed is read by transaction id, past transactions that are still open",
    "balance_lost_update": "a stock balance is read, added to and written without a lock",
    "cursor_before_rows": "a cursor of the OLAP store is on disk before the rows that it counts",
    "went_back_unnoticed": "a restored source bears the marks that its readers expect",
}
"""The rules of the databases that can be broken on purpose, one at a time, with what that means."""


def checked(mutations: frozenset[str]) -> frozenset[str]:
    """Return `mutations`. Raises ValueError for one that no database knows."""
    unknown = mutations - MUTATIONS.keys()
    if unknown:
        raise ValueError(f"no database knows the mutation {min(unknown)}")
    return mutations

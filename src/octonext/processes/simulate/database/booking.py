"""A push while it is booked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .engine import Transaction
from .pushed import Pushed, PushedEntry
from .schema import ShardTables


@dataclass(frozen=True, slots=True)
class Booking:
    """What of a push is new to the shard, and on which day each entry happened."""

    push: Pushed
    tables: ShardTables
    transaction: Transaction
    till: tuple[int, int]
    """Branch and device."""
    above: int
    """Entries above this seq are new: the till's head."""
    entries: dict[int, PushedEntry]
    """The new entries by seq."""
    days: dict[int, date]
    """The business date of each new entry that is not quarantined."""

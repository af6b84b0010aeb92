"""Tables of the newest committed rows. What a transaction has written is merged in when it is seen."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

K = TypeVar("K")
R = TypeVar("R")

Entry = tuple[int, int, int]
"""(branch, device, seq): the place of a journal entry, and the key of everything booked for it."""


class Table(Generic[K, R]):
    """Rows by primary key."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[K, R] = {}
        self._ordered: list[R] | None = None

    def merge(self, written: dict[K, R]) -> None:
        """Take in what one committed transaction wrote."""
        self.rows.update(written)
        self._ordered = None

    def clear(self) -> None:
        """Forget everything, as before a recovery."""
        self.rows.clear()
        self._ordered = None

    def ordered(self, place: Callable[[R], Any]) -> list[R]:
        """All rows by `place`, which must be the same each time: the list is kept until a row changes."""
        if self._ordered is None:
            self._ordered = sorted(self.rows.values(), key=place)
        return self._ordered


class Postings(Table[Entry, tuple[R, ...]]):
    """Append-only rows, of which an entry may have many.

    Their real keys end with the time of booking, so an entry that is booked twice has its rows twice.
    """

    def merge(self, written: dict[Entry, tuple[R, ...]]) -> None:
        for entry, added in written.items():
            present = self.rows.get(entry)
            self.rows[entry] = added if present is None else present + added

    def all(self) -> list[R]:
        """Every row, in the order of entries."""
        return [row for entry in sorted(self.rows) for row in self.rows[entry]]


class Journal(Postings[R]):
    """Entries of tills, which are asked for till by till."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.tills: dict[tuple[int, int], list[int]] = {}

    def merge(self, written: dict[Entry, tuple[R, ...]]) -> None:
        for branch, device, seq in written.keys() - self.rows.keys():
            insort(self.tills.setdefault((branch, device), []), seq)
        super().merge(written)

    def clear(self) -> None:
        super().clear()
        self.tills.clear()

    def of(self, branch: int, device: int) -> list[R]:
        """The entries of one till, in their order."""
        seqs = self.tills.get((branch, device), ())
        return [row for seq in seqs for row in self.rows[branch, device, seq]]


class Receipts(Postings[R]):
    """Sales and returns, with the index over the receipts that were given back."""

    def __init__(self, name: str, original: Callable[[R], Entry | None]) -> None:
        super().__init__(name)
        self.returned: dict[Entry, list[Entry]] = {}
        self._original = original

    def merge(self, written: dict[Entry, tuple[R, ...]]) -> None:
        super().merge(written)
        for entry, added in written.items():
            for original in filter(None, map(self._original, added)):
                self.returned.setdefault(original, []).append(entry)

    def clear(self) -> None:
        super().clear()
        self.returned.clear()


class Spine(Table[int, R]):
    """One row for each transaction that wrote, walked in the order of transaction ids."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.xids: list[int] = []

    def merge(self, written: dict[int, R]) -> None:
        super().merge(written)
        for xid in written:
            insort(self.xids, xid)

    def clear(self) -> None:
        super().clear()
        self.xids.clear()

    def newest(self, until: int, limit: int) -> list[R]:
        """The last `limit` rows at or below an id, oldest first."""
        end = bisect_right(self.xids, until)
        return [self.rows[xid] for xid in self.xids[max(0, end - limit) : end]]


def merged(writes: Iterable[tuple[Table[Any, Any], dict[Any, Any]]]) -> None:
    """Show the writes of one transaction to everybody."""
    for table, written in writes:
        table.merge(written)

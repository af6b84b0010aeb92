"""What a verification finds, and in which words; many rows of one kind are counted, the first ones named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

NAMED_MAX = 20
"""Rows of one table with one fault that are named one by one; the rest is counted."""

Kind = Literal[
    "changed", "missing", "inserted", "back-dated", "post-dated", "partition", "trigger", "function",
    "catalogue", "replica", "head missing", "forged", "fork", "tail", "restored", "clock", "canary",
    "unsealed",
]  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was sealed."""

    database: str
    kind: Kind
    table: str
    """The table, or what else it is about: `seal_head`, `catalogue`."""
    key: str
    """The row's key, or the head's number, or the thing's name."""
    what: str


@dataclass
class Findings:
    """Those of one database."""

    database: str
    named: list[Finding] = field(default_factory=list)
    counts: dict[tuple[str, Kind], int] = field(default_factory=dict)
    """All of them, by table and kind, also those that are not named."""
    notices: list[str] = field(default_factory=list)
    """What an operator should know and what is no fault: migrations, accepted restores, archives."""

    def add(self, kind: Kind, table: str, key: str, what: str) -> None:
        count = self.counts.get((table, kind), 0)
        self.counts[table, kind] = count + 1
        if count < NAMED_MAX:
            self.named.append(Finding(self.database, kind, table, key, what))

    def notice(self, text: str) -> None:
        if text not in self.notices:
            self.notices.append(text)

    @property
    def unnamed(self) -> dict[tuple[str, Kind], int]:
        """How many more there are than are named."""
        return {each: count - NAMED_MAX for each, count in self.counts.items() if count > NAMED_MAX}

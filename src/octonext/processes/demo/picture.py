"""What the viewer is shown, as values: measured by `watch`, drawn by `screen` or `lines`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TillState = Literal["online", "waiting", "cut", "closed"]
"""`waiting`: it has a network, but its shard or gateway does not take what it has."""


@dataclass(frozen=True, slots=True)
class Reported:
    """Head office's figures of a branch, from the report: money in minor units of its currency."""

    sales: int
    returns: int
    total: int


@dataclass(frozen=True, slots=True)
class BranchView:
    """A branch as its own tills know it, and as head office reports it."""

    code: str
    name_en: str
    name_ar: str
    shard_id: str
    currency: str
    tills: tuple[TillState, ...]
    backlog: int
    """Journal entries that the shard has not acknowledged."""
    sales: int
    sales_per_s: float
    reported: Reported | None
    """None while head office has not answered yet."""


@dataclass(frozen=True, slots=True)
class ShardView:
    """A shard as its tills feel it. Times are in seconds; None where nothing was measured just now."""

    shard_id: str
    place: str
    frozen: bool
    breaker: str
    ack_p50_s: float | None
    ack_p95_s: float | None
    history_s: tuple[float | None, ...]
    """The p95 of each of the last seconds, oldest first."""
    entries_per_s: float
    backlog: int
    lag_p50_s: float | None
    lag_p95_s: float | None
    """From a sale's ack to the first report that counts it."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened, and when: seconds since the shops opened."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything at one moment."""

    elapsed_s: float
    duration_s: float
    now: str
    """One line: what is going on."""
    news: tuple[News, ...]
    """Oldest first."""
    branches: tuple[BranchView, ...]
    shards: tuple[ShardView, ...]
    trouble: str = ""
    """Processes that are being started again, if any."""

    @property
    def sales(self) -> int:
        return sum(branch.sales for branch in self.branches)

    @property
    def sales_per_s(self) -> float:
        return sum(branch.sales_per_s for branch in self.branches)

    @property
    def backlog(self) -> int:
        return sum(branch.backlog for branch in self.branches)

    @property
    def online(self) -> int:
        return sum(state == "online" for branch in self.branches for state in branch.tills)

    @property
    def tills(self) -> int:
        return sum(len(branch.tills) for branch in self.branches)

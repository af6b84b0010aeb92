"""Where the demo plays: its shops, its tills, and what the viewer has been told so far."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from octonext.processes.sample.seed import REGIONS, Seeded
from octonext.processes.supervisor.service import Supervisor
from octonext.till.fleet import Fleet, Latency, Member, TillView

from .picture import News


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch, with the names the viewer sees."""

    branch_id: int
    code: str
    name_en: str
    name_ar: str
    shard_id: str
    currency: str


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard, and the country whose branches are on it."""

    shard_id: str
    place: str


SHARDS = (Shard("kw-1", "Kuwait"), Shard("sa-1", "Riyadh"))
SHARD_OF_REGION = {"KW": "kw-1", "SA": "sa-1"}


def branches_of(seeded: Seeded) -> tuple[Branch, ...]:
    """The seeded chain's branches, country by country."""
    return tuple(
        Branch(
            seeded.branches[code], code, _short(name_en, region.name_en), name_ar,
            SHARD_OF_REGION[region.code], region.currency,
        )
        for region in REGIONS
        for code, name_en, name_ar in region.branches
    )  # fmt: skip


@dataclass(slots=True)
class Stage:
    """The play as it stands. Times are seconds of the event loop's clock."""

    fleet: Fleet
    supervisor: Supervisor
    branches: Sequence[Branch]
    duration_s: float
    opened_at: float = field(default_factory=time.monotonic)
    now: str = ""
    news: list[News] = field(default_factory=list)
    frozen: set[str] = field(default_factory=set)
    measured: dict[str, Latency] = field(default_factory=dict)
    """What the script wants to tell at the end: acks of the other shard before and during the frost."""

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.opened_at

    def tell(self, text: str, *, headline: bool = True) -> None:
        """Something happens. With `headline` it is also what is going on from now."""
        self.news.append(News(self.elapsed_s, text))
        if headline:
            self.now = text

    def members(self, code: str) -> list[Member]:
        """The tills of a branch."""
        return [each for each in self.fleet.members.values() if each.identity.branch_code == code]

    def views(self) -> list[TillView]:
        """Every till as it is now."""
        return [each.view() for each in self.fleet.members.values()]

    async def until(self, part: float) -> None:
        """Wait until `part` of the play's time is over."""
        await asyncio.sleep(max(0.0, self.opened_at + part * self.duration_s - time.monotonic()))


def _short(name: str, region: str) -> str:
    """Without the country, which the table says anyway: "Riyadh Olaya" is Olaya."""
    return name.removeprefix(f"{region} ") if name != f"{region} City" else name

"""What one seed's world looks like: sizes, speeds, and which troubles happen in it.

Not every world has every trouble. A fault that is always there hides what only shows without it (a
till that crashes every minute never has a long backlog), so each kind of operation and of fault is
switched on or off at random for each seed: swarm testing (Groce et al., ISSTA 2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from octonext.feeds.domain import PAGE_PUSHES_MAX, PAGE_ROWS_MAX

from .network import Weather

#: What a till's cashier does, and how often beside each other.
OPERATIONS: dict[str, int] = {
    "sale": 60,
    "burst": 6,
    "long_basket": 3,
    "return_own": 6,
    "return_elsewhere": 3,
    "return_without_receipt": 2,
    "void": 4,
    "override": 3,
    "drawer": 3,
    "cash": 4,
    "count": 3,
    "adjust": 3,
    "shift": 3,
    "reprint": 2,
    "prune": 3,
}
#: What goes wrong, and how often beside each other.
FAULTS: dict[str, int] = {
    "till_killed": 6,
    "till_power_cut": 6,
    "till_frozen": 3,
    "till_clock_jump": 4,
    "till_offline": 6,
    "till_cloned": 2,
    "till_old_copy": 2,
    "till_hash_rots": 2,
    "till_ciphertext_rots": 2,
    "line_cut": 8,
    "line_one_way": 5,
    "gateway_killed": 5,
    "gateway_frozen": 3,
    "gateway_drained": 3,
    "shard_killed": 6,
    "shard_frozen": 3,
    "shard_slow": 4,
    "shard_restored": 1,
    "hq_killed": 3,
    "hq_restored": 1,
    "relay_killed": 4,
    "relay_frozen": 3,
    "reporting_killed": 5,
    "reporting_frozen": 2,
    "delivery_repeated": 4,
    "everything_killed": 1,
    "price_change": 4,
    "rush": 14,
}
#: Faults after which a person has to decide; a world has at most one kind of them.
FINAL = ("till_cloned", "till_old_copy", "till_hash_rots", "shard_restored", "hq_restored")


@dataclass(slots=True)
class Plan:
    """One world. Times are simulated seconds."""

    seed: int
    tills: int = 6
    shards: int = 2
    branches_per_shard: int = 2
    gateways: int = 2
    relays: int = 1
    products: int = 8
    #: How long customers come and things go wrong, and how long the rest may take afterwards.
    busy_s: float = 900.0
    calm_s: float = 1_200.0
    #: Mean pause between a till's customers, and between two faults.
    customer_s: float = 30.0
    fault_s: float = 40.0
    #: How often gateways and relays look at a database.
    refresh_s: float = 5.0
    poll_s: float = 4.0
    #: Of each boundary of a write, that its machine dies there.
    till_dies: float = 0.0
    shard_dies: float = 0.0
    olap_dies: float = 0.0
    #: Of each unforced write of a till, that a power cut would lose it.
    unsynced_lost: float = 0.5
    #: Mean time of one step of a database, and of a forced write.
    step_s: float = 0.001
    flush_s: float = 0.003
    #: Of each step of a database, that it takes very long.
    straggles: float = 0.0
    credit_entries: int = 512
    push_entries: int = 128
    #: Rows and pushes of one page of a feed.
    page_rows: int = PAGE_ROWS_MAX
    page_pushes: int = PAGE_PUSHES_MAX
    weather: Weather = field(default_factory=Weather)
    operations: dict[str, int] = field(default_factory=lambda: dict(OPERATIONS))
    faults: dict[str, int] = field(default_factory=lambda: dict(FAULTS))
    mutations: tuple[str, ...] = ()
    #: Shops are closed at night: nobody sells then, and the tills are off.
    nights: bool = False


def chance(seed: int, name: str) -> Random:
    """The randomness of one part of a world: its own, so that others may draw without changing it."""
    return Random(f"{seed}:{name}")  # noqa: S311 - seeded on purpose, no secret


def small_world(seed: int, *, mutations: Sequence[str] = ()) -> Plan:
    """A world of a few tills and a quarter of an hour, full of trouble."""
    random = chance(seed, "plan")
    plan = Plan(seed, mutations=tuple(mutations))
    plan.tills = random.randint(2, 6)
    plan.shards = random.choice((1, 2, 2))
    plan.branches_per_shard = random.choice((1, 1, 2))
    plan.gateways = random.choice((1, 2, 2, 3))
    plan.relays = random.choice((1, 1, 2))
    plan.products = random.choice((2, 5, 12))
    plan.busy_s = random.choice((60.0, 120.0, 240.0))
    _vary(plan, random)
    return plan


def day(seed: int, *, tills: int, days: float, mutations: Sequence[str] = ()) -> Plan:
    """A chain of `tills` tills over `days` days."""
    random = chance(seed, "plan")
    plan = Plan(seed, mutations=tuple(mutations))
    plan.tills = tills
    plan.shards = min(4, max(1, tills // 12))
    plan.branches_per_shard = max(1, min(4, tills // (plan.shards * 3)))
    plan.gateways, plan.relays = 3, 2
    plan.products = 40
    plan.busy_s = days * 86_400.0
    _vary(plan, random)
    plan.customer_s, plan.fault_s = 240.0, 120.0
    plan.refresh_s, plan.poll_s = 15.0, 15.0
    plan.nights = days >= 1.0
    return plan


def _vary(plan: Plan, random: Random) -> None:
    plan.customer_s = random.choice((3.0, 8.0, 15.0))
    plan.fault_s = random.choice((2.0, 6.0, 20.0))
    plan.refresh_s = random.choice((2.0, 5.0, 10.0))
    plan.poll_s = random.choice((1.0, 3.0, 10.0))
    plan.till_dies = random.choice((0.0, 0.0, 0.005, 0.02))
    plan.shard_dies = random.choice((0.0, 0.0, 0.001, 0.01))
    plan.olap_dies = random.choice((0.0, 0.0, 0.005, 0.02))
    plan.unsynced_lost = random.choice((0.0, 0.5, 1.0))
    plan.step_s = random.choice((0.0002, 0.001, 0.02))
    plan.flush_s = random.choice((0.0005, 0.003, 0.1))
    plan.straggles = random.choice((0.0, 0.01, 0.05))
    plan.credit_entries = random.choice((512, 512, 16, 4))
    plan.push_entries = random.choice((128, 128, 8, 2, 1))
    plan.page_rows = random.choice((PAGE_ROWS_MAX, PAGE_ROWS_MAX, 60, 7))
    if plan.page_rows < PAGE_ROWS_MAX:
        # A page for each look: what thousands of rows need at seven a page is patience, not a repair.
        plan.calm_s *= 5
    plan.page_pushes = random.choice((PAGE_PUSHES_MAX, PAGE_PUSHES_MAX, 5))
    plan.weather = Weather(
        latency_s=random.choice((0.001, 0.02, 0.3)),
        jitter_s=random.choice((0.0, 0.02, 1.0)),
        cut=random.choice((0.0, 0.0, 0.01, 0.05)),
        silent_end=random.choice((0.0, 0.2, 0.8)),
        half_open=random.choice((0.0, 0.0, 0.05, 0.3)),
        flip=random.choice((0.0, 0.0, 0.02)),
        repeat=chance(plan.seed, "repeat").choice((0.0, 0.0, 0.1)),
    )
    plan.operations = _some(OPERATIONS, random, keep=("sale", "shift"))
    plan.faults = _some(FAULTS, random)
    for name in FINAL:
        plan.faults.pop(name, None)
    if random.random() < 0.6:
        plan.faults[random.choice(FINAL)] = 20


def _some(weights: dict[str, int], random: Random, keep: Sequence[str] = ()) -> dict[str, int]:
    """Some of what can happen; in one world of six all of it."""
    if random.random() < 1 / 6:
        return dict(weights)
    share = random.random()
    return {name: weight for name, weight in weights.items() if name in keep or random.random() < share}

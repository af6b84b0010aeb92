"""The figures of the till: each with its aim, and what it stands beside."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import octonext

from .harness import Figure, percentile

BUILT = Path(octonext.__file__).parent / "web" / "till"

SCRIPT_AIM_KIB = 120.0
#: How many times slower a slow tablet is, and from where on it is none.
SLOWER = 4.0
SLOWER_AIM = 3.5
#: With a backlog over without one; noise is allowed for, growth is not.
BACKLOG_AIM = 1.25


def scripts() -> list[Figure]:
    """What the page loads before anybody signs in, as a server sends it; the worker for itself."""
    index = (BUILT / "index.html").read_text(encoding="utf-8")
    names = [each.name for each in (BUILT / "assets").glob("*.js")]
    entries = [name for name in names if name in index]
    # What the entry itself names comes at once, when the worker runs: the page, and what the page imports.
    named = "".join((BUILT / "assets" / name).read_text(encoding="utf-8") for name in entries)
    first = sum(_gzipped(name) for name in names if name in index or (name in named and not _is_worker(name)))
    worker = sum(_gzipped(name) for name in names if _is_worker(name))
    return [
        aimed("JavaScript before the sign-in screen, gzipped", (first / 1024,), "KiB", SCRIPT_AIM_KIB),
        Figure("JavaScript of the worker, gzipped", (worker / 1024,), "KiB"),
    ]


def _is_worker(name: str) -> bool:
    return name.startswith("till.worker")


def _gzipped(name: str) -> int:
    return len(gzip.compress((BUILT / "assets" / name).read_bytes(), 9))


def aimed(name: str, samples: tuple[float, ...], unit: str, aim: float) -> Figure:
    """A figure that has no floor; what it should be is absolute."""
    figure = Figure(name, samples, unit)
    return Figure(name, samples, unit, aim=f"at most {aim:g} {unit}", met=figure.value <= aim)


def p95(
    name: str,
    times: Sequence[float],
    aim: float,
    *,
    floor: str,
    bare: Sequence[float],
    worker: Sequence[float] = (),
) -> Figure:
    """The 95th percentile of `times` beside that of `bare`, milliseconds; `worker` is the engine's part."""
    slowest = percentile(times, 0.95)
    note = f"p50 {percentile(times, 0.5):.0f} ms of {len(times)}"
    if worker:
        own = f"p50 {percentile(worker, 0.5):.0f} ms, p95 {percentile(worker, 0.95):.0f} ms"
        note += f"; of that in the worker {own}"
    return Figure(
        f"{name}, p95", (slowest,), "ms", floor, (percentile(bare, 0.95),),
        aim=f"at most {aim:g} ms", met=slowest <= aim, note=note,
    )  # fmt: skip


def behind(name: str, times: Sequence[float], before: Sequence[float]) -> Figure:
    """What a backlog costs."""
    figure = Figure(name, tuple(times), "ms", "without a backlog", tuple(before))
    met = figure.ratio is not None and figure.ratio <= BACKLOG_AIM
    return Figure(
        name, tuple(times), "ms", "without a backlog", tuple(before),
        aim=f"at most {BACKLOG_AIM:g} times that", met=met,
    )  # fmt: skip


def slower(name: str, slow: Sequence[float], plain: Sequence[float]) -> Figure:
    """How much slower the same work is, which says what the other figures are worth."""
    figure = Figure(name, tuple(slow), "ms", "at full speed", tuple(plain))
    met = figure.ratio is not None and figure.ratio >= SLOWER_AIM
    aim = f"at least {SLOWER_AIM:g} times as long"
    return Figure(name, tuple(slow), "ms", "at full speed", tuple(plain), aim=aim, met=met)

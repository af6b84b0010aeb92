"""What a benchmark is: a module with `NAME`, `TITLE` and `run(options) -> Result`.

A figure without a floor says little, because machines differ: whatever can be a ratio is one, and its
floor is measured in the same run, on the same machine, interleaved where the machine's mood matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure: the median of its `samples`, in `unit`.

    `floor` is the median of the same quantity measured without what is being judged; `aim` says in
    words what the ratio (or the figure, without a floor) should be, `met` whether it is.
    """

    name: str
    samples: tuple[float, ...]
    unit: str
    floor_name: str = ""
    floor_samples: tuple[float, ...] = ()
    aim: str = ""
    met: bool | None = None
    note: str = ""

    @property
    def value(self) -> float:
        return median(self.samples)

    @property
    def floor(self) -> float | None:
        return median(self.floor_samples) if self.floor_samples else None

    @property
    def ratio(self) -> float | None:
        """The figure over its floor, None without one."""
        return None if not self.floor else self.value / self.floor

    @property
    def spread(self) -> tuple[float, float]:
        return min(self.samples), max(self.samples)


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a plot: (x, y) points."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture of the page. `kind` is "line" or "bar" (then x counts the bars)."""

    name: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    kind: str = "line"
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class Result:
    """What a benchmark found; `text` are paragraphs of Markdown under its table."""

    figures: list[Figure] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: `quick` keeps the whole page within five minutes, `work_dir` is private and empty."""

    quick: bool
    work_dir: Path
    seed: int
    say: Callable[[str], None]
    #: Real files for the benchmarks that use one; a benchmark without its file says so and is left out.
    data_file: Path | None = None


class LeftOut(Exception):
    """This benchmark cannot run here; the message, a sentence for the page, says what it needs."""


class Benchmark(Protocol):
    """The shape of a module in `bench/`."""

    NAME: str
    TITLE: str

    def run(self, options: Options) -> Result: ...


def percentile(samples: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: `share` 0.99 of 200 samples is the 198th smallest."""
    ordered = sorted(samples)
    return ordered[max(0, min(len(ordered) - 1, -(-len(ordered) * round(share * 10_000) // 10_000) - 1))]

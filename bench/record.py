"""What is kept of a benchmark: its result, and under which circumstances it was found. Stored as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from .harness import Figure, Plot, Result, Series
from .machine import Machine
from .steadiness import Steadiness

DIGITS = 5
"""More of them would be noise, and every change of the file would be a change of all of it."""

State = Literal["measured", "failed", "left out"]


class Record(msgspec.Struct, kw_only=True):
    """One benchmark's latest run."""

    name: str
    title: str
    state: State
    quick: bool
    seed: int
    day: str
    """When it ran, UTC, ISO 8601."""
    seconds: float
    machine: Machine
    steadiness: list[Steadiness] = []
    """Before it and after it."""
    why: str = ""
    """A sentence for what failed or was left out."""
    figures: list[Figure] = []
    plots: list[Plot] = []
    text: list[str] = []


class UnreadableRecords(Exception):
    """The stored figures are of another form; the message says what to do."""


def rounded(result: Result) -> Result:
    """The same result with DIGITS significant digits everywhere."""
    return Result(
        figures=[_figure(figure) for figure in result.figures],
        plots=[_plot(plot) for plot in result.plots],
        text=result.text,
    )


def merge(kept: Iterable[Record], new: Record, order: Sequence[str]) -> list[Record]:
    """`kept` with `new` in its place, in the page's order; names that are no benchmark any more go.

    What was left out this time does not take the place of what was measured before.
    """
    by_name = {each.name: each for each in kept}
    before = by_name.get(new.name)
    if new.state != "left out" or before is None or before.state != "measured":
        by_name[new.name] = new
    return [by_name[name] for name in order if name in by_name]


def read(path: Path) -> list[Record]:
    """The stored records, none when there is no file. Raises UnreadableRecords."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Record])
    except FileNotFoundError:
        return []
    except msgspec.DecodeError as error:
        raise UnreadableRecords(
            f"{path} cannot be read ({error}). Delete it; a whole run writes it anew."
        ) from error


def write(path: Path, records: Sequence[Record]) -> None:
    """Replace the file in one step: one line for each record, so that a change shows which one changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    lines = b",\n".join(msgspec.json.encode(record) for record in records)
    unfinished.write_bytes(b"[\n" + lines + b"\n]\n")
    unfinished.replace(path)


def _figure(figure: Figure) -> Figure:
    return Figure(
        name=figure.name,
        samples=_numbers(figure.samples),
        unit=figure.unit,
        floor_name=figure.floor_name,
        floor_samples=_numbers(figure.floor_samples),
        aim=figure.aim,
        met=figure.met,
        note=figure.note,
    )


def _plot(plot: Plot) -> Plot:
    series = tuple(
        Series(each.name, tuple((_number(x), _number(y)) for x, y in each.points)) for each in plot.series
    )
    return Plot(plot.name, plot.title, plot.x_label, plot.y_label, series, plot.kind, plot.labels)


def _numbers(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(_number(value) for value in values)


def _number(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")

"""Writes the page: one table of every figure, the machine, and a section for each benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from .drawing import draw
from .harness import Figure, Plot, Series
from .machine import Machine
from .numbers import shown
from .record import Record

PLOTS_FOLDER = "benchmarks"

_HEAD = """\
# Benchmarks

This page is written by `make bench`; `make bench QUICK=1` writes the same page in five minutes, from
fewer and shorter runs. A figure stands beside its floor: the same thing measured without what is being
judged, in the same run on the same machine. Where there is a floor, the ratio is what counts; absolute
figures are this machine's. A figure is the median of its samples, and *spread* is the least and the most
of them. Every sample is in [figures.json](benchmarks/figures.json).
"""

_STEADY = """\
The same fixed work (hashing and counting on every core at once, no part of OctoNext) and the same write
(one page of 8 KiB, synced) before and after every benchmark. On a machine of its own the lines are flat;
where they are not, neighbours took their part of the machine, and figures of that section are worth less.
"""


def write_page(path: Path, records: Sequence[Record], *, command: str, expected: Sequence[str]) -> None:
    """Write the page to `path` and its plots beside it; `expected` are the names of all benchmarks."""
    folder = path.parent / PLOTS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    plots = {f"{record.name}-{plot.name}": plot for record in records for plot in record.plots}
    steady = _steadiness_plots(records)
    plots |= {plot.name: plot for plot in steady}
    for old in folder.glob("*.svg"):
        if old.stem not in plots:
            old.unlink()
    for name, plot in plots.items():
        (folder / f"{name}.svg").write_text(draw(plot), encoding="utf-8")
    sections = [
        _HEAD,
        _how(records, command, expected),
        "## Summary\n",
        _summary(records),
        "## The machine\n",
        *_machines(records),
        "### How steady it was\n",
        _STEADY,
        _steadiness_table(records),
        *(_image(plot, plot.name) for plot in steady),
        *(part for record in records for part in _section(record)),
    ]
    path.write_text("\n".join(section.rstrip("\n") + "\n" for section in sections), encoding="utf-8")


def _how(records: Sequence[Record], command: str, expected: Sequence[str]) -> str:
    quick = [record.name for record in records if record.quick]
    failed = [record.name for record in records if record.state == "failed"]
    missing = [name for name in expected if name not in {record.name for record in records}]
    lines = [f"Last command: `{command}`."]
    if quick:
        lines.append(
            "**Everything here is from quick runs.**"
            if len(quick) == len(records)
            else f"**From quick runs: {', '.join(quick)}**; the rest in full."
        )
    if failed:
        lines.append(f"**Failed in their last run: {', '.join(failed)}.** Their sections say why.")
    if missing:
        lines.append(f"Not measured yet: {', '.join(missing)}.")
    return " ".join(lines) + "\n"


def _summary(records: Iterable[Record]) -> str:
    rows = [
        "| benchmark | figure | measured | spread | floor | ratio | aim | met |",
        "|---|---|---:|---:|---:|---:|---|---|",
    ]
    for record in records:
        place = f"[{record.name}](#{anchor(record.title)})"
        if record.state == "measured":
            rows += [f"| {place} {_row(figure)}" for figure in record.figures]
        else:
            rows.append(f"| {place} | {record.state}: {_cell(record.why)} | | | | | | |")
    return "\n".join(rows) + "\n"


def _row(figure: Figure) -> str:
    low, high = figure.spread
    floor = "" if figure.floor is None else f"{shown(figure.floor)} {figure.unit}"
    ratio = "" if figure.ratio is None else shown(figure.ratio)
    met = {None: "", True: "yes", False: "**no**"}[figure.met]
    spread = f"{shown(low)} to {shown(high)}" if len(figure.samples) > 1 else ""
    cells = [
        _cell(figure.name), f"{shown(figure.value)} {figure.unit}", spread, floor, ratio,
        _cell(figure.aim), met,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _section(record: Record) -> Iterable[str]:
    yield f"## {record.title}\n"
    extent = "quick" if record.quick else "full"
    yield f"`{record.name}`, {extent}, seed {record.seed}, {record.day}, {shown(record.seconds)} s.\n"
    if record.state == "left out":
        yield f"**Left out.** {record.why}\n"
        return
    if record.state == "failed":
        yield f"**Failed.** {record.why}\n"
        return
    for paragraph in record.text:
        yield f"{paragraph}\n"
    yield _figures(record.figures)
    for plot in record.plots:
        yield _image(plot, f"{record.name}-{plot.name}")


def _figures(figures: Iterable[Figure]) -> str:
    lines = []
    for figure in figures:
        line = f"- {figure.name}: **{shown(figure.value)} {figure.unit}**"
        if figure.floor is not None and figure.ratio is not None:
            low, high = min(figure.floor_samples), max(figure.floor_samples)
            line += (
                f"; floor, {figure.floor_name}: {shown(figure.floor)} {figure.unit}"
                f" ({shown(low)} to {shown(high)}); ratio **{shown(figure.ratio)}**"
            )
        if figure.note:
            line += f" ({figure.note})"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _machines(records: Sequence[Record]) -> Iterable[str]:
    """One table; when sections were measured on different machines, one for each of those."""
    by_machine: dict[Machine, list[str]] = {}
    for record in records:
        by_machine.setdefault(record.machine, []).append(record.name)
    for machine, names in by_machine.items():
        if len(by_machine) > 1:
            yield f"Of {', '.join(names)}:\n"
        rows = [f"| {name} | {_cell(value)} |" for name, value in machine.rows()]
        yield "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def _steadiness_table(records: Iterable[Record]) -> str:
    found = [each for record in records for each in record.steadiness]
    if not found:
        return ""
    rows = ["| fixed work | median | least | most | most over least |", "|---|---:|---:|---:|---:|"]
    for title, values in (
        ("work on every core", [each.work_ms for each in found]),
        ("a synced write", [each.sync_ms for each in found]),
    ):
        low, high = min(values), max(values)
        rows.append(
            f"| {title} | {shown(median(values))} ms | {shown(low)} ms | {shown(high)} ms | "
            f"{shown(high / low)} |"
        )
    return "\n".join(rows) + "\n"


def _steadiness_plots(records: Iterable[Record]) -> list[Plot]:
    found = [each for record in records for each in record.steadiness]
    if len(found) < 2:
        return []
    work = tuple((float(n), each.work_ms) for n, each in enumerate(found, 1))
    sync = tuple((float(n), each.sync_ms) for n, each in enumerate(found, 1))
    places = "before and after each benchmark, in the order of this page"
    return [
        Plot("steadiness-work", "The same work all along", places, "ms", (Series("work", work),)),
        Plot("steadiness-sync", "The same synced write all along", places, "ms", (Series("write", sync),)),
    ]


def _image(plot: Plot, name: str) -> str:
    return f"![{plot.title}]({PLOTS_FOLDER}/{name}.svg)\n"


def anchor(title: str) -> str:
    """The fragment that GitHub gives a heading: lower case, spaces as hyphens, no other punctuation."""
    kept = [each for each in title.lower() if each.isalnum() or each in " -_"]
    return "".join(kept).replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

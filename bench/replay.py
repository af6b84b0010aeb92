"""A real retailer's file, end to end: read, sold on tills, synced, reported, verified and reconciled."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from octonext.processes.os_process import die_with_parent, end, tree

from .harness import Figure, LeftOut, Options, Plot, Result, Series

NAME = "replay"
TITLE = "Replay of a real retailer's file"

AIM_S = 60.0
RUNS = 3
ROWS_QUICK = 30_000
"""A part of the file that fits the quick page; its time is no measure of the whole."""
TIMEOUT_S = 900.0
STOP_TIMEOUT_S = 60.0

_TOTAL = re.compile(r"^([\d.]+) s in all:$", re.MULTILINE)
_PART = re.compile(r"^ +([\d.]+) s  (\S.*)$", re.MULTILINE)
_ROWS = re.compile(r"^Rows in ([\d,]+) = applied ([\d,]+)", re.MULTILINE)


class NotReconciled(RuntimeError):
    """The replay ended with a difference, or not at all; its last words are kept."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one replay printed: seconds in all and of each part, rows of the file and rows applied."""

    total_s: float
    parts_s: dict[str, float]
    rows: int
    applied: int


def run(options: Options) -> Result:
    """Replay the data file with the defaults of the command. Raises LeftOut without a file, NotReconciled."""
    if options.data_file is None:
        raise LeftOut(
            "It needs a file in the form of the Online Retail data set (docs/replay.md): "
            '`make bench ARGS="--data-file FILE.csv.gz"`.'
        )
    limit = ROWS_QUICK if options.quick else None
    found = []
    for number in range(1, (1 if options.quick else RUNS) + 1):
        options.say(f"replay {number}")
        found.append(_replay(options.data_file, options.work_dir / f"replay-{number}", limit, options))
    return _result(found, limit)


def read_output(text: str) -> Replayed:
    """Read what `octonext replay` prints. Raises NotReconciled when a figure is missing."""
    total, rows = _TOTAL.search(text), _ROWS.search(text)
    if total is None or rows is None:
        raise NotReconciled(f"the replay printed no figures: {text[-500:]}")
    counted, applied = (int(each.replace(",", "")) for each in rows.groups())
    parts = {name.strip(): float(seconds) for seconds, name in _PART.findall(text[total.end() :])}
    return Replayed(float(total[1]), parts, counted, applied)


def _replay(file: Path, folder: Path, limit: int | None, options: Options) -> Replayed:
    command = [sys.executable, "-m", "octonext.processes.cli", "replay", str(file), "--data", str(folder)]
    command += ["--report", str(options.work_dir / "replay-report.csv"), "--seed", str(options.seed)]
    command += [] if limit is None else ["--limit", str(limit)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # Wide, so that no line of figures is folded.
        env={**os.environ, "COLUMNS": "200"},
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- no thread runs
    )
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S)
    finally:
        _stop(process)
    text = output.decode(errors="replace")
    if process.returncode != 0:
        raise NotReconciled(f"the replay ended with {process.returncode}: {text[-500:]}")
    return read_output(text)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    family = tree(process.pid)
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_S)
    end(family, signal.SIGKILL, STOP_TIMEOUT_S)
    process.wait()


def _result(found: list[Replayed], limit: int | None) -> Result:
    first = found[0]
    totals = tuple(each.total_s for each in found)
    whole = limit is None
    met = sorted(totals)[len(totals) // 2] < AIM_S if whole else None
    figures = [
        Figure(
            f"replay of {first.rows:,} rows, end to end", totals, "s",
            aim=f"less than {AIM_S:g} s for the whole file", met=met,
            note="reconciled: file = journals = shards = reports",
        ),
        Figure("rows of the file", tuple(each.rows / each.total_s for each in found), "per s"),
    ]  # fmt: skip
    selling = [each.parts_s.get("sell and sync", 0.0) for each in found]
    if all(selling):
        rates = tuple(each.applied / seconds for each, seconds in zip(found, selling, strict=True))
        figures.append(Figure("rows while selling and syncing", rates, "per s"))
    plot = Plot(
        "replay", "Where the time goes", "", "s",
        (Series("seconds", tuple((float(n), s) for n, s in enumerate(first.parts_s.values()))),),
        kind="bar", labels=tuple(first.parts_s),
    )  # fmt: skip
    text = (
        "`octonext replay` with its defaults: a new cluster of two shards is created and started, the file "
        "is read and planned, 40 tills in 8 branches write every invoice into journals of their own (offline "
        "30 % of the time), everything is synced, reported, verified against the protocol's invariants and "
        "compared in money and quantity; then the cluster is stopped. All of that is in the time."
    )
    return Result(figures, [plot], [text])

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bench.harness import Figure, Plot, Series
from bench.machine import Machine
from bench.page import anchor, write_page
from bench.record import Record
from bench.steadiness import Steadiness

MACHINE = Machine("Some CPU", 2, 23.5, "ext4", "Linux 6.1", "3.11.7", "18.4", "4.4.0")
FIGURE = Figure(
    "p99 | frozen", (11.0, 12.0, 13.0), "ms", "its p99 before", (10.0,), "ratio at most 1.1", met=False
)


def record(name: str = "isolation", **changes: object) -> Record:
    made = Record(
        name=name, title=f"About {name}: a title", state="measured", quick=False, seed=3, day="2026-01-01",
        seconds=61.4, machine=MACHINE, steadiness=[Steadiness(50.0, 0.5), Steadiness(100.0, 1.5)],
        figures=[FIGURE], text=["How it was done."],
        plots=[Plot("rounds", "Rounds", "round", "ms", (Series("a", ((1.0, 2.0), (2.0, 3.0))),))],
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def page(tmp_path: Path, *records: Record) -> str:
    path = tmp_path / "benchmarks.md"
    write_page(path, records, command="python -m bench", expected=("isolation", "idle"))
    return path.read_text(encoding="utf-8")


def test_the_summary_has_figure_spread_floor_ratio_aim_and_whether_it_was_met(tmp_path: Path) -> None:
    row = next(line for line in page(tmp_path, record()).splitlines() if "p99 \\| frozen" in line)
    assert row.endswith("| 12.0 ms | 11.0 to 13.0 | 10.0 ms | 1.20 | ratio at most 1.1 | **no** |")


def test_a_section_links_its_plots_and_the_plots_are_there(tmp_path: Path) -> None:
    assert "![Rounds](benchmarks/isolation-rounds.svg)" in page(tmp_path, record())
    assert (tmp_path / "benchmarks" / "isolation-rounds.svg").is_file()


def test_plots_that_no_section_has_any_more_are_deleted(tmp_path: Path) -> None:
    page(tmp_path, record())
    page(tmp_path, record(plots=[]))
    assert not (tmp_path / "benchmarks" / "isolation-rounds.svg").exists()


def test_a_failure_is_said_plainly(tmp_path: Path) -> None:
    text = page(tmp_path, record(state="failed", why="OSError: no space.", figures=[], plots=[]))
    assert "**Failed in their last run: isolation.**" in text
    assert "**Failed.** OSError: no space." in text


def test_what_was_left_out_says_what_it_needs(tmp_path: Path) -> None:
    text = page(tmp_path, record(state="left out", why="It needs a file.", figures=[], plots=[]))
    assert "**Left out.** It needs a file." in text


@pytest.mark.parametrize(
    ("quick", "said"),
    [
        ((True, True), "**Everything here is from quick runs.**"),
        ((True, False), "**From quick runs: isolation**; the rest in full."),
    ],
)
def test_quick_runs_are_named(tmp_path: Path, quick: tuple[bool, bool], said: str) -> None:
    assert said in page(tmp_path, record(quick=quick[0]), record("idle", quick=quick[1]))


def test_benchmarks_that_never_ran_are_named(tmp_path: Path) -> None:
    assert "Not measured yet: idle." in page(tmp_path, record())


def test_two_machines_are_told_apart(tmp_path: Path) -> None:
    other = msgspec.structs.replace(MACHINE, processor="Another CPU")
    text = page(tmp_path, record(), record("idle", machine=other))
    assert "Of isolation:" in text
    assert "Of idle:" in text
    assert "Another CPU" in text


def test_the_page_shows_how_steady_the_machine_was(tmp_path: Path) -> None:
    text = page(tmp_path, record())
    assert "| work on every core | 75.0 ms | 50.0 ms | 100 ms | 2.00 |" in text
    assert (tmp_path / "benchmarks" / "steadiness-work.svg").is_file()


def test_a_figure_of_one_sample_has_no_spread(tmp_path: Path) -> None:
    text = page(tmp_path, record(figures=[replace(FIGURE, samples=(12.0,))]))
    assert "| 12.0 ms |  | 10.0 ms |" in text


def test_headings_are_linked_as_the_forge_names_them() -> None:
    assert anchor("Memory: 2,000 connected idle tills") == "memory-2000-connected-idle-tills"

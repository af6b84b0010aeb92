from __future__ import annotations

from pathlib import Path

import pytest

from bench.harness import Figure, Plot, Result, Series
from bench.machine import Machine
from bench.record import Record, UnreadableRecords, merge, read, rounded, write

MACHINE = Machine("Some CPU", 2, 23.5, "ext4", "Linux 6.1", "3.11.7", "18.4", "4.4.0")


def record(name: str, day: str = "2026-01-01") -> Record:
    figure = Figure("time", (1.5, 2.5), "s", "floor", (1.0,), "at most 2", met=True)
    plot = Plot("p", "Plot", "x", "y", (Series("a", ((0.0, 1.0),)),))
    return Record(
        name=name, title=name, state="measured", quick=True, seed=1, day=day, seconds=1.0,
        machine=MACHINE, figures=[figure], plots=[plot], text=["Words."],
    )  # fmt: skip


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "figures.json"
    write(path, [record("ingest"), record("idle")])
    assert read(path) == [record("ingest"), record("idle")]


def test_no_file_means_no_records(tmp_path: Path) -> None:
    assert read(tmp_path / "figures.json") == []


def test_a_file_of_another_form_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text('{"an": "old form"}')
    with pytest.raises(UnreadableRecords, match="Delete it"):
        read(path)


def test_a_new_record_takes_the_place_of_the_old_one_and_leaves_the_others() -> None:
    order = ("ingest", "idle", "replay")
    merged = merge([record("replay"), record("ingest")], record("ingest", "2026-02-02"), order)
    assert [(each.name, each.day) for each in merged] == [("ingest", "2026-02-02"), ("replay", "2026-01-01")]


def test_what_is_left_out_this_time_keeps_what_was_measured_before() -> None:
    left_out = record("replay", "2026-02-02")
    left_out.state, left_out.figures = "left out", []
    assert merge([record("replay")], left_out, ("replay",)) == [record("replay")]
    assert merge([], left_out, ("replay",)) == [left_out]


def test_what_is_no_benchmark_any_more_goes() -> None:
    assert merge([record("gone")], record("idle"), ("idle",)) == [record("idle")]


def test_numbers_are_kept_to_five_digits() -> None:
    plot = Plot("p", "P", "x", "y", (Series("a", ((0.123456789, 98765.4321),)),))
    result = rounded(Result([Figure("t", (1.23456789,), "s", "f", (0.000123456789,))], [plot]))
    assert result.figures[0].samples == (1.2346,)
    assert result.figures[0].floor_samples == (0.00012346,)
    assert result.plots[0].series[0].points == ((0.12346, 98765.0),)

from __future__ import annotations

from pathlib import Path

import pytest

from bench.machine import Machine
from bench.names import NAMES
from bench.runner import Circumstances, _run

MACHINE = Machine("Some CPU", 2, 23.5, "ext4", "Linux 6.1", "3.11.7", "18.4", "4.4.0")


def around(folder: Path, data_file: Path | None = None) -> Circumstances:
    return Circumstances(quick=True, seed=1, data_file=data_file, folder=folder, machine=MACHINE)


def test_a_benchmark_without_its_file_is_left_out_and_says_how_to_give_it(tmp_path: Path) -> None:
    answer, _ = _run("replay", around(tmp_path), tmp_path, print, lambda: None)
    assert answer.state == "left out"
    assert "--data-file" in answer.why


def test_a_benchmark_that_fails_is_an_answer_without_this_machines_paths(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("not,the,columns\n1,2,3\n")
    answer, faults = _run("replay", around(tmp_path, tmp_path / "bad.csv"), tmp_path, print, lambda: None)
    assert answer.state == "failed"
    assert "NotReconciled" in answer.why
    assert str(tmp_path) not in answer.why
    assert "NotReconciled" in faults


def test_every_benchmark_is_a_module_with_a_name_and_a_title() -> None:
    root = Path(__file__).resolve().parents[2] / "bench"
    for name in NAMES:
        text = (root / f"{name}.py").read_text(encoding="utf-8")
        assert f'NAME = "{name}"' in text
        assert "TITLE = " in text


def test_no_process_outlives_a_benchmark_that_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.runner.TIMEOUT_QUICK_S", 0.0)
    answer, _ = _run("isolation", around(tmp_path), tmp_path, print, lambda: None)
    assert answer.state == "failed"
    assert "too long" in answer.why
    assert not _processes_in(tmp_path)


def _processes_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if str(folder).encode() in command:
            found.append(command.decode())
    return found

"""The demo replaces what an earlier demo left, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from octonext.processes.demo.folder import MARKER, DemoFolderRefused, default_folder, prepare_folder
from octonext.processes.supervisor.lock import AlreadyRunning, hold


def test_a_new_folder_is_made_with_its_parents_and_a_marker(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "a" / "b" / "demo")
    assert [entry.name for entry in folder.iterdir()] == [MARKER]


def test_an_earlier_demo_is_replaced(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "demo")
    (folder / "hq").mkdir()
    (folder / "hq" / "PG_VERSION").write_text("18")
    (folder / "octonext.toml").write_text("name = 'demo'")
    prepare_folder(folder)
    assert [entry.name for entry in folder.iterdir()] == [MARKER]


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "octonext.toml").write_text("name = 'our real shops'")
    with pytest.raises(DemoFolderRefused, match="nothing in it says that it is a demo's"):
        prepare_folder(tmp_path)
    assert (tmp_path / "octonext.toml").read_text() == "name = 'our real shops'"


def test_a_link_in_the_folder_is_removed_and_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    folder = prepare_folder(tmp_path / "demo")
    (folder / "link").symlink_to(precious)
    prepare_folder(folder)
    assert (precious / "file").exists()


def test_a_demo_that_runs_is_not_replaced(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "demo")
    (folder / "run").mkdir()
    with hold(folder / "run" / "supervisor.lock"), pytest.raises(AlreadyRunning):
        prepare_folder(folder)
    assert (folder / "run").is_dir()


def test_a_file_in_the_way_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(DemoFolderRefused, match="cannot be used"):
        prepare_folder(tmp_path / "demo")


def test_the_default_is_the_systems_place_for_root_and_the_users_own_for_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_folder() == Path("/var/lib/octonext/demo")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_folder() == tmp_path / ".local/share/octonext/demo"
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")
    assert default_folder() == Path("/srv/data/octonext/demo")

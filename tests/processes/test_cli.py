"""The command line as an operator meets it: exit codes, messages, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import octonext


def octonext_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "octonext.processes.cli", *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env=os.environ | environment,
    )


def test_help_names_every_command() -> None:
    shown = octonext_command("--help").stdout
    for command in ("init", "up", "down", "migrate", "status", "version"):
        assert f" {command} " in shown


def test_the_version_is_printed() -> None:
    done = octonext_command("version")
    assert (done.returncode, done.stdout.strip() != "") == (0, True)


def test_a_start_loads_no_web_framework() -> None:
    """A quarter of a second of every start, and the gateway loads its own."""
    program = "import sys, octonext.processes.up as up; sys.exit('litestar' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("command", ["up", "status", "migrate"])
def test_a_folder_without_an_installation_says_how_to_make_one(tmp_path: Path, command: str) -> None:
    done = octonext_command(command, "--data", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "octonext init" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_init_writes_a_configuration_once(tmp_path: Path) -> None:
    arguments = (
        "init",
        "--data",
        str(tmp_path),
        "--shard",
        "kw-1:KW:KW",
        "--shard",
        "sa-1:SA",
        "--port",
        "0",
    )
    assert octonext_command(*arguments).returncode == 0
    text = (tmp_path / "octonext.toml").read_text()
    assert 'id = "sa-1"' in text
    again = octonext_command(*arguments)
    assert again.returncode == 1
    assert "already there" in again.stderr
    assert (tmp_path / "octonext.toml").read_text() == text


@pytest.mark.parametrize("shard", ["kw-1", "KW:KW:KW", "kw-1:kw:KW", "kw-1:KW:Kuwait", "a:b:c:d"])
def test_init_refuses_a_wrong_shard_and_writes_nothing(tmp_path: Path, shard: str) -> None:
    done = octonext_command("init", "--data", str(tmp_path / "new"), "--shard", shard)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert not (tmp_path / "new").exists()


def test_status_works_while_everything_is_down(tmp_path: Path) -> None:
    octonext_command("init", "--data", str(tmp_path))
    shown = octonext_command("status", "--data", str(tmp_path))
    assert shown.returncode == 3
    assert "not running" in shown.stdout
    report = json.loads(octonext_command("status", "--data", str(tmp_path), "--json").stdout)
    assert report["running"] is False
    assert [each["name"] for each in report["databases"]] == ["hq", "kw-1"]


def test_down_says_when_nothing_runs(tmp_path: Path) -> None:
    octonext_command("init", "--data", str(tmp_path))
    done = octonext_command("down", "--data", str(tmp_path))
    assert (done.returncode, done.stdout.strip()) == (0, "It is not running.")


def test_a_wrong_key_in_the_configuration_is_named(tmp_path: Path) -> None:
    octonext_command("init", "--data", str(tmp_path))
    path = tmp_path / "octonext.toml"
    path.write_text("colour = 'red'\n" + path.read_text())
    done = octonext_command("up", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "colour" in done.stderr
    assert str(path) in done.stderr


def test_a_bug_ends_with_a_short_message_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import octonext.runtime.settings as s\ndef broken(path): raise KeyError('x')\ns.load = broken\n"
    )
    source = str(Path(next(iter(octonext.__path__))).parent)
    path = os.pathsep.join([str(tmp_path), source, os.environ.get("PYTHONPATH", "")])
    done = octonext_command("status", "--data", str(tmp_path), PYTHONPATH=path, TMPDIR=str(tmp_path))
    assert done.returncode == 70
    assert "Traceback" not in done.stderr
    (kept,) = tmp_path.glob("octonext-error-*.log")
    assert "KeyError" in kept.read_text()

"""`octonext simulate`: what it prints, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from octonext.processes.simulate.command import BadSimulation, simulate_command


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(simulate_command)
    return app


def test_a_seed_prints_its_digest_and_writes_its_history(app: typer.Typer, tmp_path: Path) -> None:
    log = tmp_path / "history.txt"
    result = CliRunner().invoke(app, ["--seed", "3", "--log", str(log)])
    assert result.exit_code == 0, result.output
    assert "seed 3:" in result.output
    assert "digest" in result.output
    assert log.read_text(encoding="utf-8").splitlines()[-1].endswith("world ends")


def test_a_broken_rule_is_shown_with_the_command_to_repeat_it(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["--seeds", "5", "--seed", "1000", "--mutation", "ack_before_commit"])
    assert result.exit_code == 1
    assert "Invariant" in result.output
    assert "octonext simulate --seed 100" in result.output
    assert "--mutation ack_before_commit --log history.txt" in result.output


def test_a_failure_in_a_worker_is_shown_and_ends_the_run(app: typer.Typer) -> None:
    arguments = ["--seeds", "200", "--jobs", "2", "--seed", "1000", "--mutation", "dedup_removed"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1, result.output
    assert "Stopped at the first failure" in result.output
    assert "--mutation dedup_removed --log history.txt" in result.output


def test_what_happened_is_counted(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["--seeds", "2", "--coverage"])
    assert result.exit_code == 0, result.output
    assert "operation: sale" in result.output
    assert "check: 4 acks that gateways gave" in result.output


def test_the_mutations_are_listed(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["--mutation", "list"])
    assert result.exit_code == 0
    assert "chain_check_skipped" in result.output


@pytest.mark.parametrize(
    "arguments", [["--mutation", "no_such_rule"], ["--seeds", "2", "--log", "history.txt"]]
)
def test_what_cannot_be_simulated_is_refused(app: typer.Typer, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, BadSimulation)


def test_numbers_out_of_range_are_refused(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["--tills", "0"]).exit_code == 2

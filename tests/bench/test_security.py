from __future__ import annotations

from pathlib import Path

import pytest

from bench.chain import _encrypt
from bench.path import Passage
from bench.security import _cpu, _rate, _Round
from octonext.processes.init import write_configuration
from octonext.runtime.settings import load


def _round(sales: int, seconds: float, cpu_s: float) -> _Round:
    return _Round(Passage(sales, seconds, 0.0, 0.0, 0.0, []), cpu_s)


@pytest.mark.parametrize(("seconds", "met"), [(1.25, True), (1.5, False)])
def test_a_rate_is_judged_by_its_share_of_the_floor(seconds: float, met: bool) -> None:
    figure = _rate("sales", [_round(1_000, seconds, 0.0)], [_round(1_000, 1.0, 0.0)], "plain", 0.7)
    assert figure.ratio == pytest.approx(1 / seconds)
    assert figure.met is met


@pytest.mark.parametrize(("cpu_s", "met"), [(1.4, True), (1.5, False)])
def test_cpu_time_may_grow_as_far_as_the_rate_may_fall(cpu_s: float, met: bool) -> None:
    figure = _cpu("CPU", [_round(1_000, 1.0, cpu_s)], [_round(1_000, 1.0, 1.0)], "plain", 0.7)
    assert figure.value == pytest.approx(cpu_s * 1_000)
    assert figure.met is met


def test_one_shard_of_a_configuration_is_encrypted_and_no_other_database(tmp_path: Path) -> None:
    shards = [f"sa-{number}:SA:SA" for number in (1, 2, 3)]
    configuration = write_configuration(tmp_path / "chain", name="bench", shards=shards, at_rest="none")
    _encrypt(configuration, "sa-2")
    settings = load(configuration)
    assert [each.at_rest for each in settings.shards] == ["none", "gocryptfs", "none"]
    assert (settings.hq.at_rest, settings.reporting.at_rest) == ("none", "none")

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from octonext.processes.init import write_configuration
from octonext.processes.os_process import freeze
from octonext.processes.status.collect import collect, months_between
from octonext.processes.status.command import well
from octonext.processes.status.report import (
    FEED_FAILURES_MAX,
    DatabaseReport,
    StatusReport,
)
from octonext.processes.status.tables import show, span
from octonext.processes.supervisor.service import Supervisor
from octonext.processes.supervisor.state import InstallationState, ProcessStatus
from octonext.runtime.layout import Layout


def printed(report: StatusReport) -> str:
    console = Console(file=io.StringIO(), width=160)
    show(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.cluster
async def test_a_frozen_shard_is_shown_and_the_others_are_as_ever(data_dir: Path) -> None:
    write_configuration(data_dir, name="test", at_rest="none", shards=["kw-1:KW:KW", "sa-1:SA:SA"])
    layout = Layout(data_dir)
    supervisor = Supervisor(layout, parts=())
    try:
        await supervisor.start()
        report = await collect(layout)
        assert well(report)
        assert [each.months_ahead for each in report.databases] == [3, 3, 3]
        freeze(supervisor.children["postgres-kw-1"].pid or 0)
        report = await collect(layout)
        assert [each.reachable for each in report.databases] == [True, False, True]
        assert not well(report)
        assert "in time" in report.databases[1].problem
        assert "in time" in printed(report)
    finally:
        await supervisor.stop()
    report = await collect(layout)
    assert not report.running
    assert "not running" in printed(report)


def test_feeds_and_breakers_of_the_processes_are_shown() -> None:
    report = StatusReport(
        running=True,
        installation=None,
        databases=[DatabaseReport(name="hq", kind="hq", schema_known=3, problem="[no] server")],
        relay={
            "feeds": [
                {"name": "sale", "source": "kw-1", "target": "reporting", "lag_seconds": 0.4},
                {"name": "sale", "source": "sa-1", "target": "reporting", "lag_seconds": None},
            ]
        },
        gateways={
            "https://127.0.0.1:1": {
                "tills_connected": 24,
                "shards": [{"shard_id": "kw-1", "breaker": "open", "in_flight": 2}],
            },
            "https://127.0.0.1:2": None,
        },
    )
    text = printed(report)
    for expected in ("0.4 s", "unknown", "24 tills", "open", "127.0.0.1:2: no answer", "[no] server"):
        assert expected in text


def test_a_till_that_nobody_hears_is_shown_once_however_many_gateways_say_so() -> None:
    silent = {
        "shard_id": "kw-1", "branch_id": 1, "device_id": 7, "code": "T07", "why": "open shift",
        "seen_at": "2026-03-01T08:00:00Z", "head_seq": 41, "told_seq": 43,
    }  # fmt: skip
    gateways: dict[str, dict[str, object] | None] = {
        f"https://127.0.0.1:{port}": {"tills_connected": 1, "shards": [], "silent_tills": [silent]}
        for port in (1, 2)
    }
    report = StatusReport(running=True, installation=None, databases=[], gateways=gateways)
    text = printed(report)
    assert "Silent tills" in text
    assert text.count("T07 (7)") == 1
    assert "open shift" in text
    for answer in gateways.values():
        assert answer is not None
        answer["silent_tills"] = []
    assert "Silent tills" not in printed(report)


def test_an_answer_of_another_version_does_not_break_the_tables() -> None:
    report = StatusReport(
        running=True,
        installation=None,
        databases=[],
        relay={"feeds": "many"},
        gateways={"https://127.0.0.1:1": {"shards": [1, None, {"x": {"y": []}}]}},
    )
    assert "Feeds" in printed(report)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0 s"), (59.9, "59 s"), (61, "1 min 01 s"), (7500, "2 h 05 min"), (90000, "1 d 1 h")],
)
def test_durations_are_for_people(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


@pytest.mark.parametrize(
    ("today", "month", "months"),
    [
        (date(2031, 11, 30), "2032-02", 3),
        (date(2031, 11, 1), "2031-11", 0),
        (date(2032, 1, 1), "2031-12", -1),
    ],
)
def test_months_are_counted_across_years(today: date, month: str, months: int) -> None:
    assert months_between(today, month) == months


def running(**answers: object) -> StatusReport:
    """A report of which everything is well but for `answers`."""
    processes = [
        ProcessStatus(name="relay", kind="relay", state="running", address="/run/octonext-0123/relay.sock"),
        ProcessStatus(
            name="postgres-kw-1", kind="postgres", state="not answering", detail="frozen", pid=4194304
        ),
    ]
    healthy = answers.pop("healthy", True)
    processes[1].state, processes[1].detail = ("running", "") if healthy else ("not answering", "frozen")
    state = InstallationState(
        name="test", pid=1, stage="running", started_at=0, data_dir="/d", processes=processes
    )
    return StatusReport(**{"running": True, "installation": state, "databases": [], "relay": {}} | answers)  # type: ignore[arg-type]


def feed(failures: int, error: str) -> dict[str, object]:
    return {"feeds": [{"name": "reference", "source": "hq", "failures": failures, "last_error": error}]}


WAITING = "RegionUnknown: HQ does not know the region KW. Create it, or correct the shard's region."


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, True),
        ({"gateways": {"https://127.0.0.1:1": None}}, False),
        ({"gateways": {"https://127.0.0.1:1": {}}}, True),
        ({"relay": None}, False),
        ({"relay": feed(FEED_FAILURES_MAX, "OlapUnavailable: x")}, True),
        ({"relay": feed(FEED_FAILURES_MAX + 1, "OlapUnavailable: x")}, False),
        ({"relay": feed(1000, WAITING)}, True),
    ],
)
def test_what_gives_no_answer_or_fails_for_long_is_not_well(
    answers: dict[str, object], expected: bool
) -> None:
    assert well(running(**answers)) is expected


def test_a_region_that_head_office_has_not_yet_is_waited_for() -> None:
    text = printed(running(relay=feed(1000, WAITING)))
    assert "waiting: create region KW" in text
    assert "RegionUnknown" not in text


def test_a_process_is_one_line_on_a_narrow_terminal() -> None:
    console = Console(file=io.StringIO(), width=80)
    show(running(healthy=False), console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    (line,) = (each for each in text.splitlines() if "postgres-kw-1" in each)
    assert "not answering" in line
    assert "4194304" in line
    assert "frozen" in line
    assert ".sock" not in text

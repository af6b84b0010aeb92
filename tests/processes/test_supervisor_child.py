"""One supervised process, a small Python program instead of a real one."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from octonext.processes.os_process import alive, marked
from octonext.processes.supervisor import child as child_module
from octonext.processes.supervisor.child import MARK, Child, ChildFailed, ChildSpec

Eventually = Callable[..., Awaitable[None]]
Make = Callable[..., Child]

ANSWERS = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + ANSWERS
REFUSES = "import sys; sys.exit('the moon is in the wrong phase')"
WITH_WORKER = "import os; os.fork(); " + ANSWERS


@pytest.fixture
async def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    monkeypatch.setattr(child_module, "HEALTH_INTERVAL_S", 0.02)
    monkeypatch.setattr(child_module, "RESTART_FIRST_S", 0.01)
    made: list[Child] = []
    sign = tmp_path / "ready"

    async def answers() -> bool:
        return sign.exists()

    def one(program: str, **options: object) -> Child:
        spec = ChildSpec(
            name="x",
            kind="x",
            command=[sys.executable, "-c", program, str(sign)],
            answers=answers,
            errors=tmp_path / "x.err",
            prepare=lambda: sign.unlink(missing_ok=True),
            **options,  # type: ignore[arg-type]
        )
        made.append(Child(spec, str(tmp_path), lambda: None))
        return made[-1]

    yield one
    for child in made:
        await child.stop()


async def test_a_start_returns_when_the_process_answers(make: Make) -> None:
    child = make(ANSWERS)
    await child.start()
    assert child.status.state == "running"
    assert child.pid is not None


async def test_a_process_that_ends_at_once_is_reported_with_its_last_words(make: Make) -> None:
    child = make(REFUSES)
    with pytest.raises(ChildFailed, match=r"the moon is in the wrong phase \(exit code 1\)"):
        await child.start()
    assert child.status.restarts == 0


async def test_a_process_that_never_answers_is_given_up_at_its_deadline(make: Make) -> None:
    child = make("import time; time.sleep(600)", start_timeout_s=0.3)
    with pytest.raises(ChildFailed, match=r"no answer within 0\.3 s"):
        await child.start()
    pid = child.pid
    await child.stop()
    assert pid is None or not alive(pid)


async def test_a_program_that_does_not_exist_is_a_clear_fault(make: Make) -> None:
    child = make(ANSWERS)
    object.__setattr__(child.spec, "command", ["/nowhere/program"])
    with pytest.raises(ChildFailed, match="cannot be started"):
        await child.start()


async def test_a_dead_process_is_started_again_every_time(make: Make, eventually: Eventually) -> None:
    child = make(ANSWERS)
    await child.start()
    for time in (1, 2, 3):
        os.kill(child.pid or 0, signal.SIGKILL)
        await eventually(lambda: child.status.restarts == time and child.status.state == "running")  # noqa: B023


async def test_pauses_between_restarts_grow_to_their_limit(
    make: Make, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "RESTART_MAX_S", 0.04)
    told: list[str] = []
    child = make(ANSWERS)
    child._changed = lambda: told.append(child.status.detail)
    await child.start()
    object.__setattr__(child.spec, "command", [sys.executable, "-c", REFUSES])
    os.kill(child.pid or 0, signal.SIGKILL)
    await eventually(lambda: child.status.restarts == 5)
    pauses = [text.rpartition("again in ")[2] for text in told if "again in" in text]
    assert pauses[:5] == ["0.01 s", "0.02 s", "0.04 s", "0.04 s", "0.04 s"]


async def test_a_process_that_ignores_the_request_is_killed_at_its_deadline(make: Make) -> None:
    child = make(DEAF, stop_timeout_s=0.2)
    await child.start()
    pid = child.pid
    await child.stop()
    assert not alive(pid or 0)
    assert child.status.state == "stopped"


async def test_an_operator_in_a_hurry_does_not_wait_for_the_deadline(make: Make) -> None:
    child = make(DEAF, stop_timeout_s=600.0)
    await child.start()
    child.hurry()
    await child.stop()
    assert child.status.state == "stopped"


async def test_workers_of_a_killed_process_are_ended_before_it_starts_again(
    make: Make, eventually: Eventually
) -> None:
    child = make(WITH_WORKER)
    await child.start()
    before = marked(MARK, child._mark)
    assert len(before) == 2
    os.kill(child.pid or 0, signal.SIGKILL)
    await eventually(lambda: child.status.restarts == 1 and child.status.state == "running")
    assert not any(alive(pid) for pid in before)


async def test_a_process_that_stops_answering_is_left_running(make: Make, eventually: Eventually) -> None:
    child = make(ANSWERS)
    await child.start()
    before = child.pid
    silent = True

    async def answers() -> bool:
        return not silent

    object.__setattr__(child.spec, "answers", answers)
    await eventually(lambda: child.status.state == "not answering")
    silent = False
    await eventually(lambda: child.status.state == "running")
    assert (child.pid, child.status.restarts) == (before, 0)


async def test_what_a_process_writes_is_its_owners_whatever_the_umask(make: Make, tmp_path: Path) -> None:
    (tmp_path / "x.err").touch(mode=0o644)
    before = os.umask(0o022)
    try:
        await make(ANSWERS).start()
    finally:
        os.umask(before)
    assert (tmp_path / "x.err").stat().st_mode & 0o777 == 0o600

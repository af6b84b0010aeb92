"""Who holds an installation, and that looking at it does no harm."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from octonext.processes.init import write_configuration
from octonext.processes.supervisor.lock import AlreadyRunning, has_open, hold, holder
from octonext.processes.up import StillRunning, down


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "supervisor.lock"


def test_the_holder_is_known_while_it_holds(lock: Path) -> None:
    assert holder(lock) is None
    with hold(lock):
        assert holder(lock) == os.getpid()
        assert has_open(os.getpid(), lock)
        with pytest.raises(AlreadyRunning, match=str(os.getpid())), hold(lock):
            pass
    assert holder(lock) is None
    assert not has_open(os.getpid(), lock)


def test_only_its_owner_reads_it_also_when_an_earlier_release_made_it(lock: Path) -> None:
    lock.touch(mode=0o644)
    with hold(lock):
        assert lock.stat().st_mode & 0o777 == 0o600


def test_a_status_that_looks_at_the_same_moment_does_not_refuse_a_start(lock: Path) -> None:
    lock.touch()
    with lock.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        end = threading.Timer(0.1, fcntl.flock, (looking, fcntl.LOCK_UN))
        end.start()
        with hold(lock):
            assert holder(lock) == os.getpid()
        end.join()


def test_down_signals_no_stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_configuration(tmp_path, name="test", at_rest="none", shards=["kw-1:KW:KW"])
    lock = tmp_path / "run" / "supervisor.lock"
    signalled: list[int] = []
    monkeypatch.setattr("octonext.processes.up.os.kill", lambda pid, _number: signalled.append(pid))
    with hold(lock):
        lock.write_text(f"{os.getppid()}\n")
        with pytest.raises(StillRunning, match="is not this installation's"):
            down(tmp_path, timeout=0)
    assert signalled == []

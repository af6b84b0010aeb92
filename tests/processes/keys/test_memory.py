"""What a process holds in memory does not end in a file when it crashes, nor in front of a neighbour."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

CRASH = textwrap.dedent(
    """
    import ctypes, json, os, resource, sys
    from octonext.processes.os_process import forbid_core_dumps, forbid_inspection

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    for each in sys.argv[1:]:
        {"core": forbid_core_dumps, "inspection": forbid_inspection}[each]()
    dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
    child = os.fork()
    if child == 0:
        os.abort()
    status = os.waitpid(child, 0)[1]
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    print(json.dumps({"dumped": os.WCOREDUMP(status), "limits": limits, "dumpable": dumpable}))
    """
)


def crash(folder: Path, *measures: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", CRASH, *measures], cwd=folder, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def test_a_process_that_crashes_leaves_no_core_dump(tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_CORE)[1] in (0, 1) or not crash(tmp_path)["dumped"]:
        pytest.skip("this system writes no core dumps (RLIMIT_CORE, or kernel.core_pattern)")
    for left in tmp_path.iterdir():
        left.unlink()
    assert not crash(tmp_path, "core")["dumped"]
    assert list(tmp_path.iterdir()) == []


def test_the_limit_holds_for_what_it_starts_and_cannot_be_raised_again(tmp_path: Path) -> None:
    # 1, for Linux takes no other limit as "never" where dumps go through a pipe; 0 where nothing is allowed
    assert crash(tmp_path, "core")["limits"] in ([1, 1], [0, 0])


def test_a_command_that_holds_every_key_shows_its_memory_to_no_neighbour(tmp_path: Path) -> None:
    assert crash(tmp_path)["dumpable"] == 1
    found = crash(tmp_path, "inspection")
    assert (found["dumpable"], found["dumped"]) == (0, False)

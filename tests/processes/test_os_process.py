from __future__ import annotations

import subprocess
import sys

_LIMITED = """
import resource
from octonext.processes.os_process import allow_files
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (128, {hard}))
print(allow_files(400), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def limited(hard: str) -> str:
    """What `allow_files(400)` answers, and the limit then, in a process that begins with 128."""
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED.format(hard=hard)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_server_may_open_more_files_than_the_shell_that_started_it_allows() -> None:
    assert limited("hard") == "400 400"


def test_the_systems_own_limit_holds_and_is_told() -> None:
    assert limited("256") == "256 256"

"""`python -m octonext.processes.thaw SECONDS PID:START ...`: wakes frozen processes when its parent is gone.

Whoever freezes a process starts this first and keeps its standard input open. It ends, and sends SIGCONT,
when that is closed - also by a `kill -9` - or after SECONDS. So nothing stays frozen for ever.
"""

from __future__ import annotations

import select
import signal
import sys
from collections.abc import Sequence

from octonext.processes.os_process import alive, send, tree


def main(arguments: Sequence[str]) -> int:
    """Say when it is ready, wait, wake. START is the start time in /proc, against pids used again."""
    seconds, *marks = arguments
    processes = [(int(pid), int(start)) for pid, _, start in (mark.partition(":") for mark in marks)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    select.select([sys.stdin], [], [], float(seconds))
    awake = [pid for pid, start in processes if alive(pid, start)]
    # With what was started after we were told.
    send({each for pid in awake for each in tree(pid)}, signal.SIGCONT)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

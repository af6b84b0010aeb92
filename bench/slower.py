"""Makes a browser's pages slower: every renderer runs for one slice of time, then is stopped for some.

    python -m bench.slower BROWSER_PID RATE

DevTools slow down a page but refuse it for workers ("Operation is only supported for pages, not workers"),
and the till does its work in one. A process that is stopped is stopped with all its threads: page, worker,
service worker, compiler and garbage collector. Ends with SIGTERM, and leaves nothing stopped.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from octonext.processes.os_process import send

#: Short beside anything that is measured, long beside what a signal takes.
RUN_S = 0.001
#: How often new renderers are looked for.
LOOK_EVERY_S = 0.1


def renderers(browser: int) -> list[int]:
    """The processes of a browser that run pages and workers."""
    found, unseen = [], [browser]
    while unseen:
        pid = unseen.pop()
        with suppress(OSError):
            # Chromium writes its own title, with blanks where a command line has zeros.
            if b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
            # Not the whole of /proc: meanwhile pages would run as fast as they can.
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                unseen += map(int, children.read_text(encoding="ascii").split())
    return found


def slow_down(browser: int, rate: float) -> None:
    """Until SIGTERM. What ran too long is stopped longer, what was stopped too long runs longer."""
    ending = False

    def end(_number: int, _frame: object) -> None:
        nonlocal ending
        ending = True

    signal.signal(signal.SIGTERM, end)
    with suppress(OSError):
        # On time even when others want the processors; only root may.
        os.nice(-10)
    pids = renderers(browser)
    looked = time.monotonic()
    ran = stopped = 0.0
    sys.stdout.write("slow\n")
    sys.stdout.flush()
    mark = time.perf_counter()
    try:
        while not ending:
            time.sleep(max(0.0, max(RUN_S, stopped / (rate - 1) - ran) - (time.perf_counter() - mark)))
            send(pids, signal.SIGSTOP)
            now = time.perf_counter()
            ran += now - mark
            if time.monotonic() - looked > LOOK_EVERY_S:
                pids, looked = renderers(browser), time.monotonic()
                send(pids, signal.SIGSTOP)
            time.sleep(max(0.0, ran * (rate - 1) - stopped - (time.perf_counter() - now)))
            waking = time.perf_counter()
            send(pids, signal.SIGCONT)
            # Thread after thread wakes up while the signal is sent: in the middle half of them run.
            mark = (waking + time.perf_counter()) / 2
            stopped += mark - now
    finally:
        send(pids, signal.SIGCONT)


if __name__ == "__main__":
    slow_down(int(sys.argv[1]), float(sys.argv[2]))

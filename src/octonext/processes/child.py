"""The entry of every long-running child: `python -m octonext.processes.child NAME --data DIR [--index N]`.

Sets up the log and the signals, then hands over to the process's own `run`. Exit codes tell the
supervisor what happened: 0 stopped when asked, 1 a fault an operator can put right, 70 a bug.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from octonext.base.errors import OctoNextError
from octonext.processes.os_process import forbid_core_dumps
from octonext.runtime.actor import act_as, process_actor
from octonext.runtime.layout import Layout
from octonext.runtime.logging import configure

EXIT_STOPPED = 0
EXIT_FAULT = 1
EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h

MODULES = {
    "backup": "octonext.processes.backup.process",
    "gateway": "octonext.processes.gateway",
    "relay": "octonext.processes.relay",
    "reporting": "octonext.processes.reporting",
    "sealer": "octonext.processes.sealer.process",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one child until it is asked to stop; answers the exit code."""
    parser = argparse.ArgumentParser(prog="octonext-child", description=__doc__)
    parser.add_argument("name", choices=sorted(MODULES))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", type=int, default=0)
    chosen = parser.parse_args(arguments)
    layout = Layout(chosen.data)
    _reset_signals()
    forbid_core_dumps()
    os.umask(0o077)
    act_as(process_actor(chosen.name))
    log = structlog.get_logger(__name__)
    try:
        settings = layout.settings
        process = f"{chosen.name}-{chosen.index}" if chosen.name == "gateway" else chosen.name
        configure(process, level=settings.log_level, file=layout.log(process))
        log.info("child_started", pid=os.getpid())
        module = importlib.import_module(MODULES[chosen.name])
        if chosen.name == "gateway":
            module.run(layout, settings, chosen.index)
        else:
            module.run(layout, settings)
    except OctoNextError as error:
        log.error("child_refused", error_code=error.code, reason=str(error))  # noqa: TRY400
        # The supervisor keeps the last line of stderr as the reason it shows.
        sys.stderr.write(f"{error}\n")
        return EXIT_FAULT
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else EXIT_BUG
    except KeyboardInterrupt:
        return EXIT_STOPPED
    except BaseException as error:
        log.exception("child_failed")
        sys.stderr.write(f"{type(error).__name__}, see {layout.logs}\n")
        return EXIT_BUG
    log.info("child_stopped")
    return EXIT_STOPPED


def _reset_signals() -> None:
    # Whatever the supervisor was started with (nohup, a shell's job control) must not reach us;
    # Ctrl-C is the supervisor's to hear, which then stops its children in order.
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


if __name__ == "__main__":
    sys.exit(main())

"""`octonext down --database` and `octonext up --database`: one embedded database of several."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from rich.console import Console
from rich.markup import escape

from octonext.base.errors import OctoNextError
from octonext.processes.supervisor.databases import migrate_database
from octonext.processes.supervisor.lock import holder
from octonext.processes.supervisor.state import ProcessStatus, read_state
from octonext.processes.supervisor.stopped import keep_stopped, let_run
from octonext.runtime.layout import Layout

POLL_S = 0.1
UP_TIMEOUT_S = 120.0


class NotStoppedAlone(OctoNextError):
    """A database cannot be stopped or started alone, or did not do it in time."""

    code = "not_stopped_alone"


def require_embedded(layout: Layout, name: str) -> None:
    """Raises NotStoppedAlone, SettingsError."""
    part = layout.settings.hq if name == "hq" else layout.settings.shard(name)
    if not part.embedded:
        raise NotStoppedAlone(
            f"{name} has a dsn: another machine's service runs it.", remedy="Stop it there."
        )


def down_alone(layout: Layout, name: str, timeout_s: float) -> None:
    """Stop one database and keep it stopped, also over restarts. Raises NotStoppedAlone."""
    require_embedded(layout, name)
    keep_stopped(layout, name)
    _wait(layout, name, timeout_s, lambda process: process.state == "stopped", "did not stop")
    Console().print(escape(f"{name} is stopped, and stays so until `octonext up --database {name}`."))


def up_alone(layout: Layout, name: str) -> None:
    """Let a stopped database run again, and bring it up to date. Raises NotStoppedAlone, WorkedOn."""
    require_embedded(layout, name)
    console = Console(highlight=False)
    was_stopped = let_run(layout, name)
    if holder(layout.lock) is None:
        console.print(escape(f"{name} starts with the next `octonext up`."))
        return
    if was_stopped:
        _wait(layout, name, UP_TIMEOUT_S, lambda process: process.state == "running", "did not start")
        # What was restored may be from before an upgrade.
        asyncio.run(migrate_database(layout, name, lambda line: console.print(escape(line))))
    console.print(escape(f"{name} runs."))


def _wait(
    layout: Layout, name: str, timeout_s: float, reached: Callable[[ProcessStatus], bool], not_reached: str
) -> None:
    ends = time.monotonic() + timeout_s
    while holder(layout.lock) is not None:
        state = read_state(layout.state)
        found = [each for each in (state.processes if state else ()) if each.name == f"postgres-{name}"]
        if found and reached(found[0]):
            return
        if time.monotonic() > ends:
            raise NotStoppedAlone(
                f"{name} {not_reached} within {timeout_s:g} s.", remedy=f"See {layout.logs}."
            )
        time.sleep(POLL_S)

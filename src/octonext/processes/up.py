"""`octonext up` and `octonext down`: one installation in the foreground, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from octonext.base.errors import OctoNextError
from octonext.runtime.layout import Layout
from octonext.runtime.logging import configure

from .bootstrap import bootstrap
from .one_database import down_alone, up_alone
from .options import Data
from .supervisor.databases import Say
from .supervisor.lock import has_open, holder
from .supervisor.service import Supervisor

DOWN_TIMEOUT_S = 120.0
DOWN_POLL_S = 0.1


class StillRunning(OctoNextError):
    """A supervisor did not end in time."""

    code = "still_running"


def up(
    data: Data,
    database: Annotated[
        str, typer.Option("--database", metavar="NAME", help="Only let this stopped database run again.")
    ] = "",
) -> None:
    """Start everything that is configured in DIR and stay up until Ctrl-C."""
    layout = Layout(data)
    if database:
        up_alone(layout, database)
        return
    layout.settings  # noqa: B018 -- a wrong configuration is told before anything is touched
    layout.prepare()
    configure("supervisor", level=layout.settings.log_level, file=layout.log("supervisor"))
    # Not uvloop: children must be started by this very thread and reaped by the standard loop.
    asyncio.run(_stay_up(layout))


def down(
    data: Data,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the end.")] = DOWN_TIMEOUT_S,
    database: Annotated[
        str, typer.Option("--database", metavar="NAME", help="Only this database: hq, or a shard's id.")
    ] = "",
) -> None:
    """Stop the installation in DIR, or one database of it, and wait until it is stopped."""
    layout = Layout(data)
    if database:
        down_alone(layout, database, timeout)
        return
    pid = holder(layout.lock)
    if pid is None:
        Console().print("It is not running.")
        return
    try:
        # The pid is only text in a file; its process may be long gone and the number a stranger's.
        if not has_open(pid, layout.lock):
            raise StillRunning(
                f"Process {pid}, which {layout.lock} names, is not this installation's supervisor.",
                remedy="Try again; if it stays so, end the process that has that file open.",
            )
        os.kill(pid, signal.SIGTERM)
        # Were the supervisor frozen, it would not hear us.
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass
    except PermissionError:
        raise StillRunning(
            f"Process {pid} belongs to another user.", remedy="Stop it as that user or as root."
        ) from None
    ends = time.monotonic() + timeout
    while holder(layout.lock) is not None:
        if time.monotonic() > ends:
            raise StillRunning(
                f"Process {pid} did not stop within {timeout:g} s.", remedy=f"See {layout.logs}."
            )
        time.sleep(DOWN_POLL_S)
    Console().print("Stopped.")


async def _stay_up(layout: Layout) -> None:
    console = Console(highlight=False)

    def say(line: str) -> None:
        # A closed terminal must not end the shop.
        with contextlib.suppress(OSError):
            console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {escape(line)}", soft_wrap=True)

    def show_secret(secret: str) -> None:
        # Shown here and nowhere else: what is stored is its hash.
        say(f"administrator: name admin, password (and API token) {secret} - shown this once")
        say("if it is lost, `octonext token reset-admin --data DIR` on this machine makes a new one")

    supervisor = Supervisor(
        layout, say=say, bootstrap=lambda layout, settings: bootstrap(layout, settings, show_secret)
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.ask_to_stop)
    announced = asyncio.create_task(_announce(supervisor, say))
    try:
        await supervisor.run()
    finally:
        announced.cancel()
    say("stopped")


async def _announce(supervisor: Supervisor, say: Say) -> None:
    await supervisor.started.wait()
    for address in supervisor.gateways:
        say(f"gateway {address}")
    say(f"running; browsers trust {supervisor.layout.root_certificate}; Ctrl-C stops everything")

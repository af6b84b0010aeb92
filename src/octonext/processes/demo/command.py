"""The command: options, signals, exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import io
import signal
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from octonext.base.errors import OctoNextError

from .folder import default_folder, prepare_folder
from .run import Options, run

#: From opening to closing time; what comes before and after takes half as long again.
DURATION_S = 66.0
DURATION_S_MIN = 10.0
PER_S = 1.0
"""Customers a second at each till: 24 together, more than a hundred times a real chain's pace."""
EXIT_DIFFERS = 1


def demo(
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of the demo; an earlier demo in it is replaced."),
    ] = None,
    leave: Annotated[
        bool, typer.Option("--exit", help="End after the reckoning instead of staying up.")
    ] = False,
    duration_s: Annotated[
        float, typer.Option("--duration", min=DURATION_S_MIN, help="Seconds from opening to closing time.")
    ] = DURATION_S,
    per_s: Annotated[
        float, typer.Option("--speed", min=0.05, max=20.0, help="Customers a second at each till.")
    ] = PER_S,
    at_rest: Annotated[
        Literal["gocryptfs", "none"] | None,
        typer.Option(help="What encrypts the databases; without it, gocryptfs where this machine lets us."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another catalogue and other customers.")] = 2026,
) -> None:
    """Run a chain of 6 branches and 24 tills in 2 countries here, and watch it sell.

    Exit code 0 when journals, shards and reports agree, 1 when they do not.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot write Arabic shows question marks instead of ending the demo.
        sys.stdout.reconfigure(errors="replace")
    folder = prepare_folder(data if data is not None else default_folder())
    options = Options(duration_s=duration_s, per_s=per_s, seed=seed, stay=not leave, at_rest=at_rest)
    console = Console(highlight=False)
    try:
        agrees = asyncio.run(_interruptible(folder, options, console))
    except BaseExceptionGroup as group:
        raise _first(group) from group
    if not agrees:
        raise typer.Exit(EXIT_DIFFERS)


async def _interruptible(folder: Path, options: Options, console: Console) -> bool:
    """Run until it ends or is asked to: then everything is stopped in order first."""
    running = asyncio.ensure_future(run(folder, options, console))
    asked: list[signal.Signals] = []

    def interrupt(number: signal.Signals) -> None:
        # Once: a second Ctrl-C must not cut the orderly end short and leave processes behind.
        if not asked:
            asked.append(number)
            running.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupt, number)
    try:
        return await running
    except asyncio.CancelledError:
        if not asked:
            raise
        with contextlib.suppress(OSError):
            console.print("Stopped before the reckoning; everything has ended.")
        raise typer.Exit(128 + asked[0]) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The fault that a user can do something about, if there is one, or simply the first."""
    found = group.subgroup(OctoNextError) or group
    error = found.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error

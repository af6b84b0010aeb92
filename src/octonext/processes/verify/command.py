"""The command: check, show, and an exit code a script can trust."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from octonext.processes.options import Data
from octonext.runtime.layout import Layout

from .service import REPORTS_WAIT_S, Options, Verification, verify_installation
from .show import show

EXIT_BROKEN = 2
EXIT_UNCHECKED = 3
"""Something that was asked for could not be checked: no proof either way."""


def verify(
    data: Data,
    journals: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Folder with tills' journals. May be given several times."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
    reports: Annotated[bool, typer.Option(help="Compare head office's reports, too.")] = True,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds that reporting may take to catch up.")
    ] = REPORTS_WAIT_S,
) -> None:
    """Check the invariants that journals, shards and reports can show. 0: all hold, 2: broken, 3: unknown."""
    options = Options(tuple(journals or ()), reports, wait)
    began = time.monotonic()
    found = asyncio.run(_verify(Layout(data), options, quiet=as_json))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        show(found, Console(highlight=False), seconds=time.monotonic() - began)
    code = exit_code(found)
    if code:
        raise typer.Exit(code)


def exit_code(found: Verification) -> int:
    """0 only when everything that was asked for was checked and holds."""
    if found.holds:
        return 0
    return EXIT_BROKEN if any(each.state == "broken" for each in found.checks) else EXIT_UNCHECKED


async def _verify(layout: Layout, options: Options, *, quiet: bool) -> Verification:
    layout.settings  # noqa: B018 -- a wrong configuration is told before anything is asked
    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    tasks = {
        shard.id: bars.add_task(f"journal of {shard.id}", total=None) for shard in layout.settings.shards
    }

    def progress(shard_id: str, done: int, total: int) -> None:
        bars.update(tasks[shard_id], completed=done, total=total)

    # Bars are for a terminal: in a log they would be noise.
    with nullcontext() if quiet or not console.is_terminal else bars:
        return await verify_installation(layout, options, progress=progress)

"""`octonext migrate`: brings every database up to this code without starting anything."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from octonext.base.errors import OctoNextError
from octonext.runtime.layout import Layout
from octonext.runtime.settings import load

from .supervisor.databases import migrate_all, partitions_ahead_everywhere


class NotReached(OctoNextError):
    """Some databases could not be migrated because they did not answer."""

    code = "databases_not_reached"


def migrate(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", envvar="OCTONEXT_DATA", help="Installation.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Its configuration, if elsewhere.")
    ] = None,
) -> None:
    """Apply migrations to HQ and every shard, and create the coming months' partitions."""
    if data is None and config is None:
        raise typer.BadParameter("give --data DIR or --config FILE")
    folder = data if data is not None else (config or Path()).resolve().parent
    layout = Layout(folder, load(config) if config is not None else None)
    asyncio.run(_migrate(layout))


async def _migrate(layout: Layout) -> None:
    console = Console(highlight=False)
    missed = await migrate_all(layout, lambda line: console.print(escape(line)))
    failed = await partitions_ahead_everywhere(layout)
    for name, reason in failed.items():
        console.print(escape(f"{name}: no partitions ahead ({reason})"))
    names = sorted({*missed, *failed})
    if names:
        raise NotReached(
            f"Not migrated: {', '.join(names)}.", remedy="Run `octonext migrate` again when they answer."
        )
    console.print("Every database is up to date.")

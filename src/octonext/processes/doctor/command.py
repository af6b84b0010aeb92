"""The command: every check, then a table or JSON. Exit code 0 when nothing is wrong, 1 when something is."""

from __future__ import annotations

import asyncio
from typing import Annotated

import asyncpg
import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octonext.base.errors import OctoNextError
from octonext.processes.options import Data
from octonext.runtime.layout import Layout

from .checks import CHECKS, INSTALLATION
from .finding import Finding

EXIT_WRONG = 1
COLOURS = {"well": "green", "notice": "yellow", "wrong": "bold red", "unknown": "red"}


def doctor(
    data: Data,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list instead of a table.")] = False,
) -> None:
    """Look at what protects the data, and prove it. Run it as who runs `up`, while it runs."""
    found = asyncio.run(examine(Layout(data)))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _show(found, Console(highlight=False))
    if not is_well(found):
        raise typer.Exit(EXIT_WRONG)


async def examine(layout: Layout) -> list[Finding]:
    """Every check's findings; a check that fails as a whole is a finding, too."""
    found = []
    for name, check in CHECKS:
        try:
            found += await check(layout)
        except (OctoNextError, asyncpg.PostgresError, OSError) as error:
            remedy = error.remedy if isinstance(error, OctoNextError) else ""
            said = error.message if isinstance(error, OctoNextError) else str(error)
            found.append(Finding(where=INSTALLATION, check=name, outcome="wrong", said=said, remedy=remedy))
    return found


def is_well(found: list[Finding]) -> bool:
    """Whether nothing is wrong. What could not be looked at is not well either."""
    return all(each.outcome in ("well", "notice") for each in found)


def _show(found: list[Finding], console: Console) -> None:
    table = Table(title="Doctor", title_justify="left")
    for column in ("where", "what", "", "seen"):
        table.add_column(column, overflow="fold")
    for each in found:
        colour = COLOURS[each.outcome]
        table.add_row(
            escape(each.where),
            each.check,
            f"[{colour}]{each.outcome}[/]",
            escape(each.said) + (f" [bold]{escape(each.remedy)}[/]" if each.remedy else ""),
        )
    console.print(table)
    wrong = sum(each.outcome in ("wrong", "unknown") for each in found)
    console.print(f"[bold red]{wrong} to put right[/]" if wrong else "[green]nothing to put right[/]")

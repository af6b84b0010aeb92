"""`octonext audit verify`: every row of every database against the heads and their copies."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import asyncpg
import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octonext.audit.sealing.domain.findings import Finding
from octonext.audit.sealing.service.sources import CopySource, DatabaseCopies, FileCopies
from octonext.audit.sealing.service.verifying import Verified
from octonext.audit.sealing.service.verifying import verify as verify_database
from octonext.base.errors import OctoNextError
from octonext.processes.options import Data
from octonext.processes.sealer.keys import public_keys
from octonext.runtime.layout import Layout

from .databases import chosen, holder_of, opened
from .reporting import NAME as REPORTING
from .reporting import reporting_copies

EXIT_FOUND = 2
EXIT_UNCHECKED = 3
"""A database or a copy of its heads could not be read: no proof either way."""

Database = Annotated[str, typer.Option("--database", help="hq, or a shard's id. Default: all.")]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", metavar="DIR", help="Folder with the auditor's own sealing-NAME.pub files."),
]


class DatabaseResult(msgspec.Struct, kw_only=True):
    """What came out for one database; `problem` says why it could not be read."""

    database: str
    heads: int = 0
    rows: int = 0
    waiting: int = 0
    newest: int | None = None
    copies: list[str] = []
    unread: list[str] = []
    """Copies that could not be read, and why."""
    away: str = ""
    """Why reporting's copy was not read: one more copy, never the only one, so it is said and no more."""
    findings: list[Finding] = []
    more: dict[str, int] = {}
    """How many more findings there are than are listed, by table and kind."""
    notices: list[str] = []
    problem: str = ""


def verify(
    data: Data,
    database: Database = "",
    keys: Keys = None,
    copies: Annotated[
        list[Path] | None,
        typer.Option(
            "--copies", metavar="FILE", help="A file with copies of heads. May be given several times."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
) -> None:
    """Compare databases with what was sealed of them. 0: as sealed, 2: something found, 3: not all read."""
    layout = Layout(data)
    files = [*(copies or ()), *(each.file for each in layout.settings.audit.copies if each.file is not None)]
    began = time.monotonic()
    results = asyncio.run(verify_all(layout, database, keys, files))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode({"databases": results}), indent=2).decode())
    else:
        _show(results, Console(highlight=False), time.monotonic() - began)
    code = exit_code(results)
    if code:
        raise typer.Exit(code)


def exit_code(results: list[DatabaseResult]) -> int:
    """0 only when everything was read and nothing found."""
    if any(each.findings for each in results):
        return EXIT_FOUND
    return EXIT_UNCHECKED if any(each.problem or each.unread for each in results) else 0


async def verify_all(
    layout: Layout, database: str, keys: Path | None, files: list[Path]
) -> list[DatabaseResult]:
    """One result for each database, one after the other: verifying is for a quiet corner of the machine.

    Raises NoSuchDatabase, NoSealingKey.
    """
    results = []
    for kind, name in chosen(layout, database):
        public = public_keys(layout, name, keys)
        unread: list[str] = []
        try:
            async with AsyncExitStack() as stack:
                sources = await _sources(stack, layout, kind, name, files, unread)
                connection = await stack.enter_async_context(opened(layout, kind, name))
                reporting = await stack.enter_async_context(reporting_copies(layout, name))
                # Last: where another copy has the leaves too, that one is gone by.
                sources.append(reporting)
                verified = await verify_database(connection, name, kind, public, sources)
        except (OctoNextError, asyncpg.PostgresError, OSError, TimeoutError) as error:
            results.append(
                DatabaseResult(database=name, unread=unread, problem=str(error) or "no answer in time")
            )
        else:
            results.append(_result(verified, unread, reporting.away))
    return results


async def _sources(
    stack: AsyncExitStack, layout: Layout, kind: str, name: str, files: list[Path], unread: list[str]
) -> list[CopySource]:
    sources: list[CopySource] = []
    holder_kind, holder = holder_of(layout, "shard" if kind == "shard" else "hq")
    try:
        connection = await stack.enter_async_context(opened(layout, holder_kind, holder))
        sources.append(DatabaseCopies(holder, connection, name))
    except (OctoNextError, OSError) as error:
        unread.append(f"{holder}: {error}")
    for file in files:
        try:
            sources.append(FileCopies(file, name))
        except FileNotFoundError:
            unread.append(f"{file.name}: it is not there")
        except OSError as error:
            unread.append(f"{file.name}: {error.strerror}")
    return sources


def _result(verified: Verified, unread: list[str], away: str) -> DatabaseResult:
    return DatabaseResult(
        database=verified.database,
        heads=verified.heads,
        rows=verified.rows,
        waiting=verified.waiting,
        newest=None if verified.newest is None else verified.newest.number,
        copies=[each for each in verified.copies if not (away and each == REPORTING)],
        unread=unread,
        away=away,
        findings=verified.findings.named,
        more={f"{table} {kind}": count for (table, kind), count in verified.findings.unnamed.items()},
        notices=verified.findings.notices,
    )


def _show(results: list[DatabaseResult], console: Console, seconds: float) -> None:
    table = Table(title="Seals", title_justify="left")
    for column in ("database", "heads", "rows", "waiting", "copies", "verdict"):
        table.add_column(column, overflow="fold")
    for each in results:
        verdict = (
            f"[yellow]not read: {escape(each.problem)}[/]"
            if each.problem
            else f"[bold red]{len(each.findings)} found[/]"
            if each.findings
            else "[green]as sealed[/]"
        )
        copies = ", ".join(each.copies) or "[yellow]none[/]"
        table.add_row(each.database, str(each.heads), f"{each.rows:,}", str(each.waiting), copies, verdict)
    console.print(table)
    if any(each.findings for each in results):
        found = Table(title="Found", title_justify="left")
        for column in ("database", "table", "row", "kind", "what"):
            found.add_column(column, overflow="fold")
        for each in results:
            for one in each.findings:
                found.add_row(one.database, one.table, one.key, f"[red]{one.kind}[/]", escape(one.what))
            for what, count in each.more.items():
                found.add_row(
                    each.database, what.split(" ", 1)[0], "…", what.split(" ", 1)[1], f"and {count} more"
                )
        console.print(found)
    for each in results:
        for notice in each.notices:
            console.print(f"[dim]{each.database}: {escape(notice)}[/]")
        for unread in each.unread:
            console.print(f"[yellow]{each.database}: copies not read, {escape(unread)}[/]")
        if each.away:
            console.print(
                f"[yellow]{each.database}: verified without {REPORTING}'s copy, {escape(each.away)}[/]"
            )
    rows = sum(each.rows for each in results)
    console.print(f"[dim]{rows:,} rows in {seconds:.1f} s[/]")

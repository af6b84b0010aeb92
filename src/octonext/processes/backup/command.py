"""`octonext backup`, `octonext backup list` and `octonext backup verify`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TextColumn
from rich.table import Table

from octonext.base.errors import OctoNextError
from octonext.processes.cluster.binaries import installed_programs
from octonext.processes.options import Data
from octonext.runtime.layout import Layout
from octonext.runtime.postgres import DatabaseUnreachable

from .base import make_backup
from .check import check
from .domain import goes_on, time_text
from .folder import BackupFolder
from .recover import end_of
from .sources import Vault, chosen

app = typer.Typer(help="Sealed backups of the embedded databases.", invoke_without_command=True)

Databases = Annotated[
    list[str] | None,
    typer.Option("--database", metavar="NAME", help="hq, or a shard's id; may be repeated. Default: all."),
]


class BackupsDamaged(OctoNextError):
    """Some of what was read back is not well."""

    code = "backups_damaged"


class NotBackedUp(OctoNextError):
    """Some databases were not backed up."""

    code = "not_backed_up"


@app.callback()
def make(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", envvar="OCTONEXT_DATA", help="Folder of the installation."),
    ] = None,
    database: Databases = None,
) -> None:
    """Back up every embedded database while it runs, sealed, and read it back."""
    if context.invoked_subcommand is not None:
        return
    if data is None:
        raise typer.BadParameter("it is needed", param_hint="--data")
    layout = Layout(data)
    names = chosen(layout.settings, database or [])
    asyncio.run(_make_all(Vault.of(layout), names))


@app.command("list")
def show(data: Data, database: Databases = None) -> None:
    """List backups, and to which second each can be restored."""
    vault = Vault.of(Layout(data))
    table = Table(title="Backups", title_justify="left")
    for column in ("database", "backup", "finished (UTC)", "size", "to any second until"):
        table.add_column(column, overflow="fold")
    for name in chosen(vault.layout.settings, database or []):
        for row in _rows(vault.folder(name)):
            table.add_row(*row)
    Console(highlight=False).print(table)


@app.command()
def verify(data: Data, database: Databases = None) -> None:
    """Read every backup and the archived logs back, to the last byte. Exit code 1 when one is damaged."""
    vault = Vault.of(Layout(data))
    console = Console(highlight=False, soft_wrap=True)
    damaged = 0
    for name in chosen(vault.layout.settings, database or []):
        for finding in check(vault.folder(name)):
            damaged += bool(finding.problem)
            said = f"[red]{escape(finding.problem)}[/]" if finding.problem else escape(finding.said)
            console.print(f"{escape(finding.database)}: {escape(finding.what)}: {said}")
    if damaged:
        raise BackupsDamaged(f"{damaged} of them cannot be relied on.", remedy="Make new backups.")


async def _make_all(vault: Vault, names: list[str]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    programs = installed_programs() / "bin"
    failed = {}
    for name in names:
        columns = (TextColumn("{task.description}"), TextColumn("{task.fields[shown]}"))
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(escape(name), shown="", total=None)
            try:
                manifest = await make_backup(
                    vault.folder(name),
                    vault.layout.database_socket_dir(name),
                    programs,
                    keep=vault.layout.settings.backup.keep,
                    progress=lambda done: progress.update(task, shown=f"{done / 1e6:.0f} MB"),  # noqa: B023
                )
            except DatabaseUnreachable as error:
                failed[name] = f"{error.message} Start it with `octonext up`."
                continue
            except OSError as error:
                failed[name] = f"{error.strerror} in {vault.folder(name).root}."
                continue
            except OctoNextError as error:
                failed[name] = str(error)
                continue
        took = manifest.finished_at - manifest.started_at
        size = manifest.plain_bytes / 1e6
        console.print(
            f"{escape(name)}: backup {manifest.backup}, {size:.0f} MB, verified, after {took:.1f} s"
        )
    if failed:
        raise NotBackedUp(" ".join(f"{name}: {why}" for name, why in failed.items()))


def _rows(folder: BackupFolder) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for backup in folder.backups():
        try:
            manifest = folder.manifest(backup)
            ends = [
                until.at
                for run in folder.runs()
                if (until := folder.until(run.run)) is not None
                and goes_on(manifest, run, end_of(folder, run))
            ]
        except (OctoNextError, OSError) as error:
            rows.append((folder.database, backup, "[red]cannot be read[/]", "", escape(str(error))))
            continue
        until_text = time_text(int(max(ends))) if ends else "its own end only"
        finished = time_text(int(manifest.finished_at))
        rows.append(
            (folder.database, backup, finished, f"{manifest.files[0].bytes / 1e6:.0f} MB", until_text)
        )
    rows += [(folder.database, backup, "[yellow]unfinished[/]", "", "") for backup in folder.unfinished()]
    return rows or [(folder.database, "[yellow]none[/]", "", "", "")]

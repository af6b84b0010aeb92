"""`octonext audit archive` and `verify-archive`: months of the trail into files, and files checked alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from octonext.audit.archive import service
from octonext.audit.archive.domain import Month
from octonext.audit.sealing.domain.head import SealingKey, key_id
from octonext.base.errors import OctoNextError
from octonext.crypto.keyring import Keyring
from octonext.processes.keys import open_keyring
from octonext.processes.options import Data
from octonext.processes.sealer.keys import NoSealingKey, read_public_key, sealing_key
from octonext.runtime.layout import OWNER_ROLE, Layout
from octonext.runtime.postgres import connect

HEAD_OFFICE = "hq"
STATEMENT_TIMEOUT_MS = 600_000
"""Counting a month of a large trail takes minutes on a slow disk; nobody waits for it but this command."""

Keys = Annotated[
    Path | None,
    typer.Option("--keys", metavar="DIR", help="Folder with the auditor's own sealing-NAME.pub files."),
]


class MonthTooYoung(OctoNextError):
    """A month is still to be kept in the databases."""

    code = "month_too_young"


class UnknownDatabase(OctoNextError):
    """No database of the installation has that name."""

    code = "unknown_database"


class ArchivingFailed(OctoNextError):
    """Some database's months stayed where they are."""

    code = "archiving_failed"


def archive(
    data: Data,
    before: Annotated[str, typer.Option("--before", help="Archive the months before this one: 2026-03.")],
    database: Annotated[
        str | None, typer.Option("--database", help="hq or a shard's id; default: all.")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="Default: DATA/archives.")] = None,
) -> None:
    """Move whole sealed months of the audit trail out of the databases into encrypted files."""
    layout = Layout(data)
    month = Month.parse(before)
    require_old_enough(month, layout.settings.audit.keep_months, datetime.now(UTC))
    target = folder or layout.data_dir / "archives"
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    keyring = open_keyring(layout)
    failed = []
    for name in _databases(layout, database):
        try:
            asyncio.run(_archive(layout, keyring, name, month, target))
        except OctoNextError as error:
            # One database that is away must not keep the others' months from moving.
            typer.echo(f"{name}: {error.message} {error.remedy}".rstrip(), err=True)
            failed.append(name)
    if failed:
        raise ArchivingFailed(f"Not everything was archived of {', '.join(failed)}; nothing was lost.")


def verify_archive(
    file: Annotated[Path, typer.Argument(help="An archive.")],
    data: Data,
    keys: Keys = None,
) -> None:
    """Check an archive alone: every row of it against the signed heads within. Needs no database."""
    keyring = open_keyring(Layout(data))
    about, totals, digest = service.examine(
        file,
        keys=lambda name: keyring.find("archive", name),
        publics=own_publics(keyring) if keys is None else auditors_publics(keys),
    )
    rows = ", ".join(f"{count} rows of {table}" for table, count in totals.rows.items())
    typer.echo(
        f"{about.database} {about.month}: {rows}, each as sealed by one of {totals.heads} signed heads."
    )
    typer.echo(
        f"Its SHA-256 is {digest.hex()}; compare it with the event trail_archived of {about.database}."
    )


def require_old_enough(before: Month, keep_months: int, now: datetime) -> None:
    """Raises MonthTooYoung when a month before `before` is among the whole months to be kept."""
    youngest = Month.of(now).plus(-keep_months)
    if before > youngest:
        raise MonthTooYoung(
            f"The last {keep_months} whole months stay in the databases.",
            remedy=f"Archive with --before {youngest} or earlier, or lower keep_months in [audit].",
        )


def publics(keyring: Keyring, database: str) -> dict[str, bytes]:
    """The public halves of every sealing key that a database ever had, by their ids."""
    keys = [SealingKey(seed) for seed in keyring.generations("sealing", database)]
    return {key.id: key.public for key in keys}


def own_publics(keyring: Keyring) -> dict[str, bytes]:
    """Those of every database of the installation."""
    return {
        key: public for name in keyring.names("sealing") for key, public in publics(keyring, name).items()
    }


def auditors_publics(folder: Path) -> dict[str, bytes]:
    """Every sealing-NAME.pub of a folder, by the key's id. Raises NoSealingKey."""
    found = [read_public_key(file) for file in sorted(folder.glob("sealing-*.pub"))]
    if not found:
        raise NoSealingKey(
            f"{folder} holds no file sealing-NAME.pub.", remedy="Copy them from DATA/keys while you trust it."
        )
    return {key_id(public): public for public in found}


async def _archive(layout: Layout, keyring: Keyring, name: str, before: Month, folder: Path) -> None:
    dsn = (
        layout.dsn("hq", role=OWNER_ROLE)
        if name == HEAD_OFFICE
        else layout.dsn("shard", name, role=OWNER_ROLE)
    )
    connection = await connect(
        dsn, application_name="octonext-archive", statement_timeout_ms=STATEMENT_TIMEOUT_MS
    )
    try:
        months = await service.archivable(connection, before)
        if not months:
            typer.echo(f"{name}: no month before {before} is in the database.")
        for month in months:
            done = await service.archive(
                connection, name, month, folder=folder, key=lambda each: keyring.key("archive", each),
                publics=publics(keyring, name), signing=sealing_key(layout, keyring, name),
            )  # fmt: skip
            typer.echo(f"{name} {month}: {sum(done.totals.rows.values())} rows are in {done.file}.")
    finally:
        await connection.close()


def _databases(layout: Layout, wanted: str | None) -> list[str]:
    names = [HEAD_OFFICE, *(shard.id for shard in layout.settings.shards)]
    if wanted is not None and wanted not in names:
        raise UnknownDatabase(f"There is no database {wanted!r}.", remedy=f"There are: {', '.join(names)}.")
    return names if wanted is None else [wanted]

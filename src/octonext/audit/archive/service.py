"""Moving one month: into a file, read back and checked, and only then out of the database.

Killed at any moment, a month is whole in the database or whole in a file that the database names: the file
is complete and checked before the one transaction that drops the partitions, and a later run finds it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import asyncpg

from octonext.audit.sealing import store as sealing_store
from octonext.audit.sealing.domain import manifest
from octonext.audit.sealing.domain.head import SealingKey
from octonext.audit.sealing.domain.rows import time_of as _time
from octonext.base.errors import OctoNextError
from octonext.crypto.sealed_stream import SealedWriter, key_id, unseal
from octonext.runtime.durable import sync_folder
from octonext.runtime.postgres import Connection, transaction

from . import store
from .domain import ARCHIVED, VERSION, About, ArchiveDiffers, ArchiveWriter, Month, Totals, check, leaves_of

DETACH_ATTEMPTS_MAX = 20
DETACH_PAUSE_S = 0.5

KeyOf = Callable[[str], bytes | None]


class MonthNotSealed(OctoNextError):
    """The newest head does not cover a month yet, so nothing could vouch for its archive."""

    code = "month_not_sealed"


class ArchiveInTheWay(OctoNextError):
    """A file, or another run, stands where an archive should be written."""

    code = "archive_in_the_way"


@dataclass(frozen=True)
class Archived:
    """A month that is now in `file`."""

    month: Month
    file: Path
    totals: Totals


def file_name(database: str, month: Month) -> str:
    """What the archive of a month is called."""
    return f"{database}-audit-{month}.octonext"


def key_name(database: str, month: Month) -> str:
    """Each month has a key of its own: to forget it is to forget the month, wherever copies lie."""
    return f"{database}.{month}"


async def archivable(connection: Connection, before: Month) -> list[Month]:
    """The months that end before `before`, oldest first."""
    return [month for month in await store.months(connection) if month < before]


async def archive(
    connection: Connection,
    database: str,
    month: Month,
    *,
    folder: Path,
    key: Callable[[str], bytes],
    publics: Mapping[str, bytes],
    signing: SealingKey,
) -> Archived:
    """Move one month of `database` into a file in `folder`, encrypted under `key` of its name.

    `signing`, the sealing key, says that it was us who took it out; `publics` are the public keys of the
    database's sealing keys by id. Raises MonthNotSealed, ArchiveDiffers when the month is not what was
    sealed, ArchiveInTheWay.
    """
    path = folder / file_name(database, month)
    secret = key(key_name(database, month))
    async with transaction(connection, readonly=True) as reading:
        extent = await store.extent(reading, month)
        if extent.last is not None and extent.last >= await sealing_store.sealed_until(reading):
            raise MonthNotSealed(
                f"{month} of {database} is not sealed to its end.",
                remedy="Is the sealer running? `octonext status` says so.",
            )
        if not path.exists():
            with _part(path) as file:
                await _write(reading, database, month, extent, file, secret)
    totals, digest = await asyncio.to_thread(
        checked, path, keys=lambda _: secret, publics=publics, about=About(
            version=VERSION, database=database, month=str(month)
        ),
    )  # fmt: skip
    found = {"audit_transaction": extent.transactions, "audit_change": extent.changes}
    if totals.rows != found:
        raise ArchiveDiffers(
            f"{month} of {database} has rows that no head has sealed: {found} there, {totals.rows} sealed.",
            remedy=f"Run `octonext audit verify --database {database}`, and move {path} away.",
        )
    await _detach(connection, database, month, totals, path.name, digest, signing)
    return Archived(month, path, totals)


def checked(
    path: Path, *, keys: KeyOf, publics: Mapping[str, bytes], about: About | None = None
) -> tuple[Totals, bytes]:
    """Read an archive to its end; what it holds and the SHA-256 of the file.

    Raises ArchiveDiffers, sealed_stream's SealRefused and SealKeyMissing, OSError.
    """
    found, totals, digest = examine(path, keys=keys, publics=publics)
    if about is not None and found != about:
        raise ArchiveDiffers(
            f"{path} is the archive of {found.database} {found.month}.", remedy="Move it to where it belongs."
        )
    return totals, digest


def examine(path: Path, *, keys: KeyOf, publics: Mapping[str, bytes]) -> tuple[About, Totals, bytes]:
    """What an archive says it is, what it holds, and the SHA-256 of the file. Raises as `checked` does."""
    with path.open("rb") as file:
        name = key_id(file)
        file.seek(0)
        about, totals = check(unseal(file, keys, context=_context(name)), publics=publics)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").digest()
    if name != key_name(about.database, Month.parse(about.month)):
        raise ArchiveDiffers(f"{path} is sealed under the key of another month.")
    return about, totals, digest


async def _write(
    reading: Connection, database: str, month: Month, extent: store.Extent, file: BinaryIO, secret: bytes
) -> None:
    name = key_name(database, month)
    sealed = SealedWriter(file, secret, key_id=name, context=_context(name))
    writer = ArchiveWriter(sealed.write, About(version=VERSION, database=database, month=str(month)))
    if extent.first is not None and extent.last is not None:
        async for head in store.heads_over(reading, extent.first, extent.last):
            groups = manifest.decode(head.leaves)
            if next(leaves_of(groups, month), None) is None:
                continue
            writer.head(head.signed, head.leaves)
            for table in ARCHIVED:
                async for row in sealing_store.rows(reading, table, head.start, head.end):
                    _, at = table.name_of(row.record)
                    if month.start <= _time(at) < month.end:
                        writer.row(table, row.record, row.json_texts)
    writer.finish()
    sealed.finish()


async def _detach(
    connection: Connection, database: str, month: Month, totals: Totals, name: str, digest: bytes,
    signing: SealingKey,
) -> None:  # fmt: skip
    for attempt in range(1, DETACH_ATTEMPTS_MAX + 1):
        try:
            async with transaction(connection) as changing:
                await store.archive_month(
                    changing, database, month, totals, file_name=name, digest=digest, signing=signing
                )
            return
        except asyncpg.LockNotAvailableError:
            if attempt == DETACH_ATTEMPTS_MAX:
                raise ArchiveInTheWay(
                    f"Writers kept the trail's table busy; {month} is in {name} and still in the database.",
                    remedy="Run the command again at a quieter time.",
                ) from None
            await asyncio.sleep(DETACH_PAUSE_S)
        except asyncpg.ObjectNotInPrerequisiteStateError as error:
            raise ArchiveDiffers(
                f"{month} changed while it was archived: {error}.", remedy=f"Move {name} away and verify."
            ) from None


@contextmanager
def _part(path: Path) -> Iterator[BinaryIO]:
    """A file that has its name only once it is whole and on the disk."""
    part = path.with_name(path.name + ".part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(handle, "wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ArchiveInTheWay(f"{path} is being written by another run.") from None
            file.truncate(0)
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise ArchiveInTheWay(f"{path} cannot be written: {error.strerror or error}.") from None


def _context(name: str) -> str:
    return f"the audit archive {name}"

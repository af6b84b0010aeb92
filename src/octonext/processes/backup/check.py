"""Reads backups back from their folder, to the last byte, and says what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from octonext.base.errors import OctoNextError

from .base import examine, stream_of
from .domain import Manifest, Run, goes_on
from .folder import MANIFEST, PARTIAL, SEALED, BackupDamaged, BackupFolder, digest
from .recover import end_of, segments_from
from .wal import SEGMENT_BYTES, parse_lsn, segment_start


@dataclass(frozen=True)
class Finding:
    """A backup or a run of the log that was read; `problem` is empty when it is well."""

    database: str
    what: str
    said: str
    problem: str = ""


def check(folder: BackupFolder) -> Iterator[Finding]:
    """Every finished backup and every run of the log of one database."""
    for backup in folder.backups():
        yield _guarded(folder, f"backup {backup}", partial(_check_backup, folder, backup))
    try:
        runs = folder.runs()
        manifests = [folder.manifest(each) for each in folder.backups()]
    except (OctoNextError, OSError) as error:
        yield Finding(folder.database, "log", "", str(error))
        return
    for run in runs:
        yield _guarded(folder, f"log {run.run}", partial(_check_log, folder, run, manifests))


def check_manifest(folder: BackupFolder, backup: str) -> Manifest:
    """The manifest of a backup whose sealed files are as it says. Raises BackupDamaged."""
    manifest = folder.manifest(backup)
    if (manifest.backup, manifest.database) != (backup, folder.database):
        raise BackupDamaged(f"The manifest of {backup} is another backup's.")
    for file in manifest.files:
        if digest(folder.base / backup / file.name) != file:
            raise BackupDamaged(f"{file.name} of {backup} is not the file of its manifest.")
    return manifest


def _check_backup(folder: BackupFolder, backup: str) -> str:
    if not (folder.base / backup / (MANIFEST + SEALED)).exists():
        raise BackupDamaged(f"{backup} has no manifest.")
    manifest = check_manifest(folder, backup)
    contents = examine(stream_of(folder, backup))
    if contents.sha256 != manifest.contents_sha256:
        raise BackupDamaged(f"{backup} does not hold what its manifest says.")
    return f"{contents.entries} files, {contents.plain_bytes / 1e6:.0f} MB"


def _check_log(folder: BackupFolder, run: Run, manifests: list[Manifest]) -> str:
    continued = [each for each in manifests if goes_on(each, run, end_of(folder, run))]
    if not continued:
        return "no backup begins it"
    first = min(segment_start(parse_lsn(each.start_lsn)) for each in continued)
    segments = segments_from(folder, run, first)
    for number, (name, path) in enumerate(segments.items(), start=1):
        grows = PARTIAL in path.name
        length = sum(len(chunk) for chunk in folder.open(path, unfinished=grows))
        if (
            length > SEGMENT_BYTES
            or (length < SEGMENT_BYTES and not grows)
            or (grows and number < len(segments))
        ):
            raise BackupDamaged(f"The segment {name} has {length} bytes.")
    return f"{len(segments)} segments"


def _guarded(folder: BackupFolder, what: str, read: Callable[[], str]) -> Finding:
    try:
        return Finding(folder.database, what, read())
    except (OctoNextError, OSError) as error:
        return Finding(folder.database, what, "", str(error))

"""What a backup and a piece of log are, which one serves a wish, which may go: no files, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from octonext.base.errors import OctoNextError

from .wal import parse_lsn, segment_start


class NoSuchBackup(OctoNextError):
    """No backup serves what was asked for."""

    code = "no_such_backup"


class TimeNotUnderstood(OctoNextError):
    """A time is not one."""

    code = "time_not_understood"


class SealedFile(msgspec.Struct, frozen=True):
    """A file beside the manifest: its sealed length in bytes and their SHA-256."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a base backup is; itself sealed with the backup's key. Times are Unix seconds."""

    format: str = "octonext backup 1"
    backup: str
    database: str
    key: str
    started_at: float
    finished_at: float
    system: str
    """The server's system identifier."""
    server_version: str
    timeline: int
    start_lsn: str
    end_lsn: str
    entries: int
    plain_bytes: int
    contents_sha256: str
    """Of PostgreSQL's own backup manifest, which holds a digest of every file."""
    files: tuple[SealedFile, ...]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """An unbroken piece of a database's log on one timeline, from `start_lsn` on."""

    format: str = "octonext wal 1"
    run: str
    database: str
    system: str
    timeline: int
    start_lsn: str
    started_at: float


class Until(msgspec.Struct, frozen=True):
    """Everything that was committed before `at` (Unix seconds) is in the run, up to `lsn`."""

    lsn: str
    at: float


@dataclass(frozen=True)
class Wish:
    """What to restore: a backup by name, or the one for a time (Unix seconds), or the newest."""

    backup: str | None = None
    at: float | None = None


def new_identity(at: float) -> str:
    """A name for what begins at `at` (Unix seconds): its time, so that names sort by it."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y%m%dT%H%M%S}Z-{moment.microsecond:06}"


def parse_time(text: str, *, now: float) -> float:
    """ISO 8601 as Unix seconds; without an offset UTC is meant. Raises TimeNotUnderstood."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise TimeNotUnderstood(
            f"{text!r} is not a time.",
            remedy="Write it as 2026-03-01T14:30:00Z, or with +03:00.",
        ) from None
    at = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    if at > now:
        raise TimeNotUnderstood(f"{time_text(at)} is in the future.")
    return at


def time_text(at: float) -> str:
    """A time for people and for PostgreSQL, with microseconds only where there are some."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(sep=" ", timespec="microseconds" if moment.microsecond else "seconds")


def choose(manifests: Sequence[Manifest], wish: Wish) -> Manifest:
    """The newest backup that was finished by then. Raises NoSuchBackup."""
    if wish.backup is not None:
        for manifest in manifests:
            if manifest.backup == wish.backup:
                if wish.at is not None and manifest.finished_at > wish.at:
                    raise NoSuchBackup(
                        f"{wish.backup} was finished at {time_text(manifest.finished_at)}, later than asked.",
                        remedy="Choose an older backup, or leave --backup out.",
                    )
                return manifest
        raise NoSuchBackup(f"There is no backup {wish.backup}.", remedy="See `octonext backup list`.")
    served = [each for each in manifests if wish.at is None or each.finished_at <= wish.at]
    if not served:
        oldest = min((each.finished_at for each in manifests), default=None)
        reason = "There is no backup." if oldest is None else f"The oldest backup is of {time_text(oldest)}."
        raise NoSuchBackup(reason, remedy="See `octonext backup list`.")
    return max(served, key=lambda each: each.finished_at)


def goes_on(manifest: Manifest, run: Run, end: int) -> bool:
    """Whether a run of the log, stored up to `end`, takes a backup's database further."""
    return begins_before(run, manifest) and end >= parse_lsn(manifest.end_lsn)


@dataclass(frozen=True)
class Leaving:
    """What retention lets go: backups, runs, and of runs that stay, the log before a position."""

    backups: tuple[str, ...]
    runs: tuple[str, ...]
    log_before: dict[str, int]


def leaving(manifests: Sequence[Manifest], runs: Sequence[Run], keep: int) -> Leaving:
    """All but the `keep` newest backups, and the log that no kept one needs; the newest run stays."""
    ordered = sorted(manifests, key=lambda each: each.finished_at)
    kept = ordered[-keep:]
    needed: dict[str, int] = {}
    for run in runs:
        starts = [segment_start(parse_lsn(each.start_lsn)) for each in kept if begins_before(run, each)]
        if starts:
            needed[run.run] = min(starts)
    newest = max(runs, key=lambda run: run.started_at).run if runs else None
    gone = tuple(run.run for run in runs if run.run not in needed and run.run != newest)
    return Leaving(tuple(each.backup for each in ordered[:-keep]), gone, needed)


def begins_before(run: Run, manifest: Manifest) -> bool:
    """Whether a run of the log began early enough for a backup."""
    same = (run.system, run.timeline) == (manifest.system, manifest.timeline)
    return same and parse_lsn(run.start_lsn) <= segment_start(parse_lsn(manifest.start_lsn))

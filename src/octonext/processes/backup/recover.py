"""One database brought back beside its old data, to any second that its log reaches, then put in place."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from octonext.base.errors import OctoNextError
from octonext.processes.cluster.binaries import ClusterUnusable, OsUser
from octonext.processes.cluster.server import PostgresServer
from octonext.processes.os_process import everyone

from .base import examine_into, stream_of
from .domain import Manifest, Run, Wish, choose, goes_on, time_text
from .folder import PARTIAL, BackupDamaged, BackupFolder
from .log_feed import LogFeed
from .swap import clear, require_room_for_old, restoring, settle, take_place
from .trail import note
from .wal import SEGMENT_BYTES, parse_lsn, segment_name, segment_position, segment_start

STOP_TIMEOUT_S = 120.0
RECOVERY_TIMEOUT_S = 24 * 3600.0
ROOM_FACTOR = 1.1
TAIL_BYTES = 16_384
_LAST = re.compile(r"last completed transaction was at log time ([0-9: .+-]+)")
_TOO_EARLY_END = "recovery ended before configured recovery target was reached"

Say = Callable[[str], None]


class StillRuns(OctoNextError):
    """A database that is to be restored runs."""

    code = "database_runs"


class NoRoom(OctoNextError):
    """The restored database would not fit beside the old one."""

    code = "no_room"


class LogMissing(OctoNextError):
    """The archived log does not reach the time asked for."""

    code = "log_missing"


class RecoveryFailed(OctoNextError):
    """PostgreSQL did not bring the database to the time asked for."""

    code = "recovery_failed"


class _Short(Exception):
    """The log ended before the target."""


@dataclass(frozen=True)
class Restored:
    """What came of it: the backup used, and the time of the last transaction that is in, as text."""

    backup: str
    last_transaction: str


async def restore(
    folder: BackupFolder, server: PostgresServer, wish: Wish, *, latest: bool, say: Say
) -> Restored:
    """Restore into the place of `server`'s data, which must not run; the old data stays beside it.

    Without a time: to the end of the log if `latest`, else to the end of the backup itself.
    Raises StillRuns, OldDataKept, NoSuchBackup, LogMissing, NoRoom, RecoveryFailed, and what sealed files
    raise; the old data is untouched then.
    """
    data = server.data_dir
    with folder.locked():
        require_not_running(server)
        settle(data)
        require_room_for_old(data, folder.database)
        manifest = choose([folder.manifest(each) for each in folder.backups()], wish)
        plan = await asyncio.to_thread(_plan, folder, manifest, wish, latest=latest)
        # One that was killed leaves a server that is just ending, and would write into what is cleared.
        await asyncio.to_thread(replace(server, data_dir=restoring(data)).end_orphans)
        clear(data)
        _require_room(manifest, data)
        try:
            done = await _recover(folder, server, manifest, plan, wish.at, say)
        except OSError as error:
            clear(data)
            raise NoRoom(
                f"{folder.database} was not restored: {error.strerror}.", remedy="The old data is as it was."
            ) from None
        except BaseException:
            clear(data)
            raise
        require_not_running(server)
        take_place(data)
        return done


def require_not_running(server: PostgresServer) -> None:
    """Raises StillRuns."""
    home = server.data_dir.resolve()
    for process in everyone():
        try:
            runs = process.name == "postgres" and Path(f"/proc/{process.pid}/cwd").readlink() == home
        except OSError:
            continue
        if runs:
            raise StillRuns(
                f"{server.name} runs (process {process.pid}).",
                remedy=f"Stop it alone with `octonext down --database {server.name}`, or everything with "
                "`octonext down`.",
            )


def segments_from(folder: BackupFolder, run: Run, start: int) -> dict[str, Path]:
    """The run's segments from the one of `start` on, to as far as it once reached.

    Raises BackupDamaged where one is missing, in between or at the end.
    """
    until = folder.until(run.run)
    stored = folder.segments(run.run)
    found = {name: path for name, path in stored.items() if segment_position(name)[1] >= start}
    end = start
    for name, path in found.items():
        if segment_position(name) != (run.timeline, end):
            break
        end += SEGMENT_BYTES
        if PARTIAL in path.name:
            end += sum(len(chunk) for chunk in folder.open(path, unfinished=True)) - SEGMENT_BYTES
    else:
        if until is None or end >= parse_lsn(until.lsn):
            return found
    missing = segment_name(run.timeline, end)
    raise BackupDamaged(f"The archived log of {folder.database} lacks (a part of) the segment {missing}.")


def end_of(folder: BackupFolder, run: Run) -> int:
    """How far the run reaches at least: to where its last segment begins, or what `until` says."""
    names = list(folder.segments(run.run))
    whole = segment_position(names[-1])[1] if names else parse_lsn(run.start_lsn)
    until = folder.until(run.run)
    return max(whole, parse_lsn(until.lsn)) if until is not None else whole


def _plan(
    folder: BackupFolder, manifest: Manifest, wish: Wish, *, latest: bool
) -> tuple[Run, dict[str, Path]] | None:
    """The log to go on with; None to stop at the backup's own end."""
    if wish.at is None and not latest:
        return None
    runs = [run for run in folder.runs() if goes_on(manifest, run, end_of(folder, run))]
    # Of two histories that both begin here, the one that was being written at that time.
    fitting = [run for run in runs if wish.at is None or run.started_at <= wish.at] or runs
    if fitting:
        run = fitting[-1]
        until = folder.until(run.run)
        if wish.at is None or (until is not None and wish.at <= until.at):
            return run, segments_from(folder, run, segment_start(parse_lsn(manifest.start_lsn)))
        reaches = f"It reaches {time_text(until.at)}." if until is not None else ""
        raise LogMissing(
            f"The archived log of {folder.database} does not reach {time_text(wish.at)}. {reaches}".rstrip(),
            remedy="Use --latest for everything that there is.",
        )
    if wish.at is None:
        return None
    raise LogMissing(
        f"No log was archived from the backup {manifest.backup} on.",
        remedy=f"Restore it as it is: --backup {manifest.backup}. To archive the log: docs/backup.md.",
    )


def _require_room(manifest: Manifest, data: Path) -> None:
    free = shutil.disk_usage(data.parent).free
    needed = manifest.plain_bytes * ROOM_FACTOR
    if free < needed:
        raise NoRoom(
            f"The restored database needs {needed / 1e6:.0f} MB beside the old one, "
            f"and {free / 1e6:.0f} MB are free.",
            remedy=f"Make room on the disk of {data.parent}.",
        )


async def _recover(
    folder: BackupFolder,
    server: PostgresServer,
    manifest: Manifest,
    plan: tuple[Run, dict[str, Path]] | None,
    at: float | None,
    say: Say,
) -> Restored:
    for target in (at, None):
        own = await asyncio.to_thread(_unpack, folder, server, manifest, say)
        run, segments = plan if plan is not None else (None, own)
        if run is not None:
            await asyncio.to_thread(_compare, folder, run, segments, own, manifest)
        with _spool(server, folder, {} if run is None else segments) as feed:
            try:
                last = await _run(server, feed, target, manifest, len(segments), say)
            except _Short:
                # Nothing was committed between the log's end and the time, or the plan would not reach it.
                say("the log ends before that time, and nothing was committed between: once more, to its end")
                clear(server.data_dir)
                continue
        return Restored(manifest.backup, last)
    raise RecoveryFailed("The log ended too early.")


def _unpack(folder: BackupFolder, server: PostgresServer, manifest: Manifest, say: Say) -> dict[str, Path]:
    """Fill the folder beside; the backup's own segments by name."""
    place = restoring(server.data_dir)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.mkdir(mode=0o700)
    own(place, server.user)
    shown = -1

    def progress(done: int) -> None:
        nonlocal shown
        percent = min(100, done * 100 // max(1, manifest.plain_bytes))
        if percent // 10 > shown // 10:
            shown = percent
            say(f"base backup {manifest.backup}: {percent} % of {manifest.plain_bytes / 1e6:.0f} MB")

    contents = examine_into(
        stream_of(folder, manifest.backup, progress), place, lambda path: own(path, server.user)
    )
    if contents.sha256 != manifest.contents_sha256:
        raise BackupDamaged(f"The base backup {manifest.backup} is not the one of its manifest.")
    found = sorted(path for path in (place / "pg_wal").iterdir() if len(path.name) == 24)
    return {path.name: path for path in found}


def _compare(
    folder: BackupFolder,
    run: Run,
    segments: dict[str, Path],
    own_segments: dict[str, Path],
    manifest: Manifest,
) -> None:
    """The archived log must be the continuation of this very database. Raises LogMissing."""
    end = parse_lsn(manifest.end_lsn)
    for name, path in own_segments.items():
        begins = segment_position(name)[1]
        if name not in segments or begins >= end:
            continue
        length = min(SEGMENT_BYTES, end - begins)
        archived = b"".join(folder.open(segments[name], unfinished=PARTIAL in segments[name].name))
        if archived[:length] != path.read_bytes()[:length]:
            raise LogMissing(
                f"The archived log {run.run} is of another history than the backup {manifest.backup}.",
                remedy="Use a backup that was made after that log began.",
            )


async def _run(
    server: PostgresServer, feed: LogFeed, at: float | None, manifest: Manifest, total: int, say: Say
) -> str:
    """Let PostgreSQL recover and stop it again; the time of the last transaction."""
    data = restoring(server.data_dir)
    sockets = Path(tempfile.mkdtemp(prefix="octonext-restore-", dir="/tmp"))
    own(sockets, server.user)
    errors = data.with_name(f"{data.name}.log")
    beside = PostgresServer(
        name=f"{server.name}-restore",
        data_dir=data,
        socket_dir=sockets,
        log_dir=server.log_dir,
        bin_dir=server.bin_dir,
        user=server.user,
    )
    try:
        await asyncio.to_thread(beside.prepare)
        signal_file = data / "recovery.signal"
        signal_file.touch(mode=0o600)
        own(signal_file, server.user)
        wanted = {
            "restore_command": feed.command,
            "recovery_target_timeline": "current",
            "recovery_target_action": "promote",
            "hot_standby": "off",
            "logging_collector": "off",
            "log_min_messages": "log",
        }
        if at is not None:
            wanted["recovery_target_time"] = f"{time_text(at)}"
        options = [word for key, value in wanted.items() for word in ("-c", f"{key}={value}")]
        with errors.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *beside.command(),
                *options,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                **beside.popen_arguments(),
            )
            ended = asyncio.create_task(process.wait())
            watching = asyncio.create_task(_tell(feed, total, say))
            try:
                await beside.ready(running=lambda: not ended.done(), timeout_s=RECOVERY_TIMEOUT_S)
                await note(
                    beside.dsn(), "database_restored", backup=manifest.backup, at=at, database=server.name
                )
            except ClusterUnusable:
                _refuse(errors, feed, at)
            finally:
                watching.cancel()
                if not ended.done():
                    process.send_signal(signal.SIGINT)
                    async with asyncio.timeout(STOP_TIMEOUT_S):
                        await ended
        found = _LAST.findall(_tail(errors))
        return found[-1].strip() if found else time_text(manifest.finished_at)
    finally:
        errors.unlink(missing_ok=True)
        shutil.rmtree(sockets, ignore_errors=True)


def _refuse(errors: Path, feed: LogFeed, at: float | None) -> None:
    text = _tail(errors)
    if feed.problem is not None:
        raise feed.problem
    if at is not None and _TOO_EARLY_END in text:
        raise _Short
    telling = [line for line in text.splitlines() if "FATAL" in line or "PANIC" in line or "ERROR" in line]
    raise RecoveryFailed(f"PostgreSQL did not recover: {' '.join(telling[-2:]) or text[-400:]}")


async def _tell(feed: LogFeed, total: int, say: Say) -> None:
    shown = -1
    while True:
        taken = feed.taken()
        if taken != shown:
            shown = taken
            say(f"log: segment {taken} of {total}")
        await asyncio.sleep(1.0)


@contextmanager
def _spool(server: PostgresServer, folder: BackupFolder, segments: dict[str, Path]) -> Iterator[LogFeed]:
    place = server.data_dir.with_name(f"{server.data_dir.name}.log-feed")
    shutil.rmtree(place, ignore_errors=True)
    timelines = {run.timeline for run in folder.runs()} - {1}
    feed = LogFeed(folder, segments, timelines, place, server.user, own)
    try:
        yield feed
    finally:
        feed.close()
        shutil.rmtree(place, ignore_errors=True)


def _tail(path: Path) -> str:
    return path.read_bytes()[-TAIL_BYTES:].decode(errors="replace")


def own(path: Path, user: OsUser) -> None:
    """Give a file or folder to PostgreSQL's user."""
    if user.switch:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)

"""A base backup: what pg_basebackup streams, sealed as it comes, read back and checked before it counts."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import signal
import tarfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

import asyncpg
import msgspec

from octonext.base.errors import OctoNextError
from octonext.crypto.sealed_stream import SealedWriter
from octonext.processes.os_process import die_with_parent
from octonext.runtime.durable import sync_folder
from octonext.runtime.layout import OWNER_ROLE, socket_dsn
from octonext.runtime.postgres import connect

from .domain import Manifest, leaving, new_identity
from .folder import (
    BASE,
    MANIFEST,
    READ_BYTES,
    SEALED,
    UNFINISHED,
    BackupDamaged,
    BackupFolder,
    digest,
    make_durable,
    new_private_file,
)
from .trail import note
from .wal import segment_position

POSTGRES_MANIFEST = "backup_manifest"
PROBLEM_CHARACTERS_MAX = 600
STOP_TIMEOUT_S = 10.0

Progress = Callable[[int], None]
"""Told the number of plain bytes so far."""


class BackupFailed(OctoNextError):
    """PostgreSQL did not give a base backup."""

    code = "backup_failed"


class _Range(msgspec.Struct):
    timeline: int = msgspec.field(name="Timeline")
    start_lsn: str = msgspec.field(name="Start-LSN")
    end_lsn: str = msgspec.field(name="End-LSN")


class _File(msgspec.Struct):
    checksum: str = msgspec.field(name="Checksum")
    size: int = msgspec.field(name="Size")
    path: str | None = msgspec.field(name="Path", default=None)
    encoded_path: str | None = msgspec.field(name="Encoded-Path", default=None)
    algorithm: str = msgspec.field(name="Checksum-Algorithm", default="")


class _PostgresManifest(msgspec.Struct):
    files: list[_File] = msgspec.field(name="Files")
    ranges: list[_Range] = msgspec.field(name="WAL-Ranges")
    system: int = msgspec.field(name="System-Identifier")


@dataclass(frozen=True)
class Contents:
    """What a base backup was found to hold, after every file in it was read and compared."""

    system: str
    timeline: int
    start_lsn: str
    end_lsn: str
    entries: int
    plain_bytes: int
    sha256: str


async def make_backup(
    folder: BackupFolder,
    socket_dir: Path,
    programs: Path,
    *,
    keep: int,
    progress: Progress = lambda _bytes: None,
) -> Manifest:
    """Make, read back and keep a base backup of the running server at `socket_dir`; let old ones go.

    Raises BackupBusy, BackupFailed, BackupDamaged, DatabaseUnreachable, OSError (a full disk).
    """
    with folder.locked():
        for left in folder.unfinished():
            folder.forget_backup(left)
        started_at = time.time()
        identity = new_identity(started_at)
        key = folder.key_name("base", identity)
        place = folder.base / (identity + UNFINISHED)
        place.mkdir(mode=0o700)
        try:
            async with _log_kept(socket_dir) as version:
                await _stream(folder, place, key, _command(programs, socket_dir), progress)
            manifest = await asyncio.to_thread(_describe, folder, identity, key, started_at, version)
            target = place / (MANIFEST + SEALED)
            final = folder.base / identity
            await asyncio.to_thread(folder.write_document, target, manifest, key)
        except BaseException:
            # Also a full disk and Ctrl-C: what is unfinished must not take the room of the next one.
            folder.forget_backup(identity)
            raise
        place.rename(final)
        sync_folder(folder.base)
        await note(
            socket_dsn(socket_dir, role=OWNER_ROLE),
            "backup_made",
            backup=identity,
            bytes=manifest.files[0].bytes,
            sha256=manifest.files[0].sha256,
        )
        await asyncio.to_thread(_copy_keyring, folder)
        await asyncio.to_thread(let_go, folder, keep)
        return manifest


def let_go(folder: BackupFolder, keep: int) -> None:
    """Delete the backups beyond `keep` and the log that no kept one needs. The caller has the lock."""
    manifests = [folder.manifest(each) for each in folder.backups()]
    plan = leaving(manifests, folder.runs(), keep)
    for backup in plan.backups:
        folder.forget_backup(backup)
    for run in plan.runs:
        folder.forget_run(run)
    for run, before in plan.log_before.items():
        for name, path in folder.segments(run).items():
            if segment_position(name)[1] < before:
                path.unlink()


def examine(stream: Chunks) -> Contents:
    """Read a base backup to its end and compare every file with PostgreSQL's manifest in it.

    Raises BackupDamaged, and what the stream raises.
    """
    return _examine(stream, lambda _member: None)


def examine_into(stream: Chunks, place: Path, owned: Callable[[Path], None]) -> Contents:
    """As `examine`, and write everything into the empty folder `place`; `owned` is told of each entry."""

    def write(member: tarfile.TarInfo) -> IO[bytes] | None:
        path = place / member.name
        if member.isdir():
            path.mkdir(mode=0o700, exist_ok=True)
            owned(path)
            return None
        file = new_private_file(path)
        owned(path)
        return file

    return _examine(stream, write)


def _examine(stream: Chunks, write: Callable[[tarfile.TarInfo], IO[bytes] | None]) -> Contents:
    found: dict[str, tuple[int, str]] = {}
    said = b""
    for member, content in _members(stream):
        target = write(member)
        if content is None:
            continue
        sha, size = hashlib.sha256(), 0
        while part := content.read(READ_BYTES):
            sha.update(part)
            size += len(part)
            if member.name == POSTGRES_MANIFEST:
                said += part
            if target is not None:
                target.write(part)
        if target is not None:
            make_durable(cast("BinaryIO", target))
            target.close()
        found[member.name] = (size, sha.hexdigest())
    return _compared(found, said, stream.read_so_far)


def _compared(found: dict[str, tuple[int, str]], said: bytes, plain_bytes: int) -> Contents:
    try:
        manifest = msgspec.json.decode(said, type=_PostgresManifest)
    except msgspec.DecodeError as error:
        raise BackupDamaged(f"The base backup's manifest cannot be read: {error}.") from None
    for file in manifest.files:
        name = file.path if file.path is not None else bytes.fromhex(file.encoded_path or "").decode()
        if found.get(name) != (file.size, file.checksum) or file.algorithm != "SHA256":
            raise BackupDamaged(f"{name} in the base backup is not what PostgreSQL wrote.")
    if len(manifest.ranges) != 1:
        raise BackupDamaged("The base backup spans several timelines.")
    return Contents(
        system=str(manifest.system),
        timeline=manifest.ranges[0].timeline,
        start_lsn=manifest.ranges[0].start_lsn,
        end_lsn=manifest.ranges[0].end_lsn,
        entries=len(manifest.files),
        plain_bytes=plain_bytes,
        sha256=hashlib.sha256(said).hexdigest(),
    )


def _members(stream: Chunks) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Folders (without content) and files of a base backup. Raises BackupDamaged."""
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
            for member in archive:
                path = Path(member.name)
                if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
                    raise BackupDamaged(f"The base backup holds {member.name!r}, which it should not.")
                yield member, archive.extractfile(member) if member.isfile() else None
    except tarfile.TarError as error:
        raise BackupDamaged(f"The base backup cannot be read: {error}.") from None
    stream.exhaust()


class Chunks:
    """Chunks as a file to read from."""

    def __init__(self, chunks: Iterator[bytes], progress: Progress = lambda _bytes: None) -> None:
        self._chunks = chunks
        self._progress = progress
        self._rest = io.BytesIO()
        self.read_so_far = 0

    def read(self, size: int = -1) -> bytes:
        parts = []
        while size:
            part = self._rest.read(size)
            if not part:
                chunk = next(self._chunks, None)
                if chunk is None:
                    break
                self.read_so_far += len(chunk)
                self._progress(self.read_so_far)
                self._rest = io.BytesIO(chunk)
                continue
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def exhaust(self) -> None:
        """Read to the end: only there is it sure that nothing was cut off."""
        while self.read(READ_BYTES):
            pass


def stream_of(folder: BackupFolder, backup: str, progress: Progress = lambda _bytes: None) -> Chunks:
    """The tar of a finished base backup."""
    return Chunks(folder.open(folder.base / backup / (BASE + SEALED)), progress)


def _describe(folder: BackupFolder, identity: str, key: str, started_at: float, version: str) -> Manifest:
    sealed = folder.base / (identity + UNFINISHED) / (BASE + SEALED)
    contents = examine(Chunks(folder.open(sealed)))
    return Manifest(
        backup=identity,
        database=folder.database,
        key=key,
        started_at=started_at,
        finished_at=time.time(),
        system=contents.system,
        server_version=version,
        timeline=contents.timeline,
        start_lsn=contents.start_lsn,
        end_lsn=contents.end_lsn,
        entries=contents.entries,
        plain_bytes=contents.plain_bytes,
        contents_sha256=contents.sha256,
        files=(digest(sealed),),
    )


@asynccontextmanager
async def _log_kept(socket_dir: Path) -> AsyncIterator[str]:
    """Let the server keep what it logs meanwhile, which a long backup needs at its end; its version."""
    connection = await connect(
        socket_dsn(socket_dir, role=OWNER_ROLE, database="postgres"),
        application_name="octonext-backup",
        statement_timeout_ms=0,
    )
    try:
        slot = f"octonext_backup_{os.getpid()}_{int(time.time())}"
        try:
            await connection.execute("SELECT pg_create_physical_replication_slot($1, true, true)", slot)
        except asyncpg.PostgresError as error:
            raise BackupFailed(f"PostgreSQL does not keep its log for a backup: {error}.") from None
        yield str(await connection.fetchval("SHOW server_version"))
    finally:
        # The slot is temporary: it goes with the connection.
        connection.terminate()


def _command(programs: Path, socket_dir: Path) -> list[str]:
    options = ["--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast", "--no-password"]
    server = [f"--host={socket_dir}", "--port=5432", f"--username={OWNER_ROLE}"]
    return [str(programs / "pg_basebackup"), *options, "--manifest-checksums=SHA256", *server]


async def _stream(
    folder: BackupFolder, place: Path, key: str, command: list[str], progress: Progress
) -> None:
    """Run it and seal its output; raises BackupFailed when it ends badly."""
    path = place / (BASE + SEALED)
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd="/",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        limit=4 * READ_BYTES,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = asyncio.create_task(process.stderr.read())
    total = 0
    try:
        with new_private_file(path) as file:
            writer = SealedWriter(file, folder.new_key(key), key_id=key, context=folder.context(path))
            while data := await process.stdout.read(READ_BYTES):
                await asyncio.to_thread(writer.write, data)
                total += len(data)
                progress(total)
            if await process.wait() != 0:
                reason = " ".join((await said).decode(errors="replace").split())
                raise BackupFailed(
                    f"pg_basebackup failed: {reason[-PROBLEM_CHARACTERS_MAX:]}",
                    remedy="The database's own log says more; `octonext doctor` names damaged files.",
                )
            await asyncio.to_thread(writer.finish)
            await asyncio.to_thread(make_durable, file)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        said.cancel()
        await asyncio.gather(said, return_exceptions=True)


def _copy_keyring(folder: BackupFolder) -> None:
    """Keep the wrapped keys beside what they open: with the master key, a copy of the folder is enough."""
    source = folder.keyring_file
    if source is not None:
        unfinished = folder.root / f".{source.name}.new"
        with new_private_file(unfinished) as file:
            file.write(source.read_bytes())
            make_durable(file)
        unfinished.replace(folder.root / source.name)
        sync_folder(folder.root)

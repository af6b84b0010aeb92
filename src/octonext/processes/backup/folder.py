"""What lies in the backup folder, and how it gets there: sealed, whole or not at all, and durable.

DATABASE/base/ID/{base.tar,manifest}.sealed        a finished base backup; ID.unfinished while it is made
DATABASE/wal/RUN/{run,until}.sealed                an unbroken piece of the database's log
DATABASE/wal/RUN/SEGMENT[.partial].sealed          its segments; the last one still grows
keyring.json                                       the wrapped keys as of the newest backup
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from octonext.base.errors import OctoNextError
from octonext.crypto.keyring import Keyring
from octonext.crypto.sealed_stream import SealedWriter, unseal
from octonext.runtime.durable import sync_folder

from .domain import Manifest, Run, SealedFile, Until

PURPOSE = "backup"
"""Of the keys in the keyring."""
UNFINISHED = ".unfinished"
SEALED = ".sealed"
PARTIAL = ".partial"
MANIFEST = "manifest"
BASE = "base.tar"
RUN = "run"
UNTIL = "until"
READ_BYTES = 1024 * 1024

T = TypeVar("T", bound=msgspec.Struct)


class BackupDamaged(OctoNextError):
    """A backup's files are not what its manifest says."""

    code = "backup_damaged"


class BackupBusy(OctoNextError):
    """Another process is at work on this database's backups."""

    code = "backup_busy"


@dataclass(frozen=True)
class BackupFolder:
    """The backups of one database below `root`; `keyring` has, or makes, their keys."""

    root: Path
    database: str
    keyring: Keyring
    keyring_file: Path | None = None
    """Copied beside the backups, wrapped as it is."""

    @property
    def base(self) -> Path:
        return self.root / self.database / "base"

    @property
    def wal(self) -> Path:
        return self.root / self.database / "wal"

    def prepare(self) -> None:
        for folder in (self.root, self.root / self.database, self.base, self.wal):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among those who make, restore or remove backups of this database. Raises BackupBusy."""
        self.prepare()
        handle = os.open(self.root / self.database / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise BackupBusy(
                f"{self.database}: a backup or restore is running already.",
                remedy="Try again when it is over.",
            ) from None
        try:
            yield
        finally:
            os.close(handle)

    def key_name(self, kind: str, identity: str) -> str:
        return f"{self.database}:{kind}:{identity}"

    def find_key(self, name: str) -> bytes | None:
        return self.keyring.find(PURPOSE, name)

    def new_key(self, name: str) -> bytes:
        return self.keyring.key(PURPOSE, name)

    def context(self, path: Path) -> str:
        """What a sealed file is bound to: its place below the root, whole or not."""
        place = path.relative_to(self.root).as_posix()
        return place.replace(UNFINISHED, "").replace(PARTIAL, "").removesuffix(SEALED)

    def open(self, path: Path, *, unfinished: bool = False) -> Iterator[bytes]:
        """The plaintext of a sealed file. Raises SealRefused, SealKeyMissing, OSError."""
        with path.open("rb") as file:
            yield from unseal(file, self.find_key, context=self.context(path), unfinished=unfinished)

    def document(self, path: Path, kind: type[T]) -> T:
        """A sealed JSON document. Raises BackupDamaged, SealRefused, SealKeyMissing, OSError."""
        try:
            return msgspec.json.decode(b"".join(self.open(path)), type=kind)
        except msgspec.DecodeError as error:
            raise BackupDamaged(f"{path} is not what it should be: {error}.") from None

    def write_document(self, path: Path, document: msgspec.Struct, key: str) -> None:
        """Seal a JSON document into its place in one step, durably."""
        unfinished = path.with_name(f".{path.name}.new")
        with new_private_file(unfinished) as file:
            writer = SealedWriter(file, self.new_key(key), key_id=key, context=self.context(path))
            writer.write(msgspec.json.encode(document))
            writer.finish()
            make_durable(file)
        unfinished.replace(path)
        sync_folder(path.parent)

    def backups(self) -> list[str]:
        """Identities of finished base backups, oldest first."""
        return sorted(each.name for each in _folders(self.base) if not each.name.endswith(UNFINISHED))

    def unfinished(self) -> list[str]:
        """Identities of base backups that were never finished, or are being made."""
        return sorted(
            each.name.removesuffix(UNFINISHED)
            for each in _folders(self.base)
            if each.name.endswith(UNFINISHED)
        )

    def manifest(self, backup: str) -> Manifest:
        """Raises SealRefused, SealKeyMissing, BackupDamaged, OSError."""
        return self.document(self.base / backup / (MANIFEST + SEALED), Manifest)

    def runs(self) -> list[Run]:
        """Every run of the log, oldest first. Raises as `manifest`."""
        found = [self.document(each / (RUN + SEALED), Run) for each in _folders(self.wal) if _has_run(each)]
        return sorted(found, key=lambda run: run.started_at)

    def until(self, run: str) -> Until | None:
        path = self.wal / run / (UNTIL + SEALED)
        return self.document(path, Until) if path.exists() else None

    def segments(self, run: str) -> dict[str, Path]:
        """Sealed segments by name, in order; a partial one only where it is not whole yet."""
        found: dict[str, Path] = {}
        for path in sorted((self.wal / run).glob("*" + SEALED)):
            name = path.name.removesuffix(SEALED)
            if len(name.removesuffix(PARTIAL)) == 24 and name.removesuffix(PARTIAL) not in found:
                found[name.removesuffix(PARTIAL)] = path
        return dict(sorted(found.items()))

    def forget_backup(self, backup: str) -> None:
        """Delete a base backup and its key: whatever copies of it remain are unreadable."""
        for folder in (self.base / backup, self.base / (backup + UNFINISHED)):
            shutil.rmtree(folder, ignore_errors=True)
        self.keyring.remove(PURPOSE, self.key_name("base", backup))

    def forget_run(self, run: str) -> None:
        """Delete a run of the log and its key."""
        shutil.rmtree(self.wal / run, ignore_errors=True)
        self.keyring.remove(PURPOSE, self.key_name("wal", run))


def new_private_file(path: Path) -> BinaryIO:
    """A new file that only its owner reads, for writing; one that is there already is replaced."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    return os.fdopen(handle, "wb")


def make_durable(file: BinaryIO) -> None:
    """Everything written so far survives a power failure."""
    file.flush()
    os.fsync(file.fileno())


def digest(path: Path) -> SealedFile:
    """Length and SHA-256 of a file as it is on disk."""
    with path.open("rb") as file:
        return SealedFile(path.name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _folders(parent: Path) -> list[Path]:
    return [each for each in parent.iterdir() if each.is_dir()] if parent.is_dir() else []


def _has_run(folder: Path) -> bool:
    return (folder / (RUN + SEALED)).exists()

"""Files of keys: written whole or not at all, and read only when nobody else can read them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .keyring_errors import KeyringUnsafe

PRIVATE_MODE = 0o600
FILE_BYTES_MAX = 16 * 1024 * 1024
ASIDE_MAX = 100
"""Files that were replaced; at the limit the last one is written over."""


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` in one step that survives a crash: afterwards it is the old or the new content.

    Raises KeyringUnsafe when it cannot be written.
    """
    beside = path.with_name(path.name + ".new")
    try:
        # Left by a writer that was killed: never anybody's key, for nothing ever reads it.
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise _unusable(path, error) from None


def move(source: Path, target: Path) -> None:
    """Put `source` in the place of `target`, durably. Raises KeyringUnsafe."""
    try:
        source.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise _unusable(target, error) from None


def set_aside(path: Path) -> None:
    """Keep what is at `path`, if anything, under a name that nothing reads."""
    for number in range(1, ASIDE_MAX + 1):
        aside = path.with_name(f"{path.name}.replaced-{number}")
        if not aside.exists():
            break
    if path.exists():
        move(path, aside)


def read_private(path: Path) -> bytes | None:
    """The content, or None when there is no such file. Raises KeyringUnsafe when others may read it."""
    try:
        with path.open("rb") as file:
            require_private(path, os.fstat(file.fileno()))
            return file.read(FILE_BYTES_MAX)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from None


def require_private(path: Path, found: os.stat_result) -> None:
    """Refuse a file that is another's, or open to others. Raises KeyringUnsafe."""
    if found.st_uid not in (os.geteuid(), 0):
        raise KeyringUnsafe(
            f"{path} belongs to another user (uid {found.st_uid}).",
            remedy="Run OctoNext as that user, or give the file to this one (chown).",
        )
    mode = stat.S_IMODE(found.st_mode)
    if mode & ~PRIVATE_MODE:
        raise KeyringUnsafe(
            f"{path} is open to others than its owner (mode {mode:04o}).",
            remedy=f"If nobody else has read it: chmod 600 {path}. Otherwise its keys are known.",
        )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the only right to change the keys of `folder`; others wait. Ends with the process."""
    path = folder / "keyring.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unusable(path: Path, error: OSError) -> KeyringUnsafe:
    return KeyringUnsafe(
        f"{path} cannot be used: {error.strerror}.", remedy="Start OctoNext as the user who made it."
    )

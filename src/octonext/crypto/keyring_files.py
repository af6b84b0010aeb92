"""Files of keys: written whole or not at all, and read only when nobody else can read them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from octonext.runtime.durable import replace_file, sync_folder

from .keyring_errors import KeyringUnsafe

PRIVATE_MODE = 0o600
FILE_BYTES_MAX = 16 * 1024 * 1024
ASIDE_MAX = 100
"""Files that were replaced; at the limit the last one is written over."""


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` in one step that survives a crash: afterwards it is the old or the new content.

    Raises KeyringUnsafe when it cannot be written.
    """
    try:
        replace_file(path, content)
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


def _unusable(path: Path, error: OSError) -> KeyringUnsafe:
    return KeyringUnsafe(
        f"{path} cannot be used: {error.strerror}.", remedy="Start OctoNext as the user who made it."
    )

"""Files that survive a power failure: whole or not at all, and found again under their names."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE_MODE = 0o600


def replace_file(path: Path, content: bytes, mode: int = PRIVATE_MODE) -> None:
    """Replace `path` in one step: after a crash it is the old or the new content. Raises OSError."""
    beside = path.with_name(f"{path.name}.new")
    # Left by a writer that was killed: nothing ever reads it.
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: of files made, renamed or deleted there. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

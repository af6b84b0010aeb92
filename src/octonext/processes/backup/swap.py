"""A restored data folder takes the place of the old one in steps that may be interrupted anywhere.

data.restoring        being filled; worthless after an interruption
data.restored         complete, about to take the place of `data`
data.before-restore   what was `data` before, kept until somebody says otherwise
"""

from __future__ import annotations

import shutil
from pathlib import Path

from octonext.base.errors import OctoNextError
from octonext.runtime.durable import sync_folder


class OldDataKept(OctoNextError):
    """The data from before an earlier restore is still there."""

    code = "old_data_kept"


def restoring(data: Path) -> Path:
    """Where a restore works."""
    return data.with_name(f"{data.name}.restoring")


def restored(data: Path) -> Path:
    """A complete restore that has not taken its place yet."""
    return data.with_name(f"{data.name}.restored")


def before(data: Path) -> Path:
    """What was there before the restore."""
    return data.with_name(f"{data.name}.before-restore")


def require_room_for_old(data: Path, database: str) -> None:
    """Raises OldDataKept when an earlier restore's old data would have to be overwritten."""
    if before(data).exists() and data.exists():
        raise OldDataKept(
            f"{before(data)} still holds what {database} was before the last restore.",
            remedy=f"If it is not needed any more: octonext restore --database {database} --forget",
        )


def take_place(data: Path) -> None:
    """Put the complete restore where the data was; the old data stays beside it."""
    restoring(data).rename(restored(data))
    sync_folder(data.parent)
    if data.exists():
        data.rename(before(data))
    restored(data).rename(data)
    sync_folder(data.parent)


def settle(data: Path) -> None:
    """Finish a swap that was interrupted; a server must not be made anew where one is waiting."""
    if data.exists():
        # Interrupted before the old data moved: it stays what counts, the restore can be run again.
        return
    for waiting in (restored(data), before(data)):
        if waiting.exists():
            waiting.rename(data)
            sync_folder(data.parent)
            return


def clear(data: Path) -> None:
    """Delete what an interrupted restore left; never the data or the old data."""
    if data.exists():
        shutil.rmtree(restored(data), ignore_errors=True)
    shutil.rmtree(restoring(data), ignore_errors=True)


def forget(data: Path) -> bool:
    """Delete the old data; whether there was any."""
    if not data.exists() or not before(data).exists():
        return False
    shutil.rmtree(before(data))
    return True

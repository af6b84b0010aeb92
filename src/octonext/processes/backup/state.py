"""What the archive tells others: DATA/run/backup.json, replaced as a whole every few seconds."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from octonext.runtime.layout import Layout

WRITE_EVERY_S = 2.0
FRESH_S = 15.0
"""A state older than this is nobody's."""


class ArchiveStatus(msgspec.Struct, kw_only=True):
    """How the backups of one database stand. Times are Unix seconds."""

    database: str
    state: str = "starting"
    """starting, archiving or failing"""
    run: str | None = None
    archived_to: str | None = None
    complete_until: float | None = None
    """What was committed before this is archived."""
    since: float = 0.0
    failures: int = 0
    problem: str = ""
    backed_up_at: float | None = None
    """When the newest base backup was finished."""
    backup_problem: str = ""


class BackupState(msgspec.Struct, kw_only=True):
    """The archive process as it sees itself."""

    at: float
    databases: list[ArchiveStatus]


def write_backup_state(layout: Layout, state: BackupState) -> None:
    """Replace the file in one step."""
    path = _file(layout)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(msgspec.json.encode(state))
    unfinished.chmod(0o644)
    unfinished.replace(path)


def read_backup_state(layout: Layout) -> BackupState | None:
    """What was last written, or None."""
    try:
        return msgspec.json.decode(_file(layout).read_bytes(), type=BackupState)
    except (OSError, msgspec.DecodeError):
        return None


def is_fresh(layout: Layout) -> bool:
    """Whether the archive process lives."""
    state = read_backup_state(layout)
    return state is not None and abs(time.time() - state.at) < FRESH_S


def _file(layout: Layout) -> Path:
    return layout.run / "backup.json"

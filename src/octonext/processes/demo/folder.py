"""The demo's own folder: where it is, and how the one of an earlier demo is recognised and replaced.

A demo begins with nothing. So it deletes what an earlier one left, and only that: a folder without the
marker that a demo writes first is never touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from pathlib import Path

from octonext.base.errors import OctoNextError
from octonext.crypto.volume import unmount_below
from octonext.processes.os_process import end, everyone
from octonext.processes.supervisor.lock import hold
from octonext.runtime.layout import Layout

MARKER = "octonext-demo"
MARKER_TEXT = "This folder belongs to `octonext demo`, which deletes everything in it when it starts again.\n"
SPACE_BYTES_MIN = 1_000_000_000
"""Three databases with their write-ahead logs, and PostgreSQL's programs where they must be copied."""
LINGERING_S = 15.0


class DemoFolderRefused(OctoNextError):
    """The folder is not one that a demo may use."""

    code = "demo_folder"


def default_folder() -> Path:
    """As root the system's place, which PostgreSQL's own user can reach; else the user's own."""
    if os.geteuid() == 0:
        return Path("/var/lib/octonext/demo")
    data_home = os.environ.get("XDG_DATA_HOME", "")
    # The specification says that a relative path there counts as none.
    home = Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share"
    return home / "octonext" / "demo"


def prepare_folder(chosen: Path) -> Path:
    """An empty folder with a marker in it, its parents made; what an earlier demo left is deleted.

    Raises DemoFolderRefused, AlreadyRunning while a demo runs there, and VolumeBusy while somebody
    looks into its volumes.
    """
    folder = chosen.expanduser().resolve()
    try:
        _make(folder)
        if any(folder.iterdir()):
            _empty(folder)
        (folder / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise DemoFolderRefused(
            f"{folder} cannot be used: {error.strerror or error}.", remedy="Choose another --data."
        ) from error
    if free < SPACE_BYTES_MIN:
        raise DemoFolderRefused(
            f"Only {free // 1_000_000} MB are free at {folder}; the demo needs "
            f"{SPACE_BYTES_MIN // 1_000_000} MB.",
            remedy="Make room, or choose another --data.",
        )
    return folder


def _make(folder: Path) -> None:
    # Each with a mode of its own: under root's umask of 077 PostgreSQL's user could not pass.
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=0o755)
            each.chmod(0o755 if os.geteuid() == 0 else 0o700)


def _empty(folder: Path) -> None:
    marker = folder / MARKER
    if not marker.is_file():
        raise DemoFolderRefused(
            f"{folder} is not empty, and nothing in it says that it is a demo's.",
            remedy="Choose another --data; the demo deletes only folders that it made itself.",
        )
    layout = Layout(folder)
    if layout.run.is_dir():
        with hold(layout.lock):
            _end_lingering(folder)
            unmount_below(folder)
    # The marker goes last, so that an interrupted deletion can be taken up again.
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == MARKER):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _end_lingering(folder: Path) -> None:
    """A killed demo's processes end by themselves, but PostgreSQL takes a moment; files go only after it."""
    found = []
    for process in everyone():
        with contextlib.suppress(OSError):
            if (
                Path(f"/proc/{process.pid}/cwd").readlink().is_relative_to(folder)
                and process.name == "postgres"
            ):
                found.append(process.pid)
    end(found, signal.SIGINT, LINGERING_S)

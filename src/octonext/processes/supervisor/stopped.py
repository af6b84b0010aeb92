"""One database kept stopped while the others go on: DATA/run/stopped/NAME, looked at by the supervisor.

The file outlives restarts. Who works on the stopped database's files holds its lock, so that nobody starts
the database under their hands.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from octonext.base.errors import OctoNextError
from octonext.runtime.layout import Layout


class WorkedOn(OctoNextError):
    """A stopped database's files are being worked on."""

    code = "database_worked_on"


def is_stopped(layout: Layout, name: str) -> bool:
    """Whether the database `name` is to stay stopped."""
    return _file(layout, name).exists()


def keep_stopped(layout: Layout, name: str) -> None:
    """Ask for it; the supervisor ends the database within a second."""
    path = _file(layout, name)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)


def let_run(layout: Layout, name: str) -> bool:
    """Take it back; whether it was asked for. Raises WorkedOn."""
    if not is_stopped(layout, name):
        return False
    with worked_on(layout, name):
        _file(layout, name).unlink(missing_ok=True)
    return True


@contextmanager
def worked_on(layout: Layout, name: str) -> Iterator[None]:
    """Keep a database stopped for the block, whatever is asked for meanwhile. Raises WorkedOn."""
    handle = os.open(_file(layout, name), os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkedOn(f"{name} is being restored.", remedy="Try again when that is over.") from None
        yield
    finally:
        os.close(handle)


def _file(layout: Layout, name: str) -> Path:
    return layout.run / "stopped" / name

"""Sealed segments handed to a recovering PostgreSQL one after the other: a few at a time, no plain archive.

PostgreSQL asks for a segment by running `command`, a line of shell that waits until the segment lies in the
spool folder. The spool is inside of the database's own encrypted volume.
"""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable
from pathlib import Path

from octonext.processes.cluster.binaries import OsUser

from .folder import PARTIAL, BackupFolder
from .wal import SEGMENT_BYTES

AHEAD_SEGMENTS = 4
POLL_S = 0.02
ABORT = 254
"""An exit code above 125 makes PostgreSQL give up; a smaller one would mean that the log ends here."""


class LogFeed:
    """Feeds `segments` (by name, in order) through `spool` until closed."""

    def __init__(
        self,
        folder: BackupFolder,
        segments: dict[str, Path],
        timelines: set[int],
        spool: Path,
        user: OsUser,
        own: Callable[[Path, OsUser], None],
    ) -> None:
        """`timelines` are numbers that are in use already, so that PostgreSQL takes another one."""
        self._folder = folder
        self._segments = segments
        self._spool = spool
        self._user = user
        self._own = own
        self._over = threading.Event()
        self.problem: Exception | None = None
        spool.mkdir(mode=0o700)
        (spool / "plan").write_text("".join(f"{name}\n" for name in segments), encoding="ascii")
        for number in timelines:
            history = spool / f"{number:08X}.history"
            history.write_text(f"{number - 1}\t0/1000000\tin use\n", encoding="ascii")
        for path in (spool, *spool.iterdir()):
            own(path, user)
        self._thread = threading.Thread(target=self._feed, name="log feed", daemon=True)
        self._thread.start()

    @property
    def command(self) -> str:
        """PostgreSQL's restore_command."""
        place = shlex.quote(str(self._spool)).replace("%", "%%")
        return (
            f"s={place}; "
            'case "%f" in *.history) exec cp "$s/%f" "%p" 2>/dev/null;; esac; '
            # Taken before: PostgreSQL still has it, and finds it when we say no.
            'grep -qx "%f" "$s/plan" && [ ! -e "$s/%f.taken" ] || exit 1; '
            f'until [ -e "$s/%f" ]; do [ ! -e "$s/failed" ] && kill -0 $PPID 2>/dev/null || exit {ABORT}; '
            f"sleep {POLL_S}; done; "
            f'mv "$s/%f" "%p" && : > "$s/%f.taken" || exit {ABORT}'
        )

    def taken(self) -> int:
        """How many segments PostgreSQL has asked for."""
        return sum(1 for _ in self._spool.glob("*.taken"))

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _feed(self) -> None:
        try:
            for name, path in self._segments.items():
                while len(self._waiting()) >= AHEAD_SEGMENTS:
                    if self._over.wait(POLL_S):
                        return
                if self._over.is_set():
                    return
                self._unseal(name, path)
        except Exception as error:  # noqa: BLE001 -- told by whoever waits for the recovery
            self.problem = error
            (self._spool / "failed").touch()

    def _waiting(self) -> list[Path]:
        return [each for each in self._spool.iterdir() if each.name in self._segments]

    def _unseal(self, name: str, path: Path) -> None:
        unfinished = self._spool / f".{name}.new"
        with unfinished.open("wb") as file:
            for chunk in self._folder.open(path, unfinished=PARTIAL in path.name):
                file.write(chunk)
            # The part that was never written reads as zeros, where PostgreSQL sees the end of the log.
            file.truncate(SEGMENT_BYTES)
        self._own(unfinished, self._user)
        unfinished.rename(self._spool / name)

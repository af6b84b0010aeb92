"""One database's log, received as it is written and sealed as it comes: nothing plain touches the disk.

PostgreSQL keeps what we have not confirmed, up to `max_slot_wal_keep_size`; beyond that it forgets, and the
database goes on. A `run` is an unbroken piece of the log: whatever breaks it (we were away too long, the
database was restored, its history is another one) begins a new run, which needs a base backup of its own.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import structlog

from octonext.base.errors import OctoNextError
from octonext.crypto.sealed_stream import SealedWriter
from octonext.runtime.durable import sync_folder
from octonext.runtime.layout import OWNER_ROLE, POSTGRES_SOCKET_NAME

from .domain import Run, Until, new_identity
from .folder import (
    PARTIAL,
    RUN,
    SEALED,
    UNTIL,
    BackupFolder,
    make_durable,
    new_private_file,
)
from .replication import Pulse, Replication, ReplicationFailed, Wal
from .state import ArchiveStatus
from .wal import SEGMENT_BYTES, lsn_text, parse_lsn, segment_name, segment_position, segment_start

SLOT = "octonext_archive"
STORE_BYTES = 1024 * 1024
STORE_EVERY_S = 0.5
"""What was committed longer ago than this, and the time to write it, survives the loss of the database."""
ASK_EVERY_S = 2.0
SILENCE_MAX_S = 30.0
UNTIL_EVERY_S = 1.0
"""How often the archive notes until when it is complete; up to that a restore goes to a chosen second."""
RETRY_FIRST_S = 0.5
RETRY_MAX_S = 15.0
APPLICATION = "octonext-archive"

log = structlog.get_logger(__name__)


class HistoryForked(OctoNextError):
    """The database's log is not the continuation of what is archived of it."""

    code = "history_forked"


class Archiver:
    """Keeps the archive of `folder.database` going until cancelled; `status` says how it goes."""

    def __init__(
        self,
        folder: BackupFolder,
        socket_dir: Path,
    ) -> None:
        self.status = ArchiveStatus(database=folder.database, since=time.time())
        self.folder = self._folder = folder
        self._socket = socket_dir / POSTGRES_SOCKET_NAME

    async def run(self) -> None:
        """Archive for ever; whatever fails is said in `status` and tried again."""
        pause_s = RETRY_FIRST_S
        while True:
            began = time.monotonic()
            try:
                await self._session()
            except (OctoNextError, OSError, TimeoutError) as error:
                if self.status.state == "archiving" and time.monotonic() - began > RETRY_MAX_S:
                    pause_s = RETRY_FIRST_S
                self._fail(error)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_MAX_S)

    async def _session(self) -> None:
        """One connection's life; always ends with an exception."""
        connection = await Replication.connect(self._socket, user=OWNER_ROLE, application_name=APPLICATION)
        try:
            system, timeline_text, at, _ = await connection.query("IDENTIFY_SYSTEM")
            if system is None or timeline_text is None or at is None:
                raise ReplicationFailed("The server does not say who it is.")
            timeline, written = int(timeline_text), parse_lsn(at)
            kept_from = await _slot(connection)
            piece = await asyncio.to_thread(self._resume, system, timeline, kept_from, written)
            if piece is None:
                piece = await asyncio.to_thread(self._begin, system, timeline, kept_from)
            try:
                await connection.stream(SLOT, piece.compare_from, timeline)
                await self._receive(connection, piece)
            except HistoryForked:
                piece.close()
                await asyncio.to_thread(self._begin, system, timeline, kept_from)
                raise
            finally:
                piece.close()
        finally:
            connection.close()

    async def _receive(self, connection: Replication, piece: Piece) -> None:
        turn = _Turn(piece.compare_from)
        # One task that outlives the wait: a message that was half read must not be lost.
        receiving = asyncio.create_task(connection.receive())
        try:
            while True:
                await asyncio.wait({receiving}, timeout=STORE_EVERY_S)
                message = None
                if receiving.done():
                    message = receiving.result()
                    receiving = asyncio.create_task(connection.receive())
                await self._take(connection, piece, message, turn)
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)

    async def _take(
        self, connection: Replication, piece: Piece, message: Wal | Pulse | None, turn: _Turn
    ) -> None:
        now = time.monotonic()
        if message is not None:
            turn.heard = now
        elif now - turn.heard > SILENCE_MAX_S:
            raise TimeoutError(f"no word from the server for {SILENCE_MAX_S:g} s")
        if isinstance(message, Wal):
            if message.start != turn.reached:
                raise ReplicationFailed("The server left out a part of its log.")
            turn.reached += len(message.data)
            turn.waiting += message.data
        if turn.waiting and (len(turn.waiting) >= STORE_BYTES or now - turn.stored >= STORE_EVERY_S):
            data = bytes(turn.waiting)
            turn.waiting.clear()
            await asyncio.to_thread(piece.store, data)
            turn.stored = time.monotonic()
            self._report(connection, piece, ask=False)
        if now - turn.asked >= ASK_EVERY_S:
            turn.asked = now
            self._report(connection, piece, ask=True)
        if isinstance(message, Pulse) and message.end <= piece.end:
            self._goes_well()
            if now - turn.noted >= UNTIL_EVERY_S:
                turn.noted = now
                await asyncio.to_thread(piece.write_until, message.at)
                # Said only when the archive itself says it: who restores has nothing but the archive.
                self.status.archived_to = lsn_text(piece.end)
                self.status.complete_until = message.at

    def _report(self, connection: Replication, piece: Piece, *, ask: bool) -> None:
        # The slot keeps one segment more than we need, to compare with when we come again. A server that
        # stops waits until all is flushed, or, where nothing is said of that, written: so say it twice.
        kept = max(segment_start(piece.end) - SEGMENT_BYTES, piece.start)
        connection.report(written=piece.end, flushed=kept, ask=False)
        connection.report(written=piece.end, flushed=0, ask=ask)

    def _resume(self, system: str, timeline: int, kept_from: int, written: int) -> Piece | None:
        """The newest run, where it can be gone on with."""
        self._folder.prepare()
        runs = [run for run in self._folder.runs() if (run.system, run.timeline) == (system, timeline)]
        if not runs:
            return None
        piece = Piece.reopen(self._folder, runs[-1])
        if piece is None or piece.compare_from < segment_start(kept_from) or piece.end > written:
            log.warning("archive_run_broken", database=self._folder.database, run=runs[-1].run)
            return None
        self._say_run(piece)
        return piece

    def _begin(self, system: str, timeline: int, kept_from: int) -> Piece:
        run = Run(
            run=new_identity(time.time()),
            database=self._folder.database,
            system=system,
            timeline=timeline,
            start_lsn=lsn_text(segment_start(kept_from)),
            started_at=time.time(),
        )
        piece = Piece.begin(self._folder, run)
        log.info("archive_run_began", database=run.database, run=run.run, start=run.start_lsn)
        self._say_run(piece)
        return piece

    def _say_run(self, piece: Piece) -> None:
        self.status.run = piece.run.run
        self.status.archived_to = lsn_text(piece.end)

    def _goes_well(self) -> None:
        if self.status.state != "archiving":
            self.status.state, self.status.since, self.status.problem = "archiving", time.time(), ""

    def _fail(self, error: Exception) -> None:
        said = error.message if isinstance(error, OctoNextError) else str(error) or type(error).__name__
        if self.status.state != "failing":
            self.status.state, self.status.since = "failing", time.time()
            log.warning("archive_failing", database=self._folder.database, reason=said)
        self.status.failures += 1
        self.status.problem = said


class _Turn:
    """What one connection's life keeps in mind: the position received, and when what was done last."""

    def __init__(self, reached: int) -> None:
        self.reached = reached
        self.waiting = bytearray()
        self.heard = time.monotonic()
        self.stored = self.asked = self.noted = 0.0


class Piece:
    """A run on disk, and the segment that grows. Blocking: called in threads, one call at a time."""

    def __init__(self, folder: BackupFolder, run: Run, known: bytes, compare_from: int) -> None:
        """`known` is what is stored from `compare_from` on: the server must say the same again."""
        self.run = run
        self.start = parse_lsn(run.start_lsn)
        self.compare_from = compare_from
        self.end = compare_from + len(known)
        self._folder = folder
        self._key = folder.key_name("wal", run.run)
        self._known = known
        self._at = compare_from
        self._file: _Growing | None = None

    @classmethod
    def begin(cls, folder: BackupFolder, run: Run) -> Piece:
        place = folder.wal / run.run
        place.mkdir(mode=0o700)
        folder.write_document(place / (RUN + SEALED), run, folder.key_name("wal", run.run))
        sync_folder(folder.wal)
        start = parse_lsn(run.start_lsn)
        return cls(folder, run, b"", start)

    @classmethod
    def reopen(cls, folder: BackupFolder, run: Run) -> Piece | None:
        """None where a segment is missing in between, or nothing is stored yet to compare with."""
        segments = folder.segments(run.run)
        start = parse_lsn(run.start_lsn)
        for number, name in enumerate(segments):
            if segment_position(name) != (run.timeline, _first(segments) + number * SEGMENT_BYTES):
                return None
        newest = list(segments.items())[-2:]
        known = b"".join(b"".join(folder.open(path, unfinished=PARTIAL in path.name)) for _, path in newest)
        begins = segment_position(newest[0][0])[1] if newest else start
        return cls(folder, run, known, begins)

    def store(self, data: bytes) -> None:
        """Compare what is known with what comes again; seal and sync what is new. Raises HistoryForked."""
        known_until = self.compare_from + len(self._known)
        if self._at < known_until:
            again = data[: known_until - self._at]
            at = self._at - self.compare_from
            if self._known[at : at + len(again)] != again:
                raise HistoryForked("The database's log is another one than the archived: it was restored.")
            self._at += len(again)
            data = data[len(again) :]
            if self._at == known_until and known_until % SEGMENT_BYTES and self._file is None:
                begins = segment_start(known_until)
                self._file = self._grow(begins)
                self._file.write(self._known[begins - self.compare_from :])
        while data:
            if self._file is None:
                self._file = self._grow(self._at)
            room = SEGMENT_BYTES - self._at % SEGMENT_BYTES
            self._file.write(data[:room])
            self._at += min(room, len(data))
            data = data[room:]
            if self._at % SEGMENT_BYTES == 0:
                self._file.complete()
                self._file = None
        if self._file is not None:
            self._file.settle()
        self.end = max(self.end, self._at)

    def write_until(self, at: float) -> None:
        path = self._folder.wal / self.run.run / (UNTIL + SEALED)
        self._folder.write_document(path, Until(lsn_text(self.end), at), self._key)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _grow(self, position: int) -> _Growing:
        name = segment_name(self.run.timeline, position)
        return _Growing(self._folder, self._folder.wal / self.run.run / (name + SEALED), self._key)


class _Growing:
    """The newest segment: a partial file that is readable at any time, then a whole one."""

    def __init__(self, folder: BackupFolder, path: Path, key: str) -> None:
        self._path = path
        self._partial = path.with_name(path.name.removesuffix(SEALED) + PARTIAL + SEALED)
        self._new = self._partial.with_name(f".{self._partial.name}.new")
        self._new.unlink(missing_ok=True)
        self._file = new_private_file(self._new)
        self._writer = SealedWriter(self._file, folder.new_key(key), key_id=key, context=folder.context(path))
        self._in_place = False

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def settle(self) -> None:
        """Durable as far as it is; only now an earlier partial file may go."""
        self._writer.flush()
        make_durable(self._file)
        if not self._in_place:
            self._new.replace(self._partial)
            sync_folder(self._partial.parent)
            self._in_place = True

    def complete(self) -> None:
        self._writer.finish()
        make_durable(self._file)
        self.close()
        (self._partial if self._in_place else self._new).replace(self._path)
        sync_folder(self._path.parent)
        # Where a session before us left a partial file of this segment, the whole one replaces it.
        self._partial.unlink(missing_ok=True)

    def close(self) -> None:
        self._file.close()


async def _slot(connection: Replication) -> int:
    """From where the server keeps its log for us; the slot is made where there is none, or a lost one."""
    found = await connection.query(f"READ_REPLICATION_SLOT {SLOT}")
    kind, kept_from = (found[0], found[1]) if len(found) > 1 else (None, None)
    if kind is not None and kept_from is None:
        await connection.query(f"DROP_REPLICATION_SLOT {SLOT}")
    if kept_from is None:
        await connection.query(f"CREATE_REPLICATION_SLOT {SLOT} PHYSICAL RESERVE_WAL")
        found = await connection.query(f"READ_REPLICATION_SLOT {SLOT}")
        kept_from = found[1] if len(found) > 1 else None
    if kept_from is None:
        raise ReplicationFailed("The server keeps no log for the archive.")
    return parse_lsn(kept_from)


def _first(segments: dict[str, Path]) -> int:
    return segment_position(next(iter(segments)))[1]

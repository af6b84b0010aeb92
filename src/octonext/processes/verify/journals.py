"""Reads tills' journals from their SQLite files: numbers, hashes and acks; the contents stay sealed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from octonext.base.errors import OctoNextError
from octonext.crypto.chain import GENESIS
from octonext.till.errors import TillError
from octonext.till.store.file import TillFile
from octonext.till.store.journal import FILE_NAME

#: Entries read in one go.
PAGE = 1_000


class NoJournals(TillError):
    """There is no till under the folder that was named."""

    code = "no_journals"


class _Identity(msgspec.Struct):
    device_id: int
    branch_id: int


class _Acked(msgspec.Struct):
    seq: int = 0
    hash: bytes = GENESIS


@dataclass(frozen=True, slots=True)
class TillJournal:
    """A till's journal as far as it can be read without a PIN."""

    path: Path
    branch: int
    device: int
    acked_seq: int
    acked_hash: bytes
    first_seq: int
    """The first entry that was not pruned; 1 for an empty journal."""
    last_seq: int
    count: int

    @property
    def gapless(self) -> bool:
        return self.count == self.last_seq - self.first_seq + 1

    def read_last_seq(self) -> int:
        """The last entry as of now. Raises TillError."""
        file = TillFile.open(self.path, readonly=True)
        try:
            [(_, last, _)] = file.rows("entry_extent")
        finally:
            file.close()
        return int(last or 0)

    def hashes(self) -> Iterator[tuple[int, bytes]]:
        """Every entry's seq and hash, in order. Raises TillError."""
        file = TillFile.open(self.path, readonly=True)
        try:
            after = self.first_seq - 1
            while rows := file.rows("entry_outgoing", after, PAGE):
                for seq, own_hash, *_ in rows:
                    yield int(seq), bytes(own_hash)
                after = int(rows[-1][0])
        finally:
            file.close()


@dataclass(frozen=True, slots=True)
class BadJournal:
    """A journal that cannot be read, and why."""

    path: Path
    reason: str


def find_journals(folders: Iterable[Path]) -> list[TillJournal | BadJournal]:
    """Every journal under the folders. Raises NoJournals for a folder without one."""
    found: list[TillJournal | BadJournal] = []
    for folder in folders:
        paths = sorted(folder.rglob(FILE_NAME)) if folder.is_dir() else []
        if not paths:
            raise NoJournals(f"There is no till's journal under {folder}.")
        found += [_open(path) for path in paths]
    return found


def _open(path: Path) -> TillJournal | BadJournal:
    try:
        file = TillFile.open(path, readonly=True)
        try:
            identity = msgspec.json.decode(file.rows("meta_get", "identity")[0][0], type=_Identity)
            acked = msgspec.json.decode(file.rows("meta_get", "acked")[0][0], type=_Acked)
            [(first, last, count)] = file.rows("entry_extent")
        finally:
            file.close()
    except (OctoNextError, msgspec.DecodeError, IndexError) as error:
        return BadJournal(path, str(error) or type(error).__name__)
    return TillJournal(
        path=path,
        branch=identity.branch_id,
        device=identity.device_id,
        acked_seq=acked.seq,
        acked_hash=acked.hash,
        first_seq=int(first or 1),
        last_seq=int(last or 0),
        count=int(count),
    )

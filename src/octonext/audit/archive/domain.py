"""What is in an archive of one month of the trail, and whether it is what was sealed.

An archive is a zlib stream of frames, each a letter, a 32-bit length (big-endian) and bytes:

    A   JSON: which database and month this is
    H   a signed head: the 32-bit length of its bytes, those, 64 bytes of signature, its manifest
    R   a row of the head before it: its table's tag, then the record and each JSON column, each with a 32-bit
        length; 0xffffffff is NULL
    Z   JSON: how many rows of each table there are

Behind each head stand exactly those rows of the month that its manifest names, in that order. So a reader
needs one head in memory at a time, and nothing but the public key to tell that no row was altered, left out
or added. Heads that sealed no row of the month are left out.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from struct import Struct

import msgspec

from octonext.audit.sealing.domain import manifest
from octonext.audit.sealing.domain.head import SIGNATURE_BYTES, BadHead, SignedHead, signed_by
from octonext.audit.sealing.domain.manifest import BadManifest, TableLeaves
from octonext.audit.sealing.domain.rows import BY_TAG, TABLES, BadRow, SealedTable, microseconds_of, time_of
from octonext.base.errors import OctoNextError

VERSION = 1
ARCHIVED = (TABLES["audit_transaction"], TABLES["audit_change"])
"""Which tables move, in the order of their leaves. Journal and ledger stay: tills and sums build on them."""
FRAME_BYTES_MAX = 512 * 1024 * 1024
"""As long as a manifest may be; a frame that claims more is damage."""
_PIECE_BYTES = 1024 * 1024
_FRAME = Struct(">cI")
_LENGTH = Struct(">I")
_NULL = 0xFFFF_FFFF
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class MonthMalformed(OctoNextError):
    """A month is written 2026-03."""

    code = "month_malformed"


class ArchiveDiffers(OctoNextError):
    """An archive does not hold what was sealed; the message names the row, or what is wrong with the file."""

    code = "archive_differs"


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, UTC, as partitions are cut."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Raises MonthMalformed."""
        match = _MONTH.fullmatch(text)
        if match is None or match[1] < "0001":
            raise MonthMalformed(f"{text[:20]!r} is not a month.", remedy="Write it like 2026-03.")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime) -> Month:
        return cls(moment.astimezone(UTC).year, moment.astimezone(UTC).month)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.plus(1).start

    def plus(self, months: int) -> Month:
        """This many months later, or earlier."""
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


class About(msgspec.Struct, kw_only=True):
    """Which month of which database an archive is."""

    version: int
    database: str
    month: str


class Totals(msgspec.Struct, kw_only=True):
    """How many heads and rows an archive holds; `tree_size` is that of its newest head, 0 without one."""

    heads: int = 0
    rows: dict[str, int] = msgspec.field(default_factory=lambda: {table.name: 0 for table in ARCHIVED})
    tree_size: int = 0


@dataclass
class ArchiveWriter:
    """Packs frames for `write`; `finish` must be the last call."""

    write: Callable[[bytes], object]
    about: About
    totals: Totals = field(default_factory=Totals)

    def __post_init__(self) -> None:
        self._packer = zlib.compressobj()
        self._frame(b"A", msgspec.json.encode(self.about))

    def head(self, signed: SignedHead, leaves: bytes) -> None:
        """Begin the rows of a head."""
        self._frame(b"H", _LENGTH.pack(len(signed.encoded)) + signed.encoded + signed.signature + leaves)
        self.totals.heads += 1
        self.totals.tree_size = signed.head.size

    def row(self, table: SealedTable, record: bytes, json_texts: Sequence[str | None]) -> None:
        parts = [bytes([table.tag]), _LENGTH.pack(len(record)), record]
        for text in json_texts:
            encoded = b"" if text is None else text.encode()
            parts += [_LENGTH.pack(_NULL if text is None else len(encoded)), encoded]
        self._frame(b"R", b"".join(parts))
        self.totals.rows[table.name] += 1

    def finish(self) -> None:
        self._frame(b"Z", msgspec.json.encode(self.totals))
        self.write(self._packer.flush())

    def _frame(self, kind: bytes, body: bytes) -> None:
        self.write(self._packer.compress(_FRAME.pack(kind, len(body)) + body))


@dataclass(frozen=True)
class Named:
    """A leaf of the month, as its manifest names it."""

    table: SealedTable
    key: tuple[int, ...]
    at: int
    hash: bytes

    def __str__(self) -> str:
        when = time_of(self.at).isoformat(sep=" ", timespec="seconds")
        return f"{self.table.name} {self.table.key_text(self.key)} of {when}"


def leaves_of(groups: Iterable[TableLeaves], month: Month) -> Iterator[Named]:
    """The leaves of archived tables whose rows are of the month, in the order of the tree."""
    first, end = microseconds_of(month.start), microseconds_of(month.end)
    for group in groups:
        if group.table in ARCHIVED:
            for at, key, hashed in zip(group.times, group.keys, group.hashes, strict=True):
                if first <= at < end:
                    yield Named(group.table, key, at, hashed)


def check(chunks: Iterable[bytes], *, publics: Mapping[str, bytes]) -> tuple[About, Totals]:
    """Whether an archive is whole and holds what was sealed, by public keys (32 bytes) under their ids.

    Takes its plaintext in pieces of any length. Raises ArchiveDiffers.
    """
    try:
        return _Check(publics).run(_frames(chunks))
    except (
        BadHead,
        BadManifest,
        BadRow,
        struct.error,
        msgspec.MsgspecError,
        zlib.error,
        KeyError,
        ValueError,
    ) as error:
        raise ArchiveDiffers(f"The archive is damaged: {error}.") from None


class _Check:
    def __init__(self, publics: Mapping[str, bytes]) -> None:
        self._publics = publics
        self._about: About | None = None
        self._before: SignedHead | None = None
        self._expected: Iterator[Named] = iter(())
        self._totals = Totals()

    def run(self, frames: Iterator[tuple[bytes, bytes]]) -> tuple[About, Totals]:
        kind, body = next(frames, (b"", b""))
        if kind != b"A":
            raise ArchiveDiffers("The file is no archive of the audit trail.")
        about = self._about = msgspec.json.decode(body, type=About)
        if about.version != VERSION:
            raise ArchiveDiffers(f"The archive has version {about.version}; this release reads {VERSION}.")
        month = Month.parse(about.month)
        for kind, body in frames:
            if kind == b"R":
                self._row(body)
                continue
            missing = next(self._expected, None)
            if missing is not None:
                raise ArchiveDiffers(f"The row {missing} is missing from the archive.")
            if kind == b"Z":
                break
            self._head(body, month)
        else:
            raise ArchiveDiffers("The archive has no end.")
        if next(frames, None) is not None:
            raise ArchiveDiffers("The archive goes on behind its end.")
        if msgspec.json.decode(body, type=Totals) != self._totals:
            raise ArchiveDiffers("The archive holds another number of rows than it says.")
        return about, self._totals

    def _head(self, body: bytes, month: Month) -> None:
        assert self._about is not None
        (length,) = _LENGTH.unpack_from(body)
        place = _LENGTH.size + length
        signature, leaves = body[place : place + SIGNATURE_BYTES], body[place + SIGNATURE_BYTES :]
        signed = SignedHead.read(body[_LENGTH.size : place], signature)
        head, before = signed.head, self._before
        public = self._publics.get(head.key)
        if public is None:
            raise ArchiveDiffers(
                f"Head {head.number} is signed by the key {head.key}, which is not among those to trust.",
                remedy="Name the folder with the public key of that time with --keys.",
            )
        if head.database != self._about.database or not signed_by(signed, public):
            raise ArchiveDiffers(f"Head {head.number} is forged: its signature is not that of {head.key}.")
        if sha256(leaves).digest() != head.leaves:
            raise ArchiveDiffers(f"The manifest of head {head.number} is not the one that was signed.")
        if before is not None and (
            head.number <= before.number
            or (head.number == before.number + 1 and head.previous != before.hash)
        ):
            raise ArchiveDiffers(f"Head {head.number} does not follow head {before.number}.")
        self._before = signed
        self._expected = leaves_of(manifest.decode(leaves), month)
        self._totals.heads += 1
        self._totals.tree_size = head.size

    def _row(self, body: bytes) -> None:
        table = BY_TAG[body[0]]
        (length,) = _LENGTH.unpack_from(body, 1)
        place = 1 + _LENGTH.size + length
        record = body[place - length : place]
        texts: list[str | None] = []
        for _ in table.json_columns:
            (length,) = _LENGTH.unpack_from(body, place)
            place += _LENGTH.size
            if length == _NULL:
                texts.append(None)
                continue
            texts.append(body[place : place + length].decode())
            place += length
        key, at = table.name_of(record)
        expected = next(self._expected, None)
        if expected is None or (expected.table, expected.key, expected.at) != (table, key, at):
            named = Named(table, key, at, b"")
            raise ArchiveDiffers(
                f"The row {named} was never sealed there."
                if expected is None
                else f"The archive holds the row {named} where {expected} was sealed."
            )
        if place != len(body) or table.leaf(record, texts) != expected.hash:
            raise ArchiveDiffers(f"The row {expected} is not the one that was sealed.")
        self._totals.rows[table.name] += 1


def _frames(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The frames of a packed stream, however it is cut; memory holds one of them."""
    unpacker = zlib.decompressobj()
    buffer = bytearray()
    for chunk in chunks:
        packed = chunk
        while True:
            piece = unpacker.decompress(packed, _PIECE_BYTES)
            buffer += piece
            yield from _whole(buffer)
            packed = unpacker.unconsumed_tail
            if not packed and len(piece) < _PIECE_BYTES:
                break
    if buffer or not unpacker.eof or unpacker.unused_data:
        raise ArchiveDiffers("The archive is cut short, or goes on behind its end.")


def _whole(buffer: bytearray) -> Iterator[tuple[bytes, bytes]]:
    while len(buffer) >= _FRAME.size:
        kind, length = _FRAME.unpack_from(buffer)
        if length > FRAME_BYTES_MAX:
            raise ArchiveDiffers("The archive is damaged: a part of it claims an impossible length.")
        if len(buffer) < _FRAME.size + length:
            return
        body = bytes(buffer[_FRAME.size : _FRAME.size + length])
        del buffer[: _FRAME.size + length]
        yield kind, body

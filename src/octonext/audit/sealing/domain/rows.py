"""The bytes of a row that a leaf is the hash of, and the row's name.

Version 1. A leaf's bytes are `octonext-row-1`, a zero byte, the table's name, a zero byte, the row's columns
in PostgreSQL's binary record form, then its JSON columns in the canonical form below. The record form is
a 32-bit count of columns, then for each its type's number (a fixed one: only built-in types occur), its
length in bytes and its bytes; the length of NULL is -1. All integers are big-endian. The database only
lays the bytes out; hashing is done here.

JSON columns are not hashed as text, whose order and spacing are PostgreSQL's own business. Each is one of
`n` `t` `f`, or a mark with a 32-bit length: `d` and the digits of a number, `s` and UTF-8, `a` and its items,
`o` and its members in the order of their names' UTF-8 bytes; the length of `a` and `o` counts members. A
column that is NULL is `0`.

Names come first in a record and the time last, so both are read at fixed places of the very bytes that
are hashed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, Literal

from .merkle import leaf_hash, leaf_hashes

VERSION = 1
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_AT = Struct(">q")
_COUNT = Struct(">I")

DatabaseKind = Literal["hq", "shard"]


class BadRow(ValueError):
    """Bytes that are not a row of their table: a mistake of the program, or of who forged them."""


@dataclass(frozen=True)
class SealedTable:
    """A table whose rows are leaves.

    `read_<name>` in store.sql gives `columns` in one record, key first and time last, then the
    `json_columns` as text; or, `by_push`, an array of such records for each push.
    """

    name: str
    tag: int
    columns: tuple[str, ...]
    key: Struct
    """Picks the key's numbers out of a record's bytes."""
    key_form: str
    """How a key is written for people and on the command line."""
    stored_key: Struct
    """The key and the time as a manifest keeps them."""
    json_columns: tuple[str, ...] = ()
    only: DatabaseKind | None = None
    by_push: bool = False
    prefix: bytes = field(init=False)
    _key_bytes: Struct = field(init=False)
    """Picks the bytes of the same columns as `key`."""

    def __post_init__(self) -> None:
        head = b"octonext-row-%d\x00%s\x00" % (VERSION, self.name.encode())
        object.__setattr__(self, "prefix", head)
        form = self.key.format.replace("i", "4s").replace("q", "8s")
        object.__setattr__(self, "_key_bytes", Struct(form))

    @property
    def at(self) -> str:
        """The column with the time by which the table is partitioned."""
        return self.columns[-1]

    def key_text(self, key: Sequence[int]) -> str:
        return self.key_form.format(*key)

    def parse_key(self, text: str) -> tuple[int, ...]:
        """The inverse of `key_text`. Raises ValueError."""
        parts = text.split("-")
        if len(parts) != self.key_form.count("{}") or not all(part.isdecimal() for part in parts):
            raise ValueError(f"a row of {self.name} is named like {self.key_example}")
        return tuple(int(part) for part in parts)

    @property
    def key_example(self) -> str:
        return self.key_form.format(*range(1, 2 + self.key_form.count("{}")))

    def name_of(self, record: bytes) -> tuple[tuple[int, ...], int]:
        """The key, and the time in microseconds since 2000, of a record. Raises BadRow."""
        if len(record) < self.key.size + _AT.size:
            raise BadRow(f"a record of {self.name} is cut short")
        return self.key.unpack_from(record), _AT.unpack_from(record, len(record) - _AT.size)[0]

    def stored_names(self, records: Sequence[bytes]) -> bytes:
        """What `name_of` says of each record, in the form of `stored_key`: bytes are cut out, and no number
        is made of them. Raises BadRow.
        """
        if records and min(map(len, records)) < self.key.size + _AT.size:
            raise BadRow(f"a record of {self.name} is cut short")
        key_columns = self._key_bytes.unpack_from
        parts: list[bytes] = []
        for record in records:
            parts.append(record[-_AT.size :])
            parts += key_columns(record)
        return b"".join(parts)

    def row_bytes(self, record: bytes, json_texts: Sequence[str | None] = ()) -> bytes:
        """The bytes of a leaf: `record` as the database gave it, and the text of each JSON column."""
        if not json_texts:
            return self.prefix + record
        return b"".join((self.prefix, record, *(canonical_json(each) for each in json_texts)))

    def leaf(self, record: bytes, json_texts: Sequence[str | None] = ()) -> bytes:
        """The leaf hash of a row."""
        if not json_texts:
            return leaf_hash(self.prefix + record)
        return leaf_hash(self.row_bytes(record, json_texts))

    def leaves(
        self, records: Sequence[bytes], json_texts: Sequence[Sequence[str | None]] = ()
    ) -> list[bytes]:
        """The leaf hash of each of these rows; `json_texts` has the texts of each."""
        if self.json_columns:
            return [self.leaf(record, texts) for record, texts in zip(records, json_texts, strict=True)]
        return leaf_hashes(self.prefix, records)


def _pick(*sizes: int) -> Struct:
    """Reads numbers of these sizes at the front of a record, past its count and each column's header."""
    return Struct(">4x" + "".join("8x" + ("i" if size == 4 else "q") for size in sizes))


TABLES: dict[str, SealedTable] = {
    table.name: table
    for table in (
        SealedTable(
            "push",
            1,
            ("xid", "branch_id", "device_id", "first_seq", "last_seq", "hash", "posted_at"),
            _pick(8, 4, 4),
            "{}-{}-{}",
            Struct(">qqii"),
            only="shard",
        ),
        SealedTable(
            "device_journal",
            2,
            (
                "branch_id", "device_id", "seq", "hash", "key_id", "kind", "bytes", "ciphertext", "outcome",
                "reason", "till_at", "hlc", "received_at",
            ),
            _pick(4, 4, 8),
            "{}-{}-{}",
            Struct(">qiiq"),
            only="shard",
            by_push=True,
        ),
        SealedTable(
            "ledger_line",
            3,
            (
                "branch_id", "device_id", "seq", "line_no", "account", "debit", "credit", "currency",
                "business_date", "posted_at",
            ),
            _pick(4, 4, 8, 4),
            "{}-{}-{}-{}",
            Struct(">qiiqi"),
            only="shard",
            by_push=True,
        ),
        SealedTable(
            "audit_transaction",
            4,
            (
                "xid", "actor_kind", "actor_id", "actor_name", "actor_ip", "device_id", "key_thumbprint",
                "user_agent", "app_version", "request_id", "claim", "login_role", "session_role",
                "set_role", "client_addr", "application_name", "backend_pid", "replication_role", "at",
            ),
            _pick(8),
            "{}",
            Struct(">qq"),
        ),
        SealedTable(
            "audit_change",
            5,
            ("xid", "id", "table_name", "operation", "at"),
            _pick(8, 8),
            "{}-{}",
            Struct(">qqq"),
            json_columns=("key", "before", "after"),
        ),
    )
}  # fmt: skip
BY_TAG: dict[int, SealedTable] = {table.tag: table for table in TABLES.values()}


def tables_of(kind: DatabaseKind) -> list[SealedTable]:
    """The sealed tables of a database, in the order of their leaves."""
    return [table for table in TABLES.values() if table.only in (None, kind)]


def time_of(microseconds: int) -> datetime:
    """PostgreSQL's time as ours."""
    return POSTGRES_EPOCH + timedelta(microseconds=microseconds)


def microseconds_of(moment: datetime) -> int:
    """The inverse of `time_of`."""
    return (moment - POSTGRES_EPOCH) // timedelta(microseconds=1)


def canonical_json(text: str | None) -> bytes:
    """The one form of a JSON value; None is a column that is NULL. Raises ValueError for other text."""
    if text is None:
        return b"0"
    parts: list[bytes] = []
    _write(json.loads(text, parse_int=str.encode, parse_float=str.encode), parts)
    return b"".join(parts)


def _write(value: Any, parts: list[bytes]) -> None:
    if isinstance(value, str):
        _write_text(value, parts)
    elif isinstance(value, bytes):
        # A number, with the digits that PostgreSQL keeps: 1.0 is not 1.
        parts += (b"d", _COUNT.pack(len(value)), value)
    elif value is None:
        parts.append(b"n")
    elif isinstance(value, bool):
        parts.append(b"t" if value else b"f")
    elif isinstance(value, list):
        parts += (b"a", _COUNT.pack(len(value)))
        for item in value:
            _write(item, parts)
    else:
        parts += (b"o", _COUNT.pack(len(value)))
        for name in sorted(value, key=str.encode):
            _write_text(name, parts)
            _write(value[name], parts)


def _write_text(text: str, parts: list[bytes]) -> None:
    encoded = text.encode()
    parts += (b"s", _COUNT.pack(len(encoded)), encoded)

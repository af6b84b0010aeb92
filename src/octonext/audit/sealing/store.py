"""What sealing reads and writes in a database; the statements are in store.sql and catalogue.sql."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

from .domain import catalogue, manifest
from .domain.archived import Archived
from .domain.head import BadHead, SignedHead, signed_by
from .domain.manifest import TableLeaves
from .domain.merkle import HASH_BYTES, Edge
from .domain.rows import DatabaseKind, SealedTable, microseconds_of, tables_of

ENTRIES_PER_HEAD = 8_000
"""Journal entries, or changes, that one head takes: a backlog becomes many heads, not a large one."""
TRANSACTIONS_PER_HEAD = 4_000
HEADS_PAGE = 32
"""Heads that are read at once: each has its manifest with it, of up to some megabytes."""
NUMBER_MAX = 2**63 - 1
HASHED_AT_ONCE = 5_000
"""Rows after which other tasks get their turn."""
CURSOR_ROWS = 5_000
CURSOR_PUSHES = 32
"""The same where a push's rows are one row of the answer."""

_queries = load_queries("octonext.audit.sealing")
_catalogue = load_queries("octonext.audit.sealing", "catalogue.sql")["catalogue"]


@dataclass(frozen=True)
class Look:
    """Where a database stands at one moment."""

    watermark: int
    xmax: int
    """The next transaction to come."""
    database_clock: datetime
    started_at: datetime
    """When the server was started."""
    system: str
    timeline: int
    canary: int


@dataclass(frozen=True)
class StoredHead:
    """A head as it lies in a database, or in a copy; nothing of it is believed yet."""

    number: int
    encoded: bytes
    signature: bytes
    leaves: bytes | None
    catalogue: str | None = None
    edge: bytes = b""


@dataclass(frozen=True)
class Row:
    """A row of a sealed table, with the transaction that its transaction's own row names."""

    xid: int
    record: bytes
    json_texts: tuple[str | None, ...]


async def look(connection: Connection) -> Look:
    row = await connection.fetchrow(_queries["look"])
    assert row is not None, "a SELECT without FROM"
    return Look(
        watermark=int(row["watermark"]),
        xmax=int(row["xmax"]),
        database_clock=row["database_clock"],
        started_at=row["started_at"],
        system=row["system"],
        timeline=row["timeline"],
        canary=row["canary"] or 0,
    )


async def newest_head(connection: Connection) -> tuple[SignedHead, Edge] | None:
    """The newest head and the tree to continue. Raises BadHead, ValueError for one that is none."""
    row = await connection.fetchrow(_queries["newest_head"])
    if row is None:
        return None
    signed = SignedHead.read(row["head"], row["signature"])
    return signed, edge_of(signed.head.size, row["edge"])


def edge_of(size: int, stored: bytes) -> Edge:
    """A tree from its stored edge. Raises ValueError."""
    return Edge(size, [stored[at : at + HASH_BYTES] for at in range(0, len(stored), HASH_BYTES)])


async def reach(
    connection: Connection,
    kind: DatabaseKind,
    start: int,
    watermark: int,
    *,
    entries: int = ENTRIES_PER_HEAD,
    transactions: int = TRANSACTIONS_PER_HEAD,
) -> int:
    """The watermark of a head that begins at `start` and does not take too much."""
    names = ("bound_push", "bound_audit") if kind == "shard" else ("bound_audit",)
    reached = watermark
    for name in names:
        bound = await connection.fetchval(_queries[name], str(start), str(reached), entries, transactions)
        if bound is not None:
            reached = min(reached, int(bound))
    return reached


async def rows(connection: Connection, table: SealedTable, start: int, end: int) -> AsyncIterator[Row]:
    """The rows of transactions from `start` and below `end`, in the order of leaves. In a transaction."""
    statement = _queries[f"read_{table.name}"]
    if table.by_push:
        async for row in connection.cursor(statement, str(start), str(end), prefetch=CURSOR_PUSHES):
            for record in row["records"]:
                yield Row(row["xid"], record, ())
        return
    async for row in connection.cursor(statement, str(start), str(end), prefetch=CURSOR_ROWS):
        yield Row(row["xid"], row["record"], tuple(row[name] for name in table.json_columns))


async def orphans(connection: Connection, table: SealedTable) -> AsyncIterator[Row]:
    """Rows that no push and no transaction of the trail accounts for. In a transaction."""
    statement = _queries.get(f"orphans_{table.name}")
    if statement is None:
        return
    async for row in connection.cursor(statement, prefetch=CURSOR_ROWS):
        yield Row(0, row["record"], tuple(row[name] for name in table.json_columns))


async def leaves(connection: Connection, kind: DatabaseKind, start: int, end: int) -> list[TableLeaves]:
    """The leaves of one head: rows of transactions from `start` and below `end`."""
    groups = []
    for table in tables_of(kind):
        group = TableLeaves(table)
        if start < end:
            # One answer: a head's rows are bounded, and a cursor would be a round trip for each page.
            found = await connection.fetch(_queries[f"read_{table.name}"], str(start), str(end))
            paused = 0
            for records, json_texts in _pages(table, found):
                group.add(records, json_texts)
                if len(group) - paused >= HASHED_AT_ONCE:
                    paused = len(group)
                    await asyncio.sleep(0)
        groups.append(group)
    return groups


def _pages(
    table: SealedTable, found: list[asyncpg.Record]
) -> Iterator[tuple[list[bytes], list[tuple[str | None, ...]]]]:
    """Records, and the texts of each one's JSON columns where there are any, some at a time."""
    if table.by_push:
        for row in found:
            yield row["records"], []
        return
    for first in range(0, len(found), HASHED_AT_ONCE):
        page = found[first : first + HASHED_AT_ONCE]
        yield [row["record"] for row in page], [tuple(row)[2:] for row in page] if table.json_columns else []


async def read_catalogue(connection: Connection) -> str:
    """The audit catalogue as it stands, in the form that is hashed."""
    return catalogue.write((row["thing"], row["state"]) for row in await connection.fetch(_catalogue))


async def append(
    connection: Connection,
    signed: SignedHead,
    edge: Edge,
    leaves_blob: bytes,
    items: str,
    follows: SignedHead | None,
) -> bool:
    """Write a head with its leaves; False when another sealer was first. In the caller's transaction."""
    head = signed.head
    await connection.execute(_queries["insert_catalogue"], head.catalogue, items)
    try:
        number = await connection.fetchval(
            _queries["insert_head"],
            head.number,
            signed.encoded,
            signed.signature,
            signed.hash,
            head.size,
            b"".join(edge.roots),
            str(head.watermark),
            head.sealed_at,
            head.catalogue,
            None if follows is None else follows.number,
            None if follows is None else follows.hash,
        )
    except asyncpg.UniqueViolationError:
        return False
    if number is None:
        return False
    await connection.execute(_queries["insert_leaves"], head.number, leaves_blob)
    return True


async def write_canary(connection: Connection) -> int:
    """Count the canary up; the trail's own triggers must record it. Returns its new number."""
    return int(await connection.fetchval(_queries["write_canary"]))


async def canary_recorded(connection: Connection, number: int) -> bool:
    """Whether the trail shows what this transaction did to the canary."""
    return bool(await connection.fetchval(_queries["canary_recorded"], number))


async def beyond(connection: Connection, kind: DatabaseKind, xmax: int) -> list[asyncpg.Record]:
    """Rows that claim a transaction from `xmax` on: table_name, xid, key."""
    name = "beyond" if kind == "shard" else "beyond_audit"
    return list(await connection.fetch(_queries[name], str(xmax)))


async def heads_after(connection: Connection, number: int, limit: int = HEADS_PAGE) -> list[StoredHead]:
    return [
        StoredHead(row["number"], row["head"], row["signature"], row["leaves"], row["catalogue"], row["edge"])
        for row in await connection.fetch(_queries["heads_after"], number, limit)
    ]


async def newest_number(connection: Connection) -> int:
    return int(await connection.fetchval(_queries["newest_number"]))


async def head_hash(connection: Connection, number: int) -> bytes | None:
    found: bytes | None = await connection.fetchval(_queries["head_hash"], number)
    return found


async def newest_copy(connection: Connection, database: str) -> tuple[int, bytes] | None:
    """Number and hash of the newest copy, whoever wrote it."""
    row = await connection.fetchrow(_queries["newest_copy"], database)
    return None if row is None else (row["number"], row["hash"])


async def newest_signed_copy(
    connection: Connection, database: str, public: bytes
) -> tuple[int, bytes] | None:
    """Number and hash of the newest copy that this key (32 bytes) signed; what others wrote is no copy."""
    below = NUMBER_MAX
    while page := await connection.fetch(_queries["copies_before"], database, below, HEADS_PAGE):
        for row in page:
            with suppress(BadHead):
                signed = SignedHead.read(row["head"], row["signature"])
                if signed.number == row["number"] and signed_by(signed, public):
                    return signed.number, signed.hash
        below = page[-1]["number"]
    return None


async def insert_copies(connection: Connection, database: str, copies: list[StoredHead]) -> None:
    for each in copies:
        signed = SignedHead.read(each.encoded, each.signature)
        await connection.execute(
            _queries["insert_copy"],
            database,
            each.number,
            each.encoded,
            each.signature,
            signed.hash,
            each.leaves or b"",
            each.catalogue,
        )


async def copies_after(
    connection: Connection, database: str, number: int, limit: int = HEADS_PAGE
) -> list[StoredHead]:
    return [
        StoredHead(row["number"], row["head"], row["signature"], row["leaves"], row["catalogue"])
        for row in await connection.fetch(_queries["copies_after"], database, number, limit)
    ]


async def holds_copy(connection: Connection, database: str, digest: bytes) -> bool:
    return bool(await connection.fetchval(_queries["holds_copy"], database, digest))


async def breaks(connection: Connection) -> list[tuple[int, StoredHead]]:
    """Heads that do not follow the one before them, each behind that one's number."""
    return [
        (row["before"], StoredHead(row["number"], row["head"], row["signature"], None))
        for row in await connection.fetch(_queries["breaks"])
    ]


async def register_key(connection: Connection, database: str, key: str, public: bytes) -> None:
    await connection.execute(_queries["register_key"], database, key, public)


async def keys(connection: Connection, database: str) -> dict[str, bytes]:
    """The registered public keys by their id."""
    return {row["key_id"]: row["public_key"] for row in await connection.fetch(_queries["keys"], database)}


async def archives(connection: Connection) -> list[Archived]:
    return [
        Archived(
            row["table_name"],
            row["partition_name"],
            microseconds_of(row["from_at"]),
            microseconds_of(row["until_at"]),
            row["row_count"],
            row["file_name"],
            row["file_sha256"],
            row["tree_size"],
            row["signature"],
        )
        for row in await connection.fetch(_queries["archives"])
    ]


async def canaries(connection: Connection) -> list[tuple[int, int]]:
    """Every step of the canary that the trail shows, with its transaction."""
    return [(row["number"], row["xid"]) for row in await connection.fetch(_queries["canaries"])]


async def replicas(connection: Connection) -> list[asyncpg.Record]:
    """Transactions in which ordinary triggers slept: xid, at, login_role, session_role, application_name."""
    return list(await connection.fetch(_queries["replicas"]))


@dataclass(frozen=True)
class SealedLeaf:
    """One leaf and the row that it is of."""

    index: int
    hash: bytes
    table: SealedTable
    key: tuple[int, ...]
    at: int

    @property
    def key_text(self) -> str:
        return self.table.key_text(self.key)


async def all_leaves(connection: Connection) -> AsyncIterator[SealedLeaf]:
    """Every leaf of a database. Raises BadManifest."""
    number, index = 0, 0
    while page := await connection.fetch(_queries["leaves_between"], number, HEADS_PAGE):
        for row in page:
            for group in manifest.decode(row["leaves"]):
                for hashed, key, at in zip(group.hashes, group.keys, group.times, strict=True):
                    yield SealedLeaf(index, hashed, group.table, key, at)
                    index += 1
        number = page[-1]["number"]


async def sealed_until(connection: Connection) -> int:
    """Every row of a transaction below it is in the tree of a head; 0 without one."""
    found = await newest_head(connection)
    return 0 if found is None else found[0].head.watermark

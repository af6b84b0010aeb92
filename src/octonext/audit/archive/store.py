"""What retention reads and does in a database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from octonext.audit.sealing.domain.archived import Archived
from octonext.audit.sealing.domain.head import SealingKey, SignedHead
from octonext.audit.sealing.domain.rows import microseconds_of
from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

from .domain import Month, Totals

QUERIES = load_queries(__package__ or "")

HEADS_PAGE = 100
LOCK_TIMEOUT_MS = 500


@dataclass(frozen=True)
class Extent:
    """A month's rows, and the first and last of their transactions; None of an empty month."""

    transactions: int
    changes: int
    first: int | None
    last: int | None


@dataclass(frozen=True)
class CoveringHead:
    """A head with its manifest; its rows are of transactions from `start` and below `end`."""

    signed: SignedHead
    leaves: bytes
    start: int
    end: int


async def months(connection: Connection) -> list[Month]:
    return [Month.parse(row["month"]) for row in await connection.fetch(QUERIES["months"])]


async def extent(connection: Connection, month: Month) -> Extent:
    row = await connection.fetchrow(QUERIES["extent"], month.start, month.end)
    assert row is not None, "an aggregate"
    first, last = (None if row[name] is None else int(row[name]) for name in ("first", "last"))
    return Extent(row["transactions"], row["changes"], first, last)


async def heads_over(connection: Connection, first: int, last: int) -> AsyncIterator[CoveringHead]:
    """The heads that sealed transactions from `first` to `last`. Raises BadHead."""
    number = 0
    while page := await connection.fetch(QUERIES["heads_over"], number, str(first), str(last), HEADS_PAGE):
        for row in page:
            signed = SignedHead.read(row["head"], row["signature"])
            yield CoveringHead(signed, row["leaves"], int(row["start"]), int(row["watermark"]))
        number = page[-1]["number"]


async def archive_month(
    connection: Connection, database: str, month: Month, totals: Totals, *, file_name: str, digest: bytes,
    signing: SealingKey,
) -> None:  # fmt: skip
    """Take a month out of the database, and say where it is, signed with the database's sealing key.

    Raises asyncpg's LockNotAvailableError when a writer is in the way, ObjectNotInPrerequisiteStateError when
    the month holds other rows than the file.
    """
    await connection.fetchval(QUERIES["wait_little"], str(LOCK_TIMEOUT_MS))
    signatures = [
        Archived(
            table, f"{table}_{str(month).replace('-', '_')}", microseconds_of(month.start),
            microseconds_of(month.end), totals.rows[table], file_name, digest, totals.tree_size,
        ).signed(database, signing)
        for table in ("audit_transaction", "audit_change")
    ]  # fmt: skip
    await connection.execute(
        QUERIES["archive_month"], month.start.date(), totals.rows["audit_transaction"],
        totals.rows["audit_change"], file_name, digest, totals.tree_size, *signatures,
    )  # fmt: skip

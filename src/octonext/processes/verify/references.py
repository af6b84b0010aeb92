"""Compares every shard's copy of head office's rows with head office, up to the shard's cursor."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import NamedTuple

from octonext.base.errors import OctoNextError
from octonext.runtime.layout import Layout
from octonext.runtime.postgres import Connection, connect, transaction
from octonext.runtime.sql import load_queries

from .domain.findings import Finding, Findings
from .shard import CONNECT_TIMEOUT_S, STATEMENT_TIMEOUT_MS, UNREADABLE

_queries = load_queries("octonext.processes.verify", "references.sql")

PAGE = 2_000
CHECK = "reference-copies"
#: The digest of a row without a payload.
DELETED = hashlib.sha256(b"").digest()


class ReferenceDigest(NamedTuple):
    """A row of the feed; `is_due` says whether the shard's cursor has passed it."""

    kind: str
    key: str
    digest: bytes
    is_due: bool

    @property
    def place(self) -> tuple[bytes, bytes]:
        """Both databases sort by bytes, whatever their locale."""
        return self.kind.encode(), self.key.encode()


async def check_references(layout: Layout, findings: Findings) -> None:
    """Every shard against head office. What cannot be reached is said."""
    for shard in layout.settings.shards:
        try:
            hq = await _connect(layout.dsn("hq"))
            try:
                copy = await _connect(layout.dsn("shard", shard.id))
                try:
                    await check_copy(hq, copy, shard.id, shard.region, findings)
                finally:
                    copy.terminate()
            finally:
                hq.terminate()
        except (OctoNextError, *UNREADABLE) as error:
            why = str(error) or type(error).__name__
            findings.give_up(CHECK, f"{shard.id} or head office cannot be read: {why}")


async def check_copy(
    hq: Connection, copy: Connection, shard_id: str, region: str, findings: Findings
) -> None:
    """One shard's copy of the rows of its region."""
    region_id = await hq.fetchval(_queries["region"], region)
    # The copy first: rows that arrive meanwhile are then newer than the cursor that was read.
    async with transaction(copy, readonly=True, isolation="repeatable_read") as own:
        cursor = await own.fetchrow(_queries["reference_cursor"])
        xid, row_id = ("0", 0) if cursor is None else (cursor["xid"], cursor["id"])
        async with (
            transaction(hq, readonly=True, isolation="repeatable_read") as source,
            aclosing(_rows(source, "reference_at_hq", region_id, xid, row_id)) as published,
            aclosing(_rows(own, "reference_at_shard")) as copied,
        ):
            await _merge(published, copied, shard_id, findings)


async def _merge(
    published: AsyncIterator[ReferenceDigest],
    copied: AsyncIterator[ReferenceDigest],
    shard_id: str,
    findings: Findings,
) -> None:
    ours, theirs = await anext(published, None), await anext(copied, None)
    while ours is not None or theirs is not None:
        findings.examine(CHECK)
        if theirs is None or (ours is not None and ours.place < theirs.place):
            assert ours is not None
            if ours.is_due:
                _add(findings, shard_id, ours, "is missing, although the cursor has passed it")
            ours = await anext(published, None)
        elif ours is None or theirs.place < ours.place:
            # A deletion that only the shard knows: head office forgot the row when it was restored.
            if theirs.digest != DELETED:
                _add(findings, shard_id, theirs, "is not head office's")
            theirs = await anext(copied, None)
        else:
            # A row beyond the cursor is newer at head office: the copy may still be the old one.
            if ours.is_due and ours.digest != theirs.digest:
                _add(findings, shard_id, ours, "differs, although the cursor has passed it")
            ours, theirs = await anext(published, None), await anext(copied, None)


def _add(findings: Findings, shard_id: str, row: ReferenceDigest, what: str) -> None:
    findings.add(CHECK, Finding(shard=shard_id, what=f"{row.kind} {row.key} {what}"))


async def _rows(
    connection: Connection, query: str, *arguments: object
) -> AsyncGenerator[ReferenceDigest, None]:
    async for row in connection.cursor(_queries[query], *arguments, prefetch=PAGE):
        yield ReferenceDigest(*row)


async def _connect(dsn: str) -> Connection:
    return await connect(
        dsn,
        application_name="octonext-verify",
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        connect_timeout_s=CONNECT_TIMEOUT_S,
    )

"""Reporting's copies of heads: signed text without leaves. They show that heads are gone, not which rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from sys import maxsize

from octonext.audit.sealing.store import StoredHead
from octonext.base.clock import SystemClock
from octonext.base.errors import OctoNextError
from octonext.processes.local_service import reporting_address
from octonext.reporting.remote import HeldSeals, ReportingClient
from octonext.runtime.layout import Layout

NAME = "reporting"
_NO_SIGNATURE = bytes(64)


class ReportingCopies:
    """The heads of one database as reporting keeps them. Where reporting does not answer they end, and
    `away` says why: it is one more copy, and the rest is verified without it.
    """

    name = NAME

    def __init__(self, client: ReportingClient, database: str) -> None:
        self._client = client
        self._database = database
        self.away = ""

    async def newest(self) -> int:
        return (await self._ask(maxsize // 10)).newest

    async def page(self, after: int) -> list[StoredHead]:
        found = await self._ask(after)
        return [
            StoredHead(number, head.encode("utf-8"), _signature(signature), None)
            for number, head, signature in found.heads
        ]

    async def holds(self, digest: bytes) -> bool:
        """Raises Unavailable, ReportRefused: without the answer nobody knows which history was given up."""
        return await self._client.holds_seal(self._database, digest)

    async def _ask(self, after: int) -> HeldSeals:
        if not self.away:
            try:
                return await self._client.seals(self._database, after)
            except OctoNextError as error:
                self.away = error.message
        return HeldSeals(0, [])


def _signature(written: str) -> bytes:
    """The bytes; what is no hexadecimal is no signature either, and found to be forged."""
    try:
        return bytes.fromhex(written)
    except ValueError:
        return _NO_SIGNATURE


@asynccontextmanager
async def reporting_copies(layout: Layout, database: str) -> AsyncIterator[ReportingCopies]:
    """Ask reporting where the configuration says that it is. Raises SecretUnavailable."""
    client = ReportingClient(reporting_address(layout, layout.settings), SystemClock())
    try:
        yield ReportingCopies(client, database)
    finally:
        await client.close()

"""One connection that a task keeps for as long as nothing goes wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

import asyncpg

from .postgres import CONNECT_TIMEOUT_S, STATEMENT_TIMEOUT_MS, connect


class Endable(Protocol):
    """What is asked of a connection, beside what its user does with it."""

    def is_closed(self) -> bool: ...

    def terminate(self) -> None: ...


Kept = TypeVar("Kept", bound=Endable)


class KeptConnection(Generic[Kept]):
    """One connection, made when it is needed and dropped at the first sign of trouble.

    `dial` makes it anew; what that raises, `open` raises.
    """

    def __init__(self, dial: Callable[[], Awaitable[Kept]]) -> None:
        self._dial = dial
        self._connection: Kept | None = None

    async def open(self) -> Kept:
        """The connection of the last time, or a new one when that is closed or was aborted."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._dial()
        return self._connection

    def abort(self) -> None:
        """End it at once, whatever is on its way."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def kept_connection(
    dsn: Callable[[], str],
    *,
    application_name: str,
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
) -> KeptConnection[asyncpg.Connection]:
    """To PostgreSQL; `dsn` is asked for each time, because a certificate or password may have changed.

    `open` raises DatabaseUnreachable.
    """
    return KeptConnection(
        lambda: connect(
            dsn(),
            application_name=application_name,
            statement_timeout_ms=statement_timeout_ms,
            connect_timeout_s=connect_timeout_s,
        )
    )

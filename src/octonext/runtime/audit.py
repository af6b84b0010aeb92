"""Events for the audit trail: what happened that is no change of a row."""

from __future__ import annotations

from typing import Any

import msgspec

from .postgres import Connection
from .sql import load_queries

_QUERIES = load_queries("octonext.runtime", "audit.sql")


async def record_event(connection: Connection, kind: str, **detail: Any) -> None:
    """Write an event in the transaction that `connection` is in: both are kept, or neither.

    `kind` is what happened, in the past tense: "till_enrolled". `detail` is JSON, and holds no secret: it
    is kept for years. Who did it is the transaction's actor.
    """
    await connection.execute(
        _QUERIES["record_event"], kind, msgspec.json.encode(detail).decode().replace("\\u0000", "")
    )

"""What backups leave in a database's own audit trail."""

from __future__ import annotations

from typing import Any

import asyncpg
import structlog

from octonext.base.errors import OctoNextError
from octonext.runtime.audit import record_event
from octonext.runtime.postgres import connect, transaction

log = structlog.get_logger(__name__)


async def note(dsn: str, kind: str, **detail: Any) -> None:
    """Record an event. A database that cannot take it (an older schema) does not undo what was done."""
    try:
        connection = await connect(dsn, application_name="octonext-backup")
        try:
            async with transaction(connection) as writer:
                await record_event(writer, kind, **detail)
        finally:
            connection.terminate()
    except (OctoNextError, asyncpg.PostgresError, OSError, TimeoutError) as error:
        log.warning("not_in_trail", kind=kind, reason=str(error) or type(error).__name__)

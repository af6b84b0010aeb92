"""Attempts on secrets over HTTP: counted per address, and told to the audit trail when there are too many."""

from __future__ import annotations

from typing import Any

import asyncpg
import structlog
from litestar.connection import ASGIConnection

from octonext.base.errors import OctoNextError
from octonext.runtime.audit import record_event
from octonext.runtime.postgres import Pool, transaction

from .errors import TooManyAttempts
from .limits import Attempts, Limit

ACQUIRE_TIMEOUT_S = 1.0
"""Who guesses too often waits no longer than this for being noted down."""

_log = structlog.get_logger(__name__)


def client_address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The address that attempts are counted by."""
    return connection.client.host if connection.client is not None else "local"


async def begin_attempt(
    connection: ASGIConnection[Any, Any, Any, Any], limit: Limit, key: str | None = None
) -> None:
    """Count an attempt before the secret is looked at, by `key` or else by address. Raises TooManyAttempts.

    The first refusal of a window is an event of head office's audit trail; the others say nothing new, and
    nobody may fill the trail by knocking.
    """
    attempts: Attempts = connection.app.state.attempts
    try:
        attempts.begin(limit, key or client_address(connection))
    except TooManyAttempts as error:
        if error.is_first:
            await _note(connection.app.state.get("hq"), limit)
        raise


def attempt_succeeded(
    connection: ASGIConnection[Any, Any, Any, Any], limit: Limit, key: str | None = None
) -> None:
    """Take back what `begin_attempt` counted: it was no guess, or nobody could tell."""
    attempts: Attempts = connection.app.state.attempts
    attempts.succeeded(limit, key or client_address(connection))


async def _note(hq: Pool | None, limit: Limit) -> None:
    if hq is None:
        return
    try:
        async with transaction(hq, acquire_timeout_s=ACQUIRE_TIMEOUT_S) as connection:
            await record_event(
                connection,
                "attempts_throttled",
                limit=limit.name,
                attempts=limit.attempts,
                window_s=limit.window_s,
            )
    except (OctoNextError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        # The refusal stands whether or not head office can be told of it.
        _log.warning("throttling_not_recorded", limit=limit.name, error=type(error).__name__)

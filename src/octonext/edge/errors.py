"""Refusals that any capability may raise towards an API caller; `problems` gives each its status."""

from __future__ import annotations

import asyncpg

from octonext.base.errors import OctoNextError

UNAVAILABLE_ERRORS: tuple[type[Exception], ...] = (
    OSError,  # TimeoutError is one
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.TransactionRollbackError,  # a deadlock's victim
)
"""What a database that is down, hung, restarting or full raises; the caller may simply try again."""


class Unauthenticated(OctoNextError):
    """No credential came with the request, or none that is known."""

    code = "unauthenticated"


class Forbidden(OctoNextError):
    """The credential is known but does not reach this far."""

    code = "forbidden"


class NotFound(OctoNextError):
    """What the request names does not exist."""

    code = "not_found"


class Conflict(OctoNextError):
    """What the request wants collides with what is already there."""

    code = "conflict"


class InvalidRequest(OctoNextError):
    """A value in the request breaks a rule that its type alone does not show."""

    code = "invalid_request"


class RequestTooSlow(OctoNextError):
    """The body of the request did not arrive in time."""

    code = "request_too_slow"


class TooManyAttempts(OctoNextError):
    """One address guessed secrets too often; `retry_after_s` says when it may try again.

    `is_first` is true for the first refusal since the address was heard again.
    """

    code = "too_many_attempts"

    def __init__(self, message: str, *, retry_after_s: int, is_first: bool = False) -> None:
        super().__init__(message, remedy=f"Try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s
        self.is_first = is_first


class Unavailable(OctoNextError):
    """A database that the request needs does not answer; nothing was changed."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 5) -> None:
        super().__init__(message, remedy=f"Try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s

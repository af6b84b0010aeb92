"""What a constraint of the database refused, told in the words of the business."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import asyncpg

from octonext.base.errors import OctoNextError

from .errors import Conflict, InvalidRequest


class UnknownReference(OctoNextError):
    """The request names something that is not there."""

    code = "unknown_reference"


@contextmanager
def explained(messages: Mapping[str, str]) -> Iterator[None]:
    """Turn a refused constraint into Conflict, UnknownReference or InvalidRequest.

    `messages` gives the sentence for each named constraint a caller can meet; any other name is
    told as it is, which is rough but true.
    """
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        name = error.constraint_name or "a rule of the database"
        message = messages.get(name, f"The request breaks {name}.")
        if isinstance(error, asyncpg.ForeignKeyViolationError):
            raise UnknownReference(message) from None
        if isinstance(error, asyncpg.CheckViolationError | asyncpg.NotNullViolationError):
            raise InvalidRequest(message) from None
        raise Conflict(message) from None
    except asyncpg.DataError as error:
        # Text that is not UTF-8 for PostgreSQL (a NUL), numbers beyond a column's range.
        raise InvalidRequest(f"A value cannot be stored: {error}.") from None

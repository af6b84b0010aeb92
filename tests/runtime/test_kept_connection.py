from __future__ import annotations

import pytest

from octonext.runtime.database_link import DatabaseUnreachable
from octonext.runtime.kept_connection import KeptConnection, kept_connection


class Line:
    """A connection as far as anybody who keeps one looks at it."""

    def __init__(self) -> None:
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        self.closed = True


class Exchange:
    def __init__(self) -> None:
        self.dialled: list[Line] = []

    async def dial(self) -> Line:
        self.dialled.append(Line())
        return self.dialled[-1]


async def test_a_connection_is_made_when_it_is_needed_and_kept() -> None:
    exchange = Exchange()
    kept = KeptConnection(exchange.dial)
    kept.abort()
    assert exchange.dialled == []
    assert await kept.open() is await kept.open()
    assert len(exchange.dialled) == 1


@pytest.mark.parametrize("by", ["us", "the server"])
async def test_a_connection_that_was_ended_is_made_anew(by: str) -> None:
    exchange = Exchange()
    kept = KeptConnection(exchange.dial)
    first = await kept.open()
    if by == "us":
        kept.abort()
        assert first.closed
    else:
        first.closed = True
    assert await kept.open() is not first
    assert len(exchange.dialled) == 2


async def test_the_address_is_asked_for_each_time_and_a_server_that_is_away_is_said() -> None:
    asked: list[str] = []

    def address() -> str:
        asked.append("postgresql://octonext@/x?host=/nowhere")
        return asked[-1]

    kept = kept_connection(address, application_name="octonext-test")
    for _ in range(2):
        with pytest.raises(DatabaseUnreachable):
            await kept.open()
    assert len(asked) == 2

"""The API on a real database (tests/plugins/api_fixtures.py), a clock in the hand, both ends of a line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from api_fixtures import admin_secret, api, chain, open_api, rest_app
from octonext.crypto.secrets import token_digest
from octonext.edge.tokens import CATALOG_READ, Principal

__all__ = [
    "READER",
    "HandClock",
    "HeadOffice",
    "admin_secret",
    "api",
    "chain",
    "open_api",
    "pair",
    "rest_app",
]


class HandClock:
    """Time passes when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


READER = Principal("reader", frozenset({CATALOG_READ}))


class HeadOffice:
    """Answers look-ups from a dictionary, or not at all."""

    def __init__(self, tokens: dict[str, Principal]) -> None:
        self.tokens = {token_digest(token): principal for token, principal in tokens.items()}
        self.down = False
        self.asked = 0

    async def find(self, digest: bytes) -> Principal | None:
        self.asked += 1
        if self.down:
            raise ConnectionRefusedError
        return self.tokens.get(digest)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client, and the server's end of its connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        server, _ = listening.accept()
    with client, server:
        yield client, server

"""The API on a real database (tests/plugins/api_fixtures.py), a clock in the hand, both ends of a line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from api_fixtures import admin_secret, api, chain, open_api, rest_app

__all__ = ["HandClock", "admin_secret", "api", "chain", "open_api", "pair", "rest_app"]


class HandClock:
    """Time passes when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client, and the server's end of its connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        server, _ = listening.accept()
    with client, server:
        yield client, server

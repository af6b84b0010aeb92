"""The guard of tests/plugins/loopback_only.py is on."""

import asyncio
import socket

import pytest

from loopback_only import ReachedOut

# RFC 5737: an address for documentation, which nobody answers.
ELSEWHERE = ("192.0.2.1", 9)


def test_a_socket_to_another_machine_fails_the_test() -> None:
    with socket.socket() as sock, pytest.raises(ReachedOut):
        sock.connect(ELSEWHERE)


async def test_asyncio_is_seen_too() -> None:
    with pytest.raises(ReachedOut):
        await asyncio.open_connection(*ELSEWHERE)


def test_the_loopback_is_open() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()

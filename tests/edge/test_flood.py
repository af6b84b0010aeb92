"""What a connection has given is known, and the one that gives more than can be explained is cut."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from octonext.edge.flood import KNOWN_BYTES_MAX, STRANGER_BYTES_MAX, Inflow, cut_floods

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what arrived")

PIECE_BYTES = 65536
DEADLINE_S = 60


def inflow_of(client: socket.socket) -> Inflow:
    host, port = client.getsockname()
    return Inflow((host, port))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def pour(client: socket.socket, server: socket.socket, pieces: int) -> None:
    """Have so many pieces arrive at the server's end."""
    for _ in range(pieces):
        client.sendall(b"x" * PIECE_BYTES)
        server.recv(PIECE_BYTES, socket.MSG_WAITALL)


def test_more_than_can_be_explained_ends_the_connection(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, server = pair
    pour(client, server, STRANGER_BYTES_MAX // PIECE_BYTES + 1)
    assert cut_floods([inflow_of(client)]) == 1
    server.settimeout(DEADLINE_S)
    assert server.recv(1) == b""


def test_what_the_application_got_and_what_a_known_client_may_send_is_no_flood(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, server = pair
    pour(client, server, STRANGER_BYTES_MAX // PIECE_BYTES + 1)
    delivered = inflow_of(client)
    delivered.delivered(2 * PIECE_BYTES)
    known = inflow_of(client)
    known.is_known = True
    assert cut_floods([delivered]) == cut_floods([known]) == cut_floods([Inflow(None)]) == 0
    assert known.is_flood(KNOWN_BYTES_MAX + 1)
    client.sendall(b"end")
    server.settimeout(DEADLINE_S)
    assert server.recv(PIECE_BYTES) == b"end"


def test_looking_leaves_no_file_open(pair: tuple[socket.socket, socket.socket], tmp_path: Path) -> None:
    with (tmp_path / "no socket").open("w"):
        before = open_files()
        for _ in range(3):
            cut_floods([inflow_of(pair[0])])
        assert open_files() == before

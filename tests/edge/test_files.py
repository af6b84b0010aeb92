"""Before files run out strangers are hung up on, known clients stay, and a process without any gives up."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from octonext.edge.files import crowded_at, cut_strangers, spare_of
from octonext.edge.flood import Inflow

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which files are open")

DEADLINE_S = 30
#: A server in a process of its own that may open few files: `filling` says what takes them.
_SERVER = """
import asyncio, os, resource, socket
from octonext.edge import files
from octonext.edge.flood import FloodWatch, Inflow

FILES = 256
filling = {filling!r}
files.EXHAUSTED_S = 0.2

async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    inflows = []
    watch = files.FileWatch(lambda: inflows, port=0, files=FILES)
    clients = []

    async def take(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    watch._port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", watch._port)
    known = Inflow(writer.get_extra_info("sockname")[:2])
    known.is_known = True
    inflows.append(known)
    watching = asyncio.ensure_future(watch.run())
    flooding = asyncio.ensure_future(FloodWatch(lambda: inflows).run())
    if filling == "strangers":
        while len(clients) < files.crowded_at(FILES):
            clients.append(await asyncio.open_connection("127.0.0.1", watch._port))
            gone = [client for client in clients if client[0].at_eof()]
            for client in gone:
                client[1].close()
            if gone:
                break
            await asyncio.sleep(0)
        while not clients[0][0].at_eof():
            await asyncio.sleep(0.01)
        print("strangers gone", reader.at_eof(), watching.done(), flooding.done())
    else:
        try:
            while True:
                clients.append(os.open("/dev/null", os.O_RDONLY))
                await asyncio.sleep(0)
        except OSError:
            pass
        while not watching.done():
            for _ in range(files.spare_of(FILES)):
                try:
                    clients.append(os.open("/dev/null", os.O_RDONLY))
                except OSError:
                    break
            await asyncio.sleep(0.01)
        print("gave up", reader.at_eof(), watching.done(), flooding.done())
    os._exit(0)

asyncio.run(main())
"""


def served(filling: str) -> str:
    """What became of the server, the known client, the watch of files and the watch of memory."""
    script = _SERVER.replace("{filling!r}", repr(filling))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=DEADLINE_S
    )
    return done.stdout.splitlines()[-1]


def test_only_strangers_at_the_servers_own_port_are_hung_up_on(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, server = pair
    known = Inflow(client.getsockname())
    known.is_known = True
    port = server.getsockname()[1]
    assert cut_strangers([known], port) == cut_strangers([], client.getsockname()[1] + 1) == 0
    client.sendall(b"end")
    server.settimeout(DEADLINE_S)
    assert server.recv(8) == b"end"
    known.is_known = False
    assert cut_strangers([known], port) == 1
    assert server.recv(8) == b""


def test_strangers_are_hung_up_on_before_files_run_out_and_who_is_known_stays() -> None:
    assert served("strangers") == "strangers gone False False False"


def test_a_process_that_has_no_file_left_gives_up_and_its_memory_is_watched_on() -> None:
    assert served("files") == "gave up False True False"


def test_there_is_room_between_the_crowd_and_the_limit() -> None:
    for files in (256, 1024, 20_000, 2**20):
        assert crowded_at(files) < files - spare_of(files) < files

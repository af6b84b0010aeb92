"""Whoever is no till, or behaves like none: it is refused or hung up on, and nobody else notices.

`OCTONEXT_GARBAGE_LINES` says on how many lines garbage is sent, `OCTONEXT_SEED` which.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from octonext.crypto.tls import client_context
from octonext.sync.messages import FRAME_BYTES_MAX, Welcome, decode_from_server
from octonext.till.fleet import Fleet

from .conftest import Installation
from .garbage import garbage
from .neighbours import selling_undisturbed
from .raw_till import PATH, RawTill, line_of, take_till
from .wild_line import BINARY, PING, TEXT, frame, length_of, upgrade, wild_line

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("wire_frames")]

SEED = int(os.environ.get("OCTONEXT_SEED", "1"))
#: The first frame that is wrong ends a line, so of ten frames on a line most find it ended.
GARBAGE_LINES = int(os.environ.get("OCTONEXT_GARBAGE_LINES", "1000"))
FRAMES_ON_A_LINE = 10
#: How long a line may wait for the answer to garbage before it is given up.
LINGER_S = 1.0
LINES_AT_ONCE = 20
#: Every so many lines, the garbage comes from a till that has said hello.
HELLO_EVERY = 10
#: The server's own patience is 10 s for TLS, 30 s for headers and bodies, 10 s for hello; a busy machine
#: may be late.
PATIENCE_S = 150.0
#: Without bounds a single line makes the gateway hold gigabytes within this test.
GROWTH_BYTES_MAX = 512 * 1024 * 1024
FLOODS = 4
TEN_MEGABYTES = 10 * 1024 * 1024


@pytest.fixture(scope="module", autouse=True)
def till(shared_installation: Installation) -> RawTill:
    """Taken before the fleet of any test sells on it."""
    return take_till(shared_installation, "kw-1")


@pytest.fixture
def tls(shared_installation: Installation) -> ssl.SSLContext:
    return client_context(shared_installation.layout.root_certificate)


async def test_ten_thousand_garbage_frames_are_refused_and_no_till_notices(
    shared_installation: Installation, till: RawTill, tls: ssl.SSLContext, shared_fleet: Fleet
) -> None:
    random, url = Random(SEED), shared_installation.state.gateways[0]
    gate, hello = asyncio.Semaphore(LINES_AT_ONCE), asyncio.Lock()

    async def one(number: int) -> None:
        frames = b"".join(garbage(random) for _ in range(FRAMES_ON_A_LINE))
        # One at a time says hello: another of the same till would fence it.
        greets = number % HELLO_EVERY == 0
        async with gate, hello if greets else contextlib.nullcontext(), wild_line(url, tls) as line:
            if greets:
                assert isinstance(decode_from_server(await line.hello(till)), Welcome)
            else:
                await line.begin()
            # A frame that claims to be longer than it is makes the gateway wait for the rest, up to the
            # deadlines that other tests hold: that the last word is said is enough here.
            with contextlib.suppress(OSError):
                await line.send(frames + frame(TEXT, b"the end"))
            with contextlib.suppress(TimeoutError):
                await line.until_hung_up_on(LINGER_S)

    async with selling_undisturbed(shared_installation, shared_fleet):
        await asyncio.gather(*(one(number) for number in range(GARBAGE_LINES)))
        async with line_of(shared_installation) as line:
            assert (await line.hello(till)).acked.seq == 0


async def test_who_says_nothing_or_says_it_too_slowly_is_hung_up_on(
    shared_installation: Installation, till: RawTill, tls: ssl.SSLContext, shared_fleet: Fleet
) -> None:
    url = shared_installation.state.gateways[0]

    async def silent(first: bytes = b"", *, context: ssl.SSLContext | None = tls) -> bytes:
        async with wild_line(url, context) as line:
            await line.send(first)
            return await line.until_hung_up_on(PATIENCE_S)

    async def dripping(first: bytes, drop: bytes) -> bytes:
        async with wild_line(url, tls) as line:
            await line.send(first)
            dropping = asyncio.create_task(line.drip(drop))
            try:
                return await line.until_hung_up_on(PATIENCE_S)
            finally:
                dropping.cancel()

    async def never_reading() -> bytes:
        async with wild_line(url, tls) as line:
            await line.hello(till)
            # The answers fill both sides' buffers; then the gateway waits for so long, and no longer.
            await line.flood(frame(TEXT, b'{"t":"ping"}') * 500, PATIENCE_S)
            return b""

    begun = upgrade(url.removeprefix("https://"))
    post = b"POST /api/v1/enrolments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    async with selling_undisturbed(shared_installation, shared_fleet):
        _, *heard = await asyncio.gather(
            never_reading(),
            silent(context=None),
            silent(b"\x16\x03\x01\x02\x00\x01", context=None),
            silent(),
            silent(begun + b"\r\n"),
            dripping(begun, b"X-More: b\r\n"),
            dripping(begun + b"\r\n", frame(PING, b"")),
            dripping(begun + b"\r\n\x81" + length_of(FRAME_BYTES_MAX) + bytes(4), b"x"),
            dripping(post + b"Content-Length: 100000\r\n\r\n", b"x"),
        )
        assert b" 408 " in heard[-1].split(b"\r\n")[0]
        assert all(b"challenge" in each for each in (heard[3], heard[5], heard[6]))


async def test_what_is_not_our_protocol_is_refused_at_once(
    shared_installation: Installation, tls: ssl.SSLContext, shared_fleet: Fleet
) -> None:
    url = shared_installation.state.gateways[0]
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    random = Random(SEED)
    async with selling_undisturbed(shared_installation, shared_fleet):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with wild_line(url, old):
                pass
        for wrong in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", random.randbytes(5000)):
            async with wild_line(url, None) as line:
                await line.send(wrong)
                assert b"HTTP" not in await line.until_hung_up_on()
        for request in (
            f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(),
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}".encode(),
            b"\0\r\n\r\n",
            b"GET " + b"/" * 500_000 + b" HTTP/1.1\r\n\r\n",
        ):
            async with wild_line(url, tls) as line:
                with contextlib.suppress(OSError):
                    await line.send(request)
                answer = await line.until_hung_up_on(PATIENCE_S)
                assert answer == b"" or answer.split(b" ")[1][:1] == b"4", answer[:100]
        async with wild_line(url, tls) as line:
            await line.begin(protocol="octonext.sync.v99")
            await line.send(frame(TEXT, b"{}"))
            assert b"bad_frame" in await line.until_hung_up_on()


async def test_who_floods_or_never_reads_is_cut_off_and_costs_the_gateway_little_memory(
    shared_installation: Installation, till: RawTill, tls: ssl.SSLContext, shared_fleet: Fleet
) -> None:
    url = shared_installation.state.gateways[0]
    pings = frame(PING, b"x" * 125) * 500

    async def flooding(first: bytes, data: bytes, *, known: bool = False) -> None:
        async with wild_line(url, tls) as line:
            await (line.hello(till) if known else line.begin())
            await line.send(first)
            await line.flood(data, PATIENCE_S)

    endless = frame(TEXT, b"[", is_last=False)
    fragment = frame(0, b"x" * 60_000, is_last=False)
    async with (
        selling_undisturbed(shared_installation, shared_fleet),
        memory_bounded(shared_installation.pid("gateway-0")),
    ):
        await asyncio.gather(
            *(flooding(b"", pings) for _ in range(FLOODS)),
            *(flooding(endless, fragment) for _ in range(FLOODS)),
            flooding(b"", pings, known=True),
        )
        for opcode in (TEXT, BINARY):
            async with wild_line(url, tls) as line:
                await line.hello(till)
                with contextlib.suppress(OSError):
                    await line.send(frame(opcode, b"x" * TEN_MEGABYTES))
                answer = await line.until_hung_up_on()
                assert answer == b"" or b"bad_frame" in answer
        async with line_of(shared_installation) as ordinary:
            assert (await ordinary.hello(till)).acked.seq == 0


@contextlib.asynccontextmanager
async def memory_bounded(pid: int) -> AsyncIterator[None]:
    """The process grows by less than a bound while the block runs."""
    before = peak = resident_bytes(pid)

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, resident_bytes(pid))
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()
    assert peak - before < GROWTH_BYTES_MAX, f"grew by {(peak - before) >> 20} MB"


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

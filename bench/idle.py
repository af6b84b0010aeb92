"""What a connected idle till costs a gateway: its memory with 2,000 of them, and how fast they come back."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from octonext.crypto.tls import client_context
from octonext.processes.os_process import die_with_parent

from .chain import Chain, add_tills, running
from .conversation import Conversation, Refused, greet, plain
from .crowd import AT_ONCE, Connect, Crowd, allow_files
from .harness import Figure, Options, Plot, Result, Series

NAME = "idle"
TITLE = "Memory: 2,000 connected idle tills"

TILLS = 2_000
TILLS_QUICK = 400
PARTS = 4
"""Connected in so many parts of the same size, each measured when its tills are welcome."""
BARE_CONNECTIONS = 200
#: So long the gateway's memory must stand still (within a thousandth) to be read.
STILL_S = 1.0
STILL_TIMEOUT_S = 20.0
BARE_START_S = 60.0


class Step(NamedTuple):
    """So many tills connected: the gateway's memory then, and how long those that were new took."""

    tills: int
    mib: float
    seconds: float


def run(options: Options) -> Result:
    """Connect tills in steps; measure the gateway's memory after each."""
    count = TILLS_QUICK if options.quick else TILLS
    allow_files(count)
    with running(options.work_dir / "chain", say=options.say) as chain:
        context = client_context(chain.layout.root_certificate)
        bare = _bare_steps(chain, context, options)
        branches = list(chain.branches)
        tills = add_tills(chain, [branches[n % len(branches)] for n in range(count)], seed=options.seed)
        url = chain.urls[0]

        async def connect(number: int) -> Conversation:
            return await greet(url, context, tills[number])

        (pid,) = chain.pids("gateway")
        with _crowd(connect) as crowd:
            steps = _grow(crowd, pid, count, options)
            options.say(f"all {count:,} hang up and come back at once")
            crowd.become(0)
            seconds = crowd.become(count)
            again = Step(count, _settled_mib(pid), seconds)
    return _result(steps, again, bare, count)


def _bare_steps(chain: Chain, context: ssl.SSLContext, options: Options) -> list[Step]:
    """The floor: the same server under an application that only accepts."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable, "-m", "bench.bare", str(port),
            str(chain.layout.tls / "server.crt"), str(chain.layout.tls / "server.key"),
        ],
        preexec_fn=die_with_parent(),  # noqa: PLW1509 -- no thread runs yet
    )  # fmt: skip
    try:
        _wait_for(port, process)

        async def connect(_number: int) -> Conversation:
            return await plain(f"https://127.0.0.1:{port}", context)

        with _crowd(connect) as crowd:
            return _grow(crowd, process.pid, BARE_CONNECTIONS, options)
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + BARE_START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError as error:
            if process.poll() is not None or time.monotonic() > ends:
                raise Refused("the bare server did not start") from error
            time.sleep(0.05)
        else:
            return


@contextmanager
def _crowd(connect: Connect) -> Iterator[Crowd]:
    crowd = Crowd(connect)
    try:
        yield crowd
    finally:
        crowd.kill()


def _grow(crowd: Crowd, pid: int, count: int, options: Options) -> list[Step]:
    steps = [Step(0, _settled_mib(pid), 0.0)]
    for part in range(1, PARTS + 1):
        wanted = count * part // PARTS
        options.say(f"{wanted:,} connected")
        seconds = crowd.become(wanted)
        steps.append(Step(wanted, _settled_mib(pid), seconds))
    return steps


def _settled_mib(pid: int) -> float:
    """The resident memory of a process once it stands still."""
    ends = time.monotonic() + STILL_TIMEOUT_S
    before = resident_mib(pid)
    while True:
        time.sleep(STILL_S)
        now = resident_mib(pid)
        if abs(now - before) <= before / 1000 or time.monotonic() > ends:
            return now
        before = now


def resident_mib(pid: int) -> float:
    """A process's resident memory in MiB, as the system shows it."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"process {pid} shows no memory")


def _kib_each(steps: Sequence[Step]) -> tuple[float, ...]:
    return tuple((step.mib - steps[0].mib) * 1024 / step.tills for step in steps[1:])


def _result(steps: Sequence[Step], again: Step, bare: Sequence[Step], count: int) -> Result:
    empty, full = steps[0], steps[-1]
    seconds = sum(step.seconds for step in steps)
    figures = [
        Figure(
            f"gateway with {count:,} connected tills", (full.mib,), "MiB",
            "the same gateway without a till", (empty.mib,),
        ),
        Figure(
            "memory of one connected till", _kib_each(steps), "KiB",
            "one silent connection of the bare server", _kib_each(bare),
            note="over the gateway's without any",
        ),
        Figure(f"{count:,} tills connect", (seconds,), "s", note=f"{count / seconds:,.0f} a second"),
        Figure(
            f"{count:,} tills come back at once", (again.seconds,), "s",
            note=f"{count / again.seconds:,.0f} a second; afterwards {again.mib:,.0f} MiB",
        ),
    ]  # fmt: skip
    points = tuple((float(step.tills), step.mib) for step in steps)
    plot = Plot(
        "memory", "Memory of the gateway", "connected tills", "MiB resident", (Series("gateway", points),)
    )
    text = (
        "One gateway process. Every till has its own TLS 1.3 connection and its own key, was welcomed after "
        f"a signed hello, and is then silent but for heartbeats. At most {AT_ONCE} hellos are under way at a "
        "time. Memory is the resident set, read when it stands still. The tills run on the same cores, and "
        "the time to connect holds their half of the handshakes too. The floor is the same server, with the "
        "same TLS, under an application that accepts a WebSocket and does nothing: most of it is the read "
        "buffer of 128 KiB that the server's WebSocket library fills at once for each connection, and which "
        "it gives no way to choose."
    )
    return Result(figures, [plot], [text])

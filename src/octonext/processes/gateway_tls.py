"""The certificate that a gateway shows: read at the start, watched, and exchanged while tills are connected.

A pair on disk is taken over only if it is whole, valid now, and for every name it must be for; until then the
one in memory goes on, and `octonext status` says why. Gateways of one machine take over one after the other.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypedDict

import structlog
from granian.constants import SSLProtocols
from granian.server.embed import Server

from octonext.base.clock import Clock
from octonext.crypto.certificates import CertificateUnusable, Pair, read_pair
from octonext.crypto.tls import ALWAYS_NAMED, ServerFiles
from octonext.runtime.layout import Layout
from octonext.runtime.metrics import Registry
from octonext.runtime.settings import Settings
from octonext.sync.socket import SyncServer

WATCH_S = 2.0
"""How soon after it was installed a certificate is seen."""
TAKE_OVER_TIMEOUT_S = 5.0
"""How long tills may take to leave for the new certificate; those that do not are cut, and come back."""

log = structlog.get_logger(__name__)


class CertificateStatus(TypedDict):
    """What `status` tells of it: when it ends, and what is wrong with the one on disk, if anything."""

    expires: str
    days_left: int
    problem: str


class CertificateMetrics:
    """Numbers to be warned by."""

    def __init__(self, registry: Registry) -> None:
        self.days_left = registry.gauge(
            "gateway_certificate_days_left", "Whole days until the gateway's certificate expires."
        )
        self.refused = registry.gauge(
            "gateway_certificate_refused", "1 while the pair on disk is not taken over, else 0."
        )


class ServedCertificate:
    """The pair that one gateway serves, and the files it comes from."""

    def __init__(
        self,
        files: ServerFiles,
        names: Iterable[str],
        *,
        published: Path,
        clock: Clock,
        metrics: CertificateMetrics,
    ) -> None:
        """Raises CertificateUnusable. `published` gets the certificate for who checks our health."""
        self._files = files
        self._names = tuple(names)
        self._published = published
        self._clock = clock
        self._metrics = metrics
        self._refused = ""
        self.pair = read_pair(files.certificate, files.key)
        self.pair.check(self._names, now=self._now())
        self._memory = _in_memory(self.pair)
        self._publish(self.pair)
        self.report()

    def apply(self, server: Server) -> None:
        """Let `server` show this pair to whom it greets from its next worker on."""
        # From memory: what was judged is what is served, and no copy of the key lies on any disk.
        path = f"/proc/self/fd/{self._memory}"
        chosen: Any = (True, path, path, None, str(SSLProtocols.tls13), None, [], False)
        server.ssl_ctx = chosen

    def find_new(self) -> Pair | None:
        """The pair on disk, if it is another one and good; one that is not good is told once."""
        try:
            found = read_pair(self._files.certificate, self._files.key)
            if found.mark == self.pair.mark:
                self._refuse("")
                return None
            # Without names in the configuration, what the clients of today rely on must stay.
            found.check(self._names or self.pair.names(), now=self._now())
        except CertificateUnusable as error:
            self._refuse(f"{error}")
            return None
        self._refuse("")
        return found

    def take(self, pair: Pair, server: Server) -> None:
        """Serve `pair` from now on."""
        memory = _in_memory(pair)
        before, self.pair, self._memory = self._memory, pair, memory
        self.apply(server)
        os.close(before)
        self.report()

    def publish(self, *pairs: Pair) -> None:
        """Let those who check our health know these certificates."""
        self._publish(*pairs)

    def status(self) -> CertificateStatus:
        now = self._now()
        problem = self._refused and f"The installed certificate is not taken over: {self._refused}"
        if now >= self.pair.expires:
            problem = f"The certificate that is served has expired. {problem}".rstrip()
        return {
            "expires": self.pair.expires.isoformat(),
            "days_left": self.pair.days_left(now),
            "problem": problem,
        }

    def report(self) -> None:
        self._metrics.days_left.set(self.pair.days_left(self._now()))
        self._metrics.refused.set(1.0 if self._refused else 0.0)

    def _refuse(self, why: str) -> None:
        if why and why != self._refused:
            log.warning("certificate not taken over", why=why)
        self._refused = why
        self.report()

    def _publish(self, *pairs: Pair) -> None:
        unfinished = self._published.with_name(f".{self._published.name}.new")
        unfinished.write_bytes(b"\n".join(pair.chain for pair in pairs))
        unfinished.chmod(0o644)
        unfinished.replace(self._published)

    def _now(self) -> dt.datetime:
        return self._clock.now().astimezone(dt.UTC)


def served_certificate(
    layout: Layout, settings: Settings, index: int, *, clock: Clock, registry: Registry
) -> ServedCertificate:
    """What gateway `index` is to show: the operator's pair, else the local authority's.

    Raises CertificateUnusable.
    """
    own = settings.gateway.tls
    files = (
        ServerFiles(layout.tls / "server.crt", layout.tls / "server.key", layout.root_certificate)
        if own is None
        else ServerFiles(own.certificate, own.key, own.certificate)
    )
    names = settings.gateway.names if own is not None else (*ALWAYS_NAMED, *settings.gateway.names)
    return ServedCertificate(
        files,
        names,
        published=layout.gateway_certificate(index),
        clock=clock,
        metrics=CertificateMetrics(registry),
    )


async def watch(
    served: ServedCertificate,
    server: Server,
    sync: SyncServer,
    *,
    lock: Path,
    stopping: Callable[[], bool],
) -> None:
    """Look at the files for ever, and take over what is good; returns when the gateway stops."""
    while not stopping():
        await asyncio.sleep(WATCH_S)
        try:
            await _look(served, server, sync, lock, stopping)
        except Exception as error:  # noqa: BLE001 - a full disk today must not keep out the certificate of tomorrow
            log.warning("certificate not taken over", error=f"{type(error).__name__}: {error}")


async def _look(
    served: ServedCertificate, server: Server, sync: SyncServer, lock: Path, stopping: Callable[[], bool]
) -> None:
    pair = await asyncio.to_thread(served.find_new)
    if pair is None or stopping():
        return
    turn = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            await _take_over(served, pair, server, sync, stopping)
    finally:
        os.close(turn)


async def _take_over(
    served: ServedCertificate,
    pair: Pair,
    server: Server,
    sync: SyncServer,
    stopping: Callable[[], bool],
) -> None:
    """Ask the tills to come back, then greet everybody anew; the port listens all the time."""
    log.info("certificate taken over", connected=sync.connected, expires=pair.expires.isoformat())
    served.publish(pair, served.pair)
    await sync.drain(TAKE_OVER_TIMEOUT_S)
    if stopping():
        return
    try:
        served.take(pair, server)
        server.reload()  # type: ignore[no-untyped-call]
    finally:
        # Whichever certificate it is by now: a gateway that takes no connections serves nobody.
        sync.resume()
    served.publish(pair)


def _in_memory(pair: Pair) -> int:
    """A file that only this process has and no disk: the descriptor of chain and key."""
    memory = os.memfd_create("octonext-certificate", os.MFD_CLOEXEC)
    content = pair.chain.rstrip() + b"\n" + pair.key
    while content:
        content = content[os.write(memory, content) :]
    return memory

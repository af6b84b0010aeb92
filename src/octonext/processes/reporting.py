"""The reporting process: opens the OLAP store and serves it on a Unix socket until it is stopped."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import uvloop

from octonext.base.clock import SystemClock
from octonext.base.errors import OctoNextError
from octonext.reporting.service import Reporting
from octonext.reporting.socket import ReportingApp
from octonext.reporting.store import Chdb, ClickHouse, Olap
from octonext.reporting.store.disk import has_disk
from octonext.runtime.layout import Layout
from octonext.runtime.settings import Settings

from .keys.opening import open_keyring
from .local_service import reporting_token, serve_on_socket, stop_on_signals


class StoreInUse(OctoNextError):
    """Another reporting process has the embedded store open."""

    code = "store_in_use"


def run(layout: Layout, settings: Settings) -> None:
    """Serve until SIGTERM. Raises StoreInUse, OlapUnavailable, OlapIsNewer."""
    engine = engine_of(layout, settings)
    layout.prepare_sockets()
    layout.reporting.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_one(layout.reporting / "lock"):
        uvloop.run(_serve(engine, layout.socket("reporting"), reporting_token(settings)))


def engine_of(layout: Layout, settings: Settings) -> Chdb | ClickHouse:
    """Which store the settings choose. Raises SecretUnavailable, and what a keyring raises."""
    chosen = settings.reporting
    if chosen.engine == "chdb" or chosen.url is None:
        return Chdb(layout.chdb, _disk_key(layout))
    password = "" if chosen.password is None else chosen.password.read()
    return ClickHouse(chosen.url, chosen.user, password, chosen.database)


def _disk_key(layout: Layout) -> bytes | None:
    if layout.settings.reporting.storage == "none":
        return None
    keyring = open_keyring(layout)
    # A new key would open nothing that is there already.
    ask = keyring.require if has_disk(layout.chdb) else keyring.key
    return ask("disk", "reporting")


async def _serve(engine: Chdb | ClickHouse, socket: Path, token: str | None) -> None:
    log = structlog.get_logger()
    stop = stop_on_signals()
    olap = await Olap.open(engine)
    try:
        reporting = Reporting(olap, SystemClock())
        await reporting.start()
        log.info("reporting_ready", engine=type(engine).__name__.lower())
        await serve_on_socket(ReportingApp(reporting, token=token), socket, stop)
        await reporting.stop()
    finally:
        await olap.close()
    log.info("reporting_stopped")


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the store's lock: two processes on one chDB folder would destroy it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreInUse(f"Another reporting process uses {path.parent}.", remedy="Stop it first.") from None
    try:
        yield
    finally:
        os.close(descriptor)

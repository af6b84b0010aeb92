"""How each kind of process is run: what it is called, how it is asked whether it is well, how it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from octonext.crypto.errors import InvalidKey
from octonext.crypto.tls import pinned_context
from octonext.processes.backup.state import is_fresh
from octonext.processes.backup.swap import settle
from octonext.processes.cluster.binaries import OsUser
from octonext.processes.cluster.server import START_TIMEOUT_S, PostgresServer
from octonext.processes.os_process import die_with_parent
from octonext.runtime.layout import Layout

from .child import ChildSpec
from .health import NoAnswer, get_from_socket, get_over_tls
from .stopped import is_stopped
from .storage import Storage

POSTGRES_STOP_TIMEOUT_S = 30.0
GATEWAY_STOP_TIMEOUT_S = 20.0
"""Longer than the spread over which a draining gateway sends its tills away."""
RELAY_STOP_TIMEOUT_S = 10.0
BACKUP_STOP_TIMEOUT_S = 20.0
REPORTING_STOP_TIMEOUT_S = 20.0
PYTHON_START_TIMEOUT_S = 60.0
KEYLESS = ("relay",)
"""Processes that open no keyring, so a master key in the environment is not passed on to them."""


def embedded_servers(layout: Layout, bin_dir_of: Callable[[], tuple[OsUser, Path]]) -> list[PostgresServer]:
    """HQ and the shards that have no dsn; `bin_dir_of` is only asked when there is one."""
    wanted = ["hq"] if layout.settings.hq.embedded else []
    wanted += [each.id for each in layout.settings.shards if each.embedded]
    if not wanted:
        return []
    user, bin_dir = bin_dir_of()
    return [
        PostgresServer(
            name=name,
            data_dir=layout.postgres_data(name),
            socket_dir=layout.database_socket_dir(name),
            log_dir=layout.postgres_log(name),
            bin_dir=bin_dir,
            user=user,
        )
        for name in wanted
    ]


def postgres(layout: Layout, server: PostgresServer, storage: Storage) -> ChildSpec:
    """An embedded server on its storage; ended with SIGINT, PostgreSQL's fast shutdown."""

    def prepare() -> None:
        # Before anything is mounted: an orphan may still stand in what a crash left.
        server.end_orphans()
        storage.open()
        storage.check(layout.database(server.name))
        # An interrupted restore is finished first, or the server would be made anew.
        settle(server.data_dir)
        server.prepare()
        # Its log or a table may have been moved elsewhere.
        storage.check(server.data_dir, server.log_dir)

    def clean() -> None:
        # A killed postmaster leaves backends for a moment, and their shared memory with them.
        server.end_orphans()
        storage.close()

    return ChildSpec(
        name=f"postgres-{server.name}",
        kind="postgres",
        command=server.command(),
        answers=server.answers,
        errors=layout.logs / f"postgres-{server.name}.err",
        popen=server.popen_arguments(),
        prepare=prepare,
        clean=clean,
        lost=storage.lost,
        held=lambda: is_stopped(layout, server.name),
        stop_signal=signal.SIGINT,
        stop_timeout_s=POSTGRES_STOP_TIMEOUT_S,
        start_timeout_s=START_TIMEOUT_S,
        address=str(server.socket_dir),
    )


def reporting(layout: Layout, storage: Storage | None) -> ChildSpec:
    """The OLAP store's process; `storage` is the embedded store's."""
    socket = layout.socket("reporting")
    spec = _python(
        layout,
        "reporting",
        _over_socket(layout, "reporting", "/healthz"),
        str(socket),
        REPORTING_STOP_TIMEOUT_S,
    )
    if storage is None:
        return spec

    def prepare() -> None:
        spec.prepare()
        storage.open()
        storage.check(layout.reporting)

    return replace(spec, prepare=prepare, clean=storage.close, lost=storage.lost)


def relay(layout: Layout) -> ChildSpec:
    """The feed reader."""
    socket = layout.socket("relay")
    return _python(
        layout, "relay", _over_socket(layout, "relay", "/status"), str(socket), RELAY_STOP_TIMEOUT_S
    )


def sealer(layout: Layout) -> ChildSpec:
    """Signs what the databases wrote."""
    socket = layout.socket("sealer")
    return _python(
        layout, "sealer", _over_socket(layout, "sealer", "/status"), str(socket), RELAY_STOP_TIMEOUT_S
    )


def backup(layout: Layout) -> ChildSpec:
    """The archive of the databases' logs."""

    async def answers() -> bool:
        return is_fresh(layout)

    return _python(layout, "backup", answers, "", BACKUP_STOP_TIMEOUT_S)


def gateway(layout: Layout, index: int, port: int, token: str) -> ChildSpec:
    """Gateway worker `index`, reached at its own port."""
    host = layout.settings.gateway.host
    reached_at = reachable_host(host)

    async def answers() -> bool:
        try:
            # The one it shows now, which it tells us: a certificate names hosts, not where we reach it at,
            # and may be exchanged at any moment.
            context = pinned_context(layout.gateway_certificate(index))
            status, _ = await get_over_tls(reached_at, port, "/healthz", context=context, token=token)
        except (NoAnswer, InvalidKey):
            return False
        return status < 500

    address = gateway_url(host, port)
    return _python(layout, "gateway", answers, address, GATEWAY_STOP_TIMEOUT_S, index=index)


def gateway_url(host: str, port: int) -> str:
    """Where a browser or a till on this machine reaches the gateway."""
    shown = reachable_host(host)
    return f"https://[{shown}]:{port}" if ":" in shown else f"https://{shown}:{port}"


def reachable_host(host: str) -> str:
    """A listener on every address is reached on this machine's own."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def _over_socket(layout: Layout, name: str, target: str) -> Callable[[], Awaitable[bool]]:
    async def answers() -> bool:
        try:
            status, _ = await get_from_socket(layout.socket(name), target)
        except NoAnswer:
            return False
        return status < 500

    return answers


def _python(
    layout: Layout,
    name: str,
    answers: Callable[[], Awaitable[bool]],
    address: str,
    stop_timeout_s: float,
    *,
    index: int | None = None,
) -> ChildSpec:
    shown = name if index is None else f"{name}-{index}"
    command = [sys.executable, "-m", "octonext.processes.child", name, "--data", str(layout.data_dir)]
    socket = layout.socket(name)
    return ChildSpec(
        name=shown,
        kind=name,
        command=command if index is None else [*command, "--index", str(index)],
        answers=answers,
        errors=layout.logs / f"{shown}.err",
        popen={
            "cwd": "/",
            "env": _environment(layout, name),
            "start_new_session": True,
            # SIGKILL: these hold nothing that a restart does not find again, and a frozen one must go too.
            "preexec_fn": die_with_parent(signal.SIGKILL),
        },
        # A killed process leaves its socket file, on which its successor could not listen.
        prepare=lambda: socket.unlink(missing_ok=True),
        stop_timeout_s=stop_timeout_s,
        start_timeout_s=PYTHON_START_TIMEOUT_S,
        address=address,
    )


def _environment(layout: Layout, name: str) -> dict[str, str]:
    environment = dict(os.environ)
    for source in (layout.settings.keys.master, layout.settings.keys.shares):
        if name in KEYLESS and source is not None and source.env is not None:
            environment.pop(source.env, None)
    if "PYTHONPATH" in environment:
        # Children start in "/", where a relative entry would mean another folder.
        entries = environment["PYTHONPATH"].split(os.pathsep)
        environment["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in entries if entry)
    environment["PYTHONUNBUFFERED"] = "1"
    return environment

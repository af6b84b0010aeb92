"""The supervisor of one installation: ordered start, watching, ordered stop.

Order: PostgreSQL servers (side by side), migrations and partitions, the caller's bootstrap, reporting,
relay, sealer, gateways. Stopping goes the other way round, so that nobody loses what it stands on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import structlog

from octonext.crypto.at_rest import Protection
from octonext.crypto.certificates import read_pair
from octonext.crypto.keyring import Keyring
from octonext.crypto.secrets import new_token
from octonext.crypto.tls import ensure_server_certificate
from octonext.processes.backup.sources import archives, embedded
from octonext.processes.cluster.binaries import OsUser, check_reachable, reachable_programs
from octonext.processes.keys import open_keyring
from octonext.processes.keys.shares import ensure_share_key
from octonext.processes.keys.sync import ensure_sync_keys
from octonext.processes.os_process import end, marked
from octonext.runtime.layout import Layout
from octonext.runtime.settings import Settings

from . import specs
from .child import KILL_TIMEOUT_S, MARK, Child, ChildSpec
from .databases import Say, migrate_all, partitions_ahead_everywhere
from .lock import hold
from .ports import choose_ports
from .state import InstallationState, Stage, write_state
from .stopped import is_stopped
from .storage import REPORTING, Storage, database_user, examine_servers, told

DAILY_S = 24 * 3600.0
RETRY_DAILY_S = 600.0
"""Partitions are made months ahead, so ten minutes after a failure is soon enough."""

Bootstrap = Callable[[Layout, Settings], Awaitable[None]]
log = structlog.get_logger(__name__)

STANDARD_PARTS = ("backup", "reporting", "relay", "sealer", "gateway")


class Supervisor:
    """Runs the installation in `layout`.

    `say` gets one line of progress at a time; `bootstrap` runs once databases are migrated;
    `parts` are the kinds of process to start beside PostgreSQL (tests choose fewer).
    Everything must happen on one event loop in the main thread: children end with that thread.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        say: Say = lambda _line: None,
        bootstrap: Bootstrap | None = None,
        parts: tuple[str, ...] = STANDARD_PARTS,
    ) -> None:
        self.layout = layout
        self.settings = layout.settings
        self.children: dict[str, Child] = {}
        self.gateways: list[str] = []
        self._say = say
        self._bootstrap = bootstrap
        self._parts = parts
        self._resources = ExitStack()
        self._stage: Stage = "stopped"
        self._started_at = time.time()
        self.started = asyncio.Event()
        self._stop_asked = asyncio.Event()
        self._groups: list[list[Child]] = []
        self._daily: asyncio.Task[None] | None = None
        self._storages: dict[str, Storage] = {}
        self._servers_elsewhere: dict[str, Protection] = {}
        self._keyring: Keyring | None = None
        self._keyring_lock = threading.Lock()

    async def run(self) -> None:
        """Start, stay up until `ask_to_stop`, stop. Raises what made a start impossible."""
        try:
            starting = asyncio.create_task(self.start())
            asked = asyncio.create_task(self._stop_asked.wait())
            await asyncio.wait((starting, asked), return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await starting
            else:
                starting.result()
            await asked
        finally:
            asked.cancel()
            await self.stop()

    async def start(self) -> None:
        """Start everything and return when it answers. After a fault call `stop`.

        Raises AlreadyRunning, SettingsError, ClusterUnusable, PortUnavailable, ChildFailed and the
        faults of migrations.
        """
        self.layout.prepare()
        self._resources.enter_context(hold(self.layout.lock))
        self.layout.prepare_sockets()
        self._resources.callback(self._leave)
        # We hold the lock, so whatever still carries our mark was left by a killed supervisor.
        await asyncio.to_thread(self._end_orphans)
        ports = choose_ports(self.settings.gateway, self.layout.ports) if self._has("gateway") else []
        self._stage = "starting"
        self._changed()
        # First of all: with a wrong master key nothing that is encrypted can start.
        await asyncio.to_thread(self._ensure_keys)
        await self._start_databases()
        if self._bootstrap is not None:
            await self._bootstrap(self.layout, self.settings)
        if self._has("backup") and archives(self.settings) and embedded(self.settings):
            await self._start_group([specs.backup(self.layout)])
        if self._has("reporting") and self.settings.reporting.address is None:
            is_embedded = self.settings.reporting.engine == "chdb"
            await self._start_group(
                [specs.reporting(self.layout, self._storage(REPORTING) if is_embedded else None)]
            )
        if self._has("relay") and self.settings.relay.enabled:
            await self._start_group([specs.relay(self.layout)])
        # Where the relay runs: one of each serves an installation.
        if self._has("sealer") and self.settings.relay.enabled:
            await self._start_group([specs.sealer(self.layout)])
        if ports:
            await self._start_gateways(ports)
        self._stage = "running"
        self._changed()
        for line in told(self.protections()):
            self._say(line)
        self.started.set()
        self._daily = asyncio.create_task(self._every_day(), name="every day")

    async def stop(self) -> None:
        """Stop everything in order; afterwards no process of the installation runs."""
        if self._stage != "stopped":
            self._stage = "stopping"
            self._changed()
        if self._daily is not None:
            self._daily.cancel()
            await asyncio.gather(self._daily, return_exceptions=True)
        for group in reversed(self._groups):
            self._say(f"stopping {', '.join(child.spec.name for child in group)}")
            await asyncio.gather(*(child.stop() for child in group))
        self._resources.close()

    def ask_to_stop(self) -> None:
        """Begin the ordered stop; asked a second time, stop without waiting for deadlines."""
        if self._stop_asked.is_set():
            for child in self.children.values():
                child.hurry()
        self._stop_asked.set()

    def state(self) -> InstallationState:
        return InstallationState(
            name=self.settings.name,
            pid=os.getpid(),
            stage=self._stage,
            started_at=self._started_at,
            data_dir=str(self.layout.data_dir),
            gateways=self.gateways,
            processes=[child.status for child in self.children.values()],
            protections=self.protections(),
        )

    def protections(self) -> dict[str, Protection]:
        """What encrypts each database's storage, by its name, as proven when it last started."""
        here = {name: each.protection for name, each in self._storages.items()}
        return {name: each for name, each in here.items() if each is not None} | self._servers_elsewhere

    async def _start_databases(self) -> None:
        servers = specs.embedded_servers(self.layout, self._programs)
        if servers:
            self._say(f"starting PostgreSQL: {', '.join(server.name for server in servers)}")
            await self._start_group(
                [specs.postgres(self.layout, server, self._storage(server.name)) for server in servers]
            )
            running = [server for server in servers if not is_stopped(self.layout, server.name)]
            await asyncio.gather(*(server.create_database() for server in running))
        # Before anything is written to it: a server elsewhere may store plain what it is given.
        self._servers_elsewhere = await examine_servers(self.layout)
        await migrate_all(self.layout, self._say)
        for shard_id, reason in (await partitions_ahead_everywhere(self.layout)).items():
            self._say(f"{shard_id}: no partitions ahead ({reason})")

    async def _start_gateways(self, ports: list[int]) -> None:
        self._check_certificate()
        token = self._ensure_monitor_token()
        host = self.settings.gateway.host
        self.gateways = [specs.gateway_url(host, port) for port in ports]
        await self._start_group(
            [specs.gateway(self.layout, index, port, token) for index, port in enumerate(ports)]
        )

    async def _start_group(self, group: list[ChildSpec]) -> None:
        children = [Child(spec, str(self.layout.data_dir), self._changed) for spec in group]
        self._groups.append(children)
        self.children |= {child.spec.name: child for child in children}
        began = time.monotonic()
        outcomes = await asyncio.gather(*(child.start() for child in children), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        names = ", ".join(spec.name for spec in group)
        self._say(f"{names} ready after {time.monotonic() - began:.1f} s")

    def _programs(self) -> tuple[OsUser, Path]:
        user = database_user(self.layout)
        if user.switch:
            check_reachable(self.layout.data_dir, user)
        return user, reachable_programs(user, self.layout.binaries)

    def _storage(self, name: str) -> Storage:
        return self._storages.setdefault(name, Storage(self.layout, name, self._open_keyring))

    def _open_keyring(self) -> Keyring:
        # Several databases start side by side, and the first of them may have to make it.
        with self._keyring_lock:
            if self._keyring is None:
                self._keyring = open_keyring(self.layout, self._say)
            return self._keyring

    def _ensure_keys(self) -> None:
        ensure_sync_keys(self.layout, self._open_keyring())
        ensure_share_key(self.layout, self._open_keyring())

    def _check_certificate(self) -> None:
        """The operator's pair must be usable, the local authority's is made. Raises CertificateUnusable."""
        configured = self.settings.gateway.tls
        if configured is None:
            self._make_certificate()
        else:
            pair = read_pair(configured.certificate, configured.key)
            pair.check(self.settings.gateway.names, now=datetime.now(UTC))

    def _make_certificate(self) -> None:
        names = [specs.reachable_host(self.settings.gateway.host), socket.gethostname()]
        ensure_server_certificate(
            self.layout.tls,
            [*names, *self.settings.gateway.names],
            now=datetime.now(UTC),
            installation=self.settings.name,
        )

    def _ensure_monitor_token(self) -> str:
        path = self.layout.monitor_token
        if not path.exists():
            write_secret(path, new_token().encode())
        return path.read_text(encoding="utf-8").strip()

    def _end_orphans(self) -> None:
        mark = str(self.layout.data_dir)
        names = [
            "backup",
            "reporting",
            "relay",
            "sealer",
            *(f"gateway-{n}" for n in range(self.settings.gateway.workers)),
        ]
        for name in names:
            end(marked(MARK, f"{mark}#{name}"), signal.SIGKILL, KILL_TIMEOUT_S)

    async def _every_day(self) -> None:
        """Partitions ahead and the certificate's renewal, also for a supervisor that runs for years."""
        pause_s = DAILY_S
        while True:
            await asyncio.sleep(pause_s)
            # Each on its own: a certificate that cannot be written must not cost us next month's partitions.
            done = [
                await self._daily_job("partitions ahead", self._partitions_ahead),
                await self._daily_job("certificate", self._renew_certificate),
            ]
            pause_s = DAILY_S if all(done) else RETRY_DAILY_S

    async def _daily_job(self, name: str, job: Callable[[], Awaitable[bool]]) -> bool:
        try:
            return await job()
        except Exception:
            # Whatever it is (a full disk, an unreadable key), the next try may find it gone.
            log.exception("daily_job_failed", job=name)
            return False

    async def _partitions_ahead(self) -> bool:
        return not await partitions_ahead_everywhere(self.layout)

    async def _renew_certificate(self) -> bool:
        # The gateways watch the files, and take a new pair over one after the other.
        if self.gateways and self.settings.gateway.tls is None:
            self._make_certificate()
        return True

    def _has(self, part: str) -> bool:
        return part in self._parts

    def _leave(self) -> None:
        self._stage = "stopped"
        self._changed()
        self.layout.remove_sockets()

    def _changed(self) -> None:
        try:
            write_state(self.layout.state, self.state())
        except OSError as error:
            # A full disk must not end the watching; the next change writes again.
            log.warning("state_not_written", reason=error.strerror)


def write_secret(path: Path, secret: bytes) -> None:
    """Create a file that only its owner reads; an existing one is left as it is (FileExistsError)."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secret + b"\n")
        file.flush()
        os.fsync(file.fileno())

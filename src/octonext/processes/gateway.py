"""The gateway process: wires the lanes, the till protocol and the REST API, and serves them.

Stateless: every process like it can be killed at any moment, and any number of them run side by side.
One process is one worker; granian is embedded in our own event loop so that SIGTERM can first send
the tills to another gateway (docs/decisions/0003).
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar import Litestar, Router
from litestar.types import ControllerRouterHandler

import octonext
from octonext.audit.reading import http as trail_http
from octonext.audit.reading.service import Trail
from octonext.base.clock import SystemClock
from octonext.catalog import http as catalog_http
from octonext.compliance import http as compliance_http
from octonext.crypto.device_share import DeviceShares
from octonext.crypto.secrets import token_digest
from octonext.crypto.tls import ALWAYS_NAMED
from octonext.edge.application import API_PATH, application
from octonext.edge.files import FileWatch, crowded_at, spare_of
from octonext.edge.flood import FloodWatch
from octonext.edge.origin import own_origins
from octonext.edge.refused_attempts import RefusedAttempts
from octonext.edge.static import BuiltApp
from octonext.edge.static import routes as static_routes
from octonext.edge.tokens import TokenCache
from octonext.identity import http as identity_http
from octonext.identity.service import refresh_tokens, token_lookup
from octonext.identity.users import http as users_http
from octonext.reporting.http import reports_router
from octonext.reporting.remote import ReportingClient
from octonext.runtime.layout import Layout
from octonext.runtime.metrics import Registry
from octonext.runtime.postgres import Pool, close_pool, open_pool
from octonext.runtime.settings import Settings
from octonext.sales.till_settings import http as till_settings_http
from octonext.shards.directory import http as directory_http
from octonext.shards.lane import Lane, LaneMetrics, ShardUnavailable
from octonext.sync import http as sync_http
from octonext.sync import socket as sync_socket
from octonext.sync.metrics import SyncMetrics
from octonext.sync.service import ShardSync
from octonext.sync.service.deltas import PackedPages
from octonext.sync.service.sign_in import SignIns
from octonext.sync.service.silence import LOOK_EVERY_S, Silence, SilenceLimits
from octonext.sync.socket import CONNECTIONS_MAX, SyncServer

from . import operations_http
from .audit.sources import trail_of
from .database_certificates import EVERY_S as CERTIFICATES_EVERY_S
from .database_certificates import DatabaseCertificates
from .gateway_tls import ServedCertificate, served_certificate, watch
from .keys.opening import open_keyring
from .keys.shares import device_shares
from .keys.sync import SyncKeyWatch, sync_keys
from .local_service import reporting_address
from .os_process import allow_files
from .supervisor.state import read_state
from .supervisor.storage import measure

log = structlog.get_logger(__name__)

#: Where `make web` leaves the browser till.
APP_FOLDER = Path(octonext.__file__).parent / "web" / "till"
#: Connections of one gateway to head office: administration only, no till waits for it.
HQ_POOL_SIZE = 4
HQ_STATEMENT_TIMEOUT_MS = 10_000
HQ_CONNECT_TIMEOUT_S = 2.0
#: How often a shard's reference copy is looked at: how soon a new price reaches the tills.
REFRESH_S = 0.5
#: How often the API tokens are read anew.
TOKENS_S = 10.0
#: How often refused attempts are told to head office.
REFUSED_S = 1.0
#: How long tills may take to leave before the gateway ends without them.
DRAIN_S = 5.0
STOP_TIMEOUT_S = 5.0
#: Files that a gateway asks for: beside its tills' sockets an eighth for other requests', some for pools,
#: logs, libraries and reports that wait, and the rest for a crowd that has not said who it is.
FILES_WANTED = 2 * CONNECTIONS_MAX
FILES_BESIDE = 512
#: Connections that wait to be accepted.
BACKLOG_MAX = 1_024
#: How long a connection may stay open without a request, or take for the request's head.
REQUEST_TIMEOUT_MS = 10_000
#: Containers that may be made before the cyclic garbage collector looks at the young ones. A push makes
#: thousands that live until it is booked; Python's default of 700 looks at each of them several times,
#: which was a sixth of a gateway's time.
COLLECT_AFTER = 50_000


def run(layout: Layout, settings: Settings, index: int) -> None:
    """Serve gateway worker `index` until SIGTERM. Raises SecretUnavailable and other faults."""
    files = allow_files(FILES_WANTED)
    if files < FILES_WANTED:
        log.warning("few open files", permitted=files, connections_max=connections_max(files))
    uvloop.run(_serve(layout, settings, index, files))


def connections_max(files: int) -> int:
    """Return how many tills a gateway holds that may have `files` open, at most."""
    room = crowded_at(files) - files // 8 - FILES_BESIDE
    return min(CONNECTIONS_MAX, max(room, files // 8))


async def _serve(layout: Layout, settings: Settings, index: int, files: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock, registry = SystemClock(), Registry()
    lanes = _lanes(layout, settings, clock, registry)
    started = read_state(layout.state)
    measure(registry, {} if started is None else started.protections)
    sync_metrics = SyncMetrics(registry)
    keyring = open_keyring(layout)
    keys = SyncKeyWatch(layout, keyring)
    pages = PackedPages()
    shards = [
        ShardSync(
            lane,
            sync_keys(layout, keyring, lane.shard_id),
            clock=clock,
            metrics=sync_metrics,
            look_for_keys=keys.look,
            pages=pages,
        )
        for lane in lanes
    ]
    reporting = ReportingClient(reporting_address(layout, settings), clock)
    hq = await open_pool(
        layout.dsn("hq"),
        application_name=f"octonext-gateway-{index}",
        max_size=HQ_POOL_SIZE,
        statement_timeout_ms=HQ_STATEMENT_TIMEOUT_MS,
        connect_timeout_s=HQ_CONNECT_TIMEOUT_S,
    )
    refused = RefusedAttempts(lambda: hq, clock)
    shares = device_shares(layout, keyring)
    sync = SyncServer(
        shards,
        clock=clock,
        metrics=sync_metrics,
        connections_max=connections_max(files),
        refused=refused,
        sign_ins=SignIns(shares, clock),
    )
    limits = SilenceLimits(
        backlog=timedelta(minutes=settings.gateway.silent_backlog_minutes),
        shift=timedelta(minutes=settings.gateway.silent_shift_minutes),
    )
    silences = [Silence(lane, limits, clock=clock, metrics=sync_metrics) for lane in lanes]
    keys.watch(shards, sync.announce_key)
    tokens = TokenCache(token_lookup(lambda: hq), clock, monitor_digest=_monitor_digest(layout))
    served = served_certificate(layout, settings, index, clock=clock, registry=registry)
    app = build(
        tokens=tokens, hq=hq, sync=sync, lanes=lanes, reporting=reporting, registry=registry,
        trail=trail_of(settings, hq, lanes), certificate=served,
        origins=_origins(layout, settings, served), refused=refused, shares=shares,
        till_app=BuiltApp.read(APP_FOLDER), silences=silences,
    )  # fmt: skip
    background = [
        asyncio.ensure_future(_keep(f"refresh {each.shard_id}", partial(sync.refresh, each), REFRESH_S))
        for each in shards
    ]
    background += [
        asyncio.ensure_future(
            _keep(f"silent tills {each.shard_id}", partial(_look, sync, shard, each), LOOK_EVERY_S)
        )
        for shard, each in zip(shards, silences, strict=True)
    ]
    background.append(asyncio.ensure_future(_keep("sync keys", keys.tend, REFRESH_S)))
    background.append(asyncio.ensure_future(_keep("tokens", lambda: refresh_tokens(hq, tokens), TOKENS_S)))
    background.append(asyncio.ensure_future(_keep("refused attempts", refused.record, REFUSED_S)))
    certificates = DatabaseCertificates(
        {"hq": layout.dsn("hq")} | {each.id: layout.dsn("shard", each.id) for each in settings.shards},
        clock=clock,
        registry=registry,
    )
    background.append(
        asyncio.ensure_future(_keep("database certificates", certificates.look, CERTIFICATES_EVERY_S))
    )
    background.append(asyncio.ensure_future(FloodWatch(sync.inflows).run()))
    crowd = FileWatch(sync.inflows, port=layout.gateway_port(index), files=files)
    background.append(asyncio.ensure_future(crowd.run()))
    # only a new process takes connections again then, and there will be one
    background[-1].add_done_callback(lambda _: stop.set())
    try:
        await _listen(app, sync, layout, settings, index, stop, files, served)
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        with suppress(Exception):
            await asyncio.wait_for(refused.record(), STOP_TIMEOUT_S)
        await asyncio.gather(*(lane.close() for lane in lanes), close_pool(hq), reporting.close())


async def _look(sync: SyncServer, shard: ShardSync, silence: Silence) -> None:
    await silence.look(sync.tills_of(shard))


def build(
    *,
    tokens: TokenCache,
    hq: Pool | None,
    sync: SyncServer,
    lanes: list[Lane],
    reporting: ReportingClient | None,
    registry: Registry,
    trail: Trail | None = None,
    certificate: ServedCertificate | None = None,
    origins: Iterable[str] = (),
    refused: RefusedAttempts | None = None,
    shares: DeviceShares | None = None,
    till_app: BuiltApp | None = None,
    silences: Sequence[Silence] = (),
) -> Litestar:
    """Return the ASGI application with every route; what answers what is decided here only."""
    api: list[ControllerRouterHandler] = [
        *directory_http.routes(),
        *sync_http.routes(),
        *catalog_http.routes(),
        *compliance_http.routes(),
        *identity_http.routes(),
        *users_http.routes(),
        *till_settings_http.routes(),
        *trail_http.routes(),
        *operations_http.api_routes(),
    ]
    return application(
        [
            Router(API_PATH, route_handlers=api),
            reports_router(f"{API_PATH}/reports"),
            *sync_socket.routes(),
            *operations_http.routes(),
            *static_routes(),
        ],
        tokens=tokens,
        title="OctoNext",
        version=octonext.__version__,
        hq=hq,
        origins=origins,
        refused=refused,
        state={
            "sync": sync,
            "lanes": lanes,
            "reporting": reporting,
            "registry": registry,
            "trail": trail,
            "certificate": certificate,
            "shares": shares,
            "app": till_app,
            "silences": list(silences),
        },
    )


async def _listen(
    app: Litestar,
    sync: SyncServer,
    layout: Layout,
    settings: Settings,
    index: int,
    stop: asyncio.Event,
    files_max: int,
    served: ServedCertificate,
) -> None:
    server = Server(
        app,
        address=settings.gateway.host,
        port=layout.gateway_port(index),
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=True,
        backlog=min(BACKLOG_MAX, spare_of(files_max) // 2),
        # without it as many as the backlog: that many silent clients would keep everybody out
        backpressure=files_max // 8,
        http1_settings=HTTP1Settings(header_read_timeout=REQUEST_TIMEOUT_MS),
        log_enabled=False,
    )
    served.apply(server)
    # The new certificate's worker and the old one must not greet side by side.
    server.respawn_interval = 0.0
    # what is loaded by now stays to the end: no full collection need ever look at it again
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])
    serving = asyncio.ensure_future(server.serve())
    stopping = asyncio.ensure_future(stop.wait())
    watching = asyncio.ensure_future(
        watch(served, server, sync, lock=layout.certificate_lock, stopping=stop.is_set)
    )
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    watching.cancel()
    if serving.done():
        serving.result()
        return
    log.info("draining", connected=sync.connected)
    await sync.drain(DRAIN_S)
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({serving}, timeout=STOP_TIMEOUT_S)


def _lanes(layout: Layout, settings: Settings, clock: SystemClock, registry: Registry) -> list[Lane]:
    metrics = LaneMetrics(registry)
    return [
        Lane(shard.id, layout.dsn("shard", shard.id), clock=clock, metrics=metrics)
        for shard in settings.shards
    ]


def _origins(layout: Layout, settings: Settings, served: ServedCertificate) -> frozenset[str]:
    """The pages that may speak to this gateway: those of any gateway here, and the configured ones."""
    names = {*ALWAYS_NAMED, *settings.gateway.names, *served.pair.names()}
    ports = [layout.gateway_port(each) for each in range(settings.gateway.workers)]
    return own_origins(names, ports) | frozenset(settings.gateway.origins)


def _monitor_digest(layout: Layout) -> bytes | None:
    try:
        return token_digest(layout.monitor_token.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return None


async def _keep(name: str, work: Callable[[], Coroutine[Any, Any, None]], every_s: float) -> None:
    """Do `work` again and again; what fails is tried again, and logged when it starts to fail."""
    failing = False
    while True:
        try:
            await work()
            failing = False
        except ShardUnavailable as error:
            failing = _log_once(name, str(error), failing)
        except Exception as error:  # noqa: BLE001 - a background task must outlive any fault
            failing = _log_once(name, f"{type(error).__name__}: {error}", failing)
        await asyncio.sleep(every_s)


def _log_once(name: str, reason: str, failing: bool) -> bool:
    if not failing:
        log.warning("background work fails", work=name, reason=reason)
    return True

"""What operators ask a gateway: is it alive, is it ready, its numbers, its lanes at a glance.

None of it is open: the installation's monitor token (or any token with the scope `monitor`) is needed.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from litestar import Response, get
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

import octonext
from octonext.edge.authentication import needs
from octonext.edge.errors import Unavailable
from octonext.edge.tokens import MONITOR
from octonext.runtime.metrics import CONTENT_TYPE, Registry
from octonext.shards.lane import Lane
from octonext.sync.http import shown
from octonext.sync.socket import SyncServer

from .gateway_tls import ServedCertificate


@get("/healthz", opt=needs(MONITOR), summary="The process is alive", sync_to_thread=False)
def healthz() -> dict[str, str]:
    """Answers while the process runs, whatever the rest of the system does."""
    return {"status": "ok", "version": octonext.__version__}


@get("/readyz", opt=needs(MONITOR), summary="The gateway can serve tills", sync_to_thread=False)
def readyz(state: State) -> dict[str, str]:
    """Ready when at least one shard has been reached, and not while draining.

    One shard that is away must not take the gateway away from the branches of all others.
    """
    sync: SyncServer = state["sync"]
    if sync.draining.is_set():
        raise Unavailable("This gateway is draining.")
    if not any(shard.mirror.is_loaded for shard in sync.shards):
        raise Unavailable("No shard has been reached yet.")
    return {"status": "ready"}


@get("/metrics", opt=needs(MONITOR), summary="Numbers for Prometheus", sync_to_thread=False)
def metrics(state: State) -> Response[bytes]:
    """Per shard: calls in flight and queued, breaker, latency; sync: entries, bytes, outcomes, tills."""
    registry: Registry = state["registry"]
    certificate: ServedCertificate | None = state.get("certificate")
    if certificate is not None:
        certificate.report()
    return Response(registry.text(), media_type=CONTENT_TYPE)


@get("/status", opt=needs(MONITOR), summary="Lanes and tills at a glance", sync_to_thread=False)
def status(state: State) -> dict[str, Any]:
    """Each shard's breaker, calls in flight and queued, how many tills are connected, the certificate."""
    sync: SyncServer = state["sync"]
    lanes: list[Lane] = state["lanes"]
    certificate: ServedCertificate | None = state.get("certificate")
    return {
        "version": octonext.__version__,
        "draining": sync.draining.is_set(),
        "tills_connected": sync.connected,
        "shards": [asdict(lane.status()) for lane in lanes],
        "certificate": None if certificate is None else certificate.status(),
        "silent_tills": msgspec.to_builtins(shown(state.get("silences") or ()).tills),
    }


def routes() -> list[ControllerRouterHandler]:
    """Return what stands outside of the versioned API."""
    return [healthz, readyz, metrics]


def api_routes() -> list[ControllerRouterHandler]:
    """Return what stands under /api/v1."""
    return [status]

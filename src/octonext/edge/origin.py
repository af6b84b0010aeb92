"""Which pages a browser may speak to us from: our own, and those that the configuration names.

A browser tells with every WebSocket and every writing request from which origin its page came (RFC 6454), and
lets no page forge it. Programs that are no browsers, such as the Python till, tell none, and may come.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
import structlog
from litestar.types import ASGIApp, Receive, Scope, Send

from .problems import MEDIA_TYPE, problem_response
from .refused_attempts import RefusedAttempts
from .request_context import current_request_id, stranger

HTTPS_PORT = 443
READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing; what they answer a foreign page cannot read: no answer allows it (CORS)."""
ORIGIN_BYTES_MAX = 300

log = structlog.get_logger(__name__)


def own_origins(names: Iterable[str], ports: Iterable[int]) -> frozenset[str]:
    """The origins of pages that gateways at these `ports` serve under these `names`."""
    return frozenset(
        f"https://{_host(name)}" if port == HTTPS_PORT else f"https://{_host(name)}:{port}"
        for name in names
        for port in ports
        if "*" not in name
    )


class OriginCheck:
    """ASGI application around another: refuses what a browser sends from a page of somebody else's."""

    def __init__(self, app: ASGIApp, origins: Iterable[str], refused: RefusedAttempts | None = None) -> None:
        """`origins` as browsers write them: scheme, host, and port unless it is the scheme's own."""
        self._app = app
        self._refused = refused
        self._origins = frozenset(origin.lower().encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = str(scope["type"])
        if kind == "websocket" or (kind == "http" and scope["method"] not in READING):  # type: ignore[typeddict-item]
            said = [value for name, value in scope["headers"] if name == b"origin"]
            # More than one is nothing a browser sends.
            if len(said) > 1 or any(value.lower() not in self._origins for value in said):
                shown = said[0][:ORIGIN_BYTES_MAX].decode("ascii", "replace")
                log.info("foreign origin refused", origin=shown, kind=kind)
                if self._refused is not None:
                    actor = stranger(scope, current_request_id())
                    self._refused.note("origin_refused", actor.ip or "local", actor, origin=shown, kind=kind)
                if kind == "http":
                    await _refuse(send, kind)
                else:
                    await receive()
                    await _refuse_websocket(scope, send)
                return
        await self._app(scope, receive, send)


async def _refuse_websocket(scope: Scope, send: Send) -> None:
    """Before it was accepted, so that the handshake is answered with 403."""
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await _refuse(send, "websocket.http")
    else:
        # A server that cannot carry an answer of ours gives its own (ASGI, "Close").
        await send({"type": "websocket.close", "code": 1008, "reason": "foreign origin"})


async def _refuse(send: Callable[[Any], Awaitable[None]], kind: str) -> None:
    problem: Any = problem_response(
        403,
        "foreign_origin",
        "The request comes from a page that may not speak to this installation.",
        remedy="Use a page that the gateway serves, or add its origin to [gateway] origins.",
    ).content
    body = msgspec.json.encode(problem)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{kind}.response.start", "status": 403, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body, "more_body": False})


def _host(name: str) -> str:
    try:
        return f"[{name}]" if ipaddress.ip_address(name).version == 6 else name
    except ValueError:
        return name.lower()

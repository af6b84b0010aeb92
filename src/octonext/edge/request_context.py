"""Around every request: an id that is logged and echoed, security headers, and one access line."""

from __future__ import annotations

import asyncio
import re
import time
from contextvars import ContextVar
from typing import Any

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from octonext.base.cards import contains_card_number, mask_card_numbers
from octonext.base.ids import new_uuid7
from octonext.runtime.actor import Actor, acting_as, address_of

from . import limits
from .errors import RequestTooSlow
from .headers import secured

HEADER = b"x-request-id"

# What a caller's id may be made of: it goes into headers and logs as it is.
_ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{8,64}")
USER_AGENT_CHARACTERS_MAX = 400
"""Of what a client calls itself, so much goes into the audit trail."""

_request_id: ContextVar[str] = ContextVar("octonext_request_id", default="")
_log = structlog.get_logger(__name__)


def current_request_id() -> str:
    """The id of the request being answered; empty outside of one."""
    return _request_id.get()


class RequestContext:
    """ASGI application around another: outermost, so that it also sees what no route matched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = _accepted_id(scope) or new_uuid7().hex
        marker = _request_id.set(request_id)
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                if str(scope["type"]) == "http":
                    with acting_as(stranger(scope, request_id)):
                        await self._http(scope, receive, send, request_id)
                else:
                    await self._app(scope, receive, _with_headers(send, request_id))
        finally:
            _request_id.reset(marker)

    async def _http(self, scope: Any, receive: Receive, send: Send, request_id: str) -> None:
        began = time.perf_counter()
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, _in_time(receive), _with_headers(send_and_note, request_id))
        finally:
            # The route's template, not the path: a path may hold what identifies somebody.
            _log.info(
                "request",
                method=scope["method"],
                route=scope.get("path_template") or "unmatched",
                status=status,
                duration_ms=round((time.perf_counter() - began) * 1000, 1),
            )


def _with_headers(send: Send, request_id: str) -> Send:
    """`send`, with the headers that every answer carries; that to a refused WebSocket is one too."""

    async def send_with_headers(message: Any) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            message["headers"] = [*secured(message["headers"]), (HEADER, request_id.encode())]
        await send(message)

    return send_with_headers


def _in_time(receive: Receive) -> Receive:
    """`receive`, whose body must be whole by a deadline: the server under us waits for ever."""
    deadline = asyncio.get_running_loop().time() + limits.BODY_DEADLINE_S
    is_whole = False

    async def receive_in_time() -> Any:
        nonlocal is_whole
        # After the body there is only the client's leaving to wait for, which may take as long as it likes.
        if is_whole:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise RequestTooSlow(
                f"The body of the request was not whole within {limits.BODY_DEADLINE_S:g} s."
            ) from None
        is_whole = not message.get("more_body", False)
        return message

    return receive_in_time


def stranger(scope: Any, request_id: str) -> Actor:
    """Who acts until authentication knows better. The address is the connection's own: no header names it."""
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
    return Actor(
        kind="anonymous",
        id="",
        ip=address_of(scope.get("client")),
        user_agent=shown_agent(agent.decode("latin-1")),
        request_id=request_id,
    )


def shown_agent(text: str | None) -> str | None:
    """What a client calls itself, as the trail keeps it: not for ever long, and never a card's number."""
    looked_at = (text or "")[: 2 * USER_AGENT_CHARACTERS_MAX]
    return mask_card_numbers(looked_at)[:USER_AGENT_CHARACTERS_MAX] or None


def _accepted_id(scope: Any) -> str:
    for name, value in scope["headers"]:
        if name == HEADER and _ACCEPTED.fullmatch(value) and not contains_card_number(value.decode()):
            return str(value.decode())
    return ""

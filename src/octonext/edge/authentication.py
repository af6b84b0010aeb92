"""Who is calling, and whether they may: bearer tokens, scopes, and a guard that fails closed.

A handler says what it needs with `opt=needs(...)`; one that says nothing is closed to everybody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from octonext.runtime.actor import ActorKind, act_as, current_actor

from .errors import Forbidden, Unauthenticated, Unavailable
from .limits import BEARER
from .problems import asked
from .refused_attempts import RefusedAttempts
from .throttling import attempt_succeeded, begin_attempt, client_address
from .tokens import SCOPES, Principal, TokenCache

TOKEN_CHARACTERS_MAX = 200

_OPT = "octonext_access"
_BY_REGION_OPT = "octonext_by_region"
_CREDENTIAL_IN_REQUEST = "credential_in_request"
_OPEN_TO_ALL = "open_to_all"


def needs(scope: str, *, by_region: bool = False) -> dict[str, Any]:
    """The `opt` of a handler that only holders of `scope` may call.

    With `by_region` the handler itself shows a token only the regions that it is limited to. Any other
    handler is closed to such a token: its answer would be the same for every region.
    """
    if scope not in SCOPES:
        raise ValueError(f"{scope!r} is not a scope")
    return {_OPT: scope, _BY_REGION_OPT: by_region}


def any_token() -> dict[str, Any]:
    """The `opt` of a handler that every known token may call."""
    return {_OPT: ""}


def credential_in_request() -> dict[str, Any]:
    """The `opt` of a handler whose request is itself proof: a code, a password, a signature."""
    return {_OPT: _CREDENTIAL_IN_REQUEST}


def open_to_all() -> dict[str, Any]:
    """The `opt` of a handler that serves what is nobody's secret: the browser till's program, and no data."""
    return {_OPT: _OPEN_TO_ALL}


async def authorize(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The application's one guard. Sets `scope["user"]` to the Principal.

    Uses `app.state.tokens` (TokenCache) and `app.state.attempts` (Attempts).
    Raises Unauthenticated, Forbidden, TooManyAttempts, Unavailable.
    """
    access = handler.opt.get(_OPT)
    if access in (_CREDENTIAL_IN_REQUEST, _OPEN_TO_ALL):
        return
    principal = await _authenticated(connection)
    connection.scope["user"] = principal
    _act_as(principal)
    if access is None:
        raise Forbidden("This address is not open to anybody.")
    if access and not principal.may(access):
        raise Forbidden(
            f"This needs the scope {access!r}.",
            remedy="Use a token that has it; `octonext token create` makes one.",
        )
    if access and principal.regions is not None and not handler.opt.get(_BY_REGION_OPT):
        raise Forbidden(
            "This address does not tell regions apart, and the token is limited to some.",
            remedy="Use a token without a limit to regions.",
        )


def _act_as(principal: Principal) -> None:
    """From here on the request acts for its principal, as seen from where it came."""
    known = current_actor()
    who = principal.user_id or principal.token_id
    if known is not None and who is not None:
        kind: ActorKind = "token" if principal.user_id is None else "user"
        act_as(replace(known, kind=kind, id=str(who), name=principal.name))


async def _authenticated(connection: ASGIConnection[Any, Any, Any, Any]) -> Principal:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated("This needs a bearer token.", remedy="Send `Authorization: Bearer on_...`.")
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise Unauthenticated("This is not a token.")
    tokens: TokenCache = connection.app.state.tokens
    if tokens.knows(token):
        # Not counted: a stranger's guesses must not lock out the tokens behind the same address.
        principal = await tokens.authenticate(token)
    else:
        principal = await _counted(connection, tokens, token)
    if principal is None:
        refused: RefusedAttempts | None = connection.app.state.get("refused")
        if refused is not None:
            refused.note("token_refused", client_address(connection), current_actor(), **asked(connection))
        raise Unauthenticated("The token is not known, has expired or was revoked.")
    return principal


async def _counted(
    connection: ASGIConnection[Any, Any, Any, Any], tokens: TokenCache, token: str
) -> Principal | None:
    await begin_attempt(connection, BEARER)
    try:
        principal = await tokens.authenticate(token)
    except Unavailable:
        # Nobody learnt whether the token is good, so this was no failure of the caller's.
        attempt_succeeded(connection, BEARER)
        raise
    if principal is not None:
        attempt_succeeded(connection, BEARER)
    return principal

"""Who is calling, and whether they may: bearer tokens, scopes, and a guard that fails closed.

A handler says what it needs with `opt=needs(...)`; one that says nothing is closed to everybody.
Where tokens are kept is `identity`'s business: the cache is given a way to look one up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from octonext.base.clock import Clock
from octonext.base.errors import OctoNextError
from octonext.crypto.secrets import same_secret, token_digest
from octonext.runtime.actor import ActorKind, act_as, current_actor

from .errors import Forbidden, Unauthenticated, Unavailable
from .limits import BEARER
from .problems import UNAVAILABLE_ERRORS, asked
from .refused_attempts import RefusedAttempts
from .throttling import attempt_succeeded, begin_attempt, client_address

ADMIN = "admin"
CATALOG_READ, CATALOG_WRITE = "catalog:read", "catalog:write"
DIRECTORY_READ, DIRECTORY_WRITE = "directory:read", "directory:write"
REPORTS_READ = "reports:read"
AUDIT_READ = "audit:read"
MONITOR = "monitor"
SCOPES = (
    ADMIN, CATALOG_READ, CATALOG_WRITE, DIRECTORY_READ, DIRECTORY_WRITE, REPORTS_READ,
    AUDIT_READ, MONITOR,
)  # fmt: skip

TOKEN_FRESH_S = 10
"""A known token is asked for again after this; so long a revoked one may still work."""
TOKEN_STALE_S_MAX = 900
"""While head office is down, a token last seen good this long ago still works; then it does not."""
LOOKUP_TIMEOUT_S = 3.0
LOOKUP_PAUSE_S = 5.0
"""After head office failed to answer, known tokens do not wait for it again for this long."""
TOKENS_CACHED_MAX = 20_000
TOKEN_CHARACTERS_MAX = 200

_OPT = "octonext_access"
_BY_REGION_OPT = "octonext_by_region"
_CREDENTIAL_IN_REQUEST = "credential_in_request"
_OPEN_TO_ALL = "open_to_all"


@dataclass(frozen=True)
class Principal:
    """Who a token speaks for. `expires_at` is aware, or None for a token that does not end.

    `regions` holds the codes of the regions that it is limited to; None is no limit.
    """

    name: str
    scopes: frozenset[str]
    token_id: UUID | None = None
    user_id: UUID | None = None
    expires_at: datetime | None = None
    regions: frozenset[str] | None = None

    def may(self, scope: str) -> bool:
        """Whether the scope is held: by name, by `admin`, or reading by the right to write."""
        return (
            ADMIN in self.scopes
            or scope in self.scopes
            or (scope.endswith(":read") and scope.replace(":read", ":write") in self.scopes)
        )

    def may_see(self, region: str | None) -> bool:
        """Whether rows of the region are shown; None is what belongs to no region, as at head office."""
        return self.regions is None or region in self.regions


TokenLookup = Callable[[bytes], Awaitable[Principal | None]]
"""Finds the principal of a token's digest at head office; raises when that does not answer."""


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


class TokenCache:
    """Tokens seen good lately, so that head office may be down and its clients still served."""

    def __init__(self, lookup: TokenLookup, clock: Clock, *, monitor_digest: bytes | None = None) -> None:
        self._lookup = lookup
        self._clock = clock
        self._monitor_digest = monitor_digest
        self._known: dict[bytes, tuple[Principal, float]] = {}
        self._lookup_not_before = 0.0

    def replace(self, principals: Mapping[bytes, Principal]) -> None:
        """Take over what head office holds now: one that is not in it stops working."""
        now = self._clock.monotonic()
        self._known = {digest: (principal, now) for digest, principal in principals.items()}

    def forget(self, token_id: UUID) -> None:
        """Stop accepting a token that was just revoked here, without waiting for its age."""
        self._known = {
            digest: entry for digest, entry in self._known.items() if entry[0].token_id != token_id
        }

    def forget_user(self, user_id: UUID) -> None:
        """Ask again for every session of a user whose rights just changed here."""
        self._known = {digest: entry for digest, entry in self._known.items() if entry[0].user_id != user_id}

    def knows(self, token: str) -> bool:
        """Whether the token was seen good lately or is the monitor's: whoever holds it is not guessing."""
        digest = token_digest(token)
        return digest in self._known or self._is_monitor(digest)

    async def authenticate(self, token: str) -> Principal | None:
        """The token's principal, or None when there is no such token.

        Raises Unavailable when only head office could tell, and it does not answer.
        """
        digest = token_digest(token)
        if self._is_monitor(digest):
            return Principal(name="monitor", scopes=frozenset({MONITOR}))
        now = self._clock.monotonic()
        known = self._known.get(digest)
        if known is not None and now - known[1] <= TOKEN_FRESH_S:
            return self._alive(known[0])
        if now >= self._lookup_not_before:
            try:
                return self._alive(await self._ask(digest))
            except Unavailable:
                self._lookup_not_before = self._clock.monotonic() + LOOKUP_PAUSE_S
        if known is None:
            raise Unavailable("Head office does not answer, and this token was not seen before.")
        if now - known[1] > TOKEN_STALE_S_MAX:
            raise Unavailable("Head office has not confirmed this token for too long.")
        return self._alive(known[0])

    def _is_monitor(self, digest: bytes) -> bool:
        return self._monitor_digest is not None and same_secret(digest, self._monitor_digest)

    def _alive(self, principal: Principal | None) -> Principal | None:
        if principal is None or principal.expires_at is None:
            return principal
        return principal if principal.expires_at > self._clock.now() else None

    async def _ask(self, digest: bytes) -> Principal | None:
        """Look up at head office and remember; Unavailable when it does not answer in time."""
        try:
            principal = await asyncio.wait_for(self._lookup(digest), LOOKUP_TIMEOUT_S)
        except UNAVAILABLE_ERRORS:
            raise Unavailable("Head office does not answer.") from None
        except OctoNextError as error:
            raise Unavailable(error.message) from None
        if principal is None:
            self._known.pop(digest, None)
        elif digest in self._known or len(self._known) < TOKENS_CACHED_MAX:
            self._known[digest] = (principal, self._clock.monotonic())
        return principal


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

"""Whom a bearer token speaks for and what it may do, and the tokens seen good lately.

Nothing of HTTP: who only makes a token at the first start loads no web framework for it.
Where tokens are kept is `identity`'s business: the cache is given a way to look one up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from octonext.base.clock import Clock
from octonext.base.errors import OctoNextError
from octonext.crypto.secrets import same_secret, token_digest

from .errors import UNAVAILABLE_ERRORS, Unavailable

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

"""Signing in, tokens and cashiers: each function is one transaction at head office."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from octonext.base.clock import Clock
from octonext.base.errors import OctoNextError
from octonext.base.ids import new_uuid7
from octonext.crypto.secrets import new_token, token_digest
from octonext.edge.errors import Forbidden, InvalidRequest, NotFound, Unavailable
from octonext.edge.refusals import UnknownReference, explained
from octonext.edge.tokens import ADMIN, SCOPES, Principal, TokenCache, TokenLookup
from octonext.runtime.actor import Actor, acting_as, current_actor
from octonext.runtime.audit import record_event
from octonext.runtime.postgres import Connection, Pool, transaction

from . import store
from .domain import (
    ADMINISTRATOR,
    Cashier,
    CashierChange,
    CashierDraft,
    NewToken,
    SignIn,
    Token,
    TokenDraft,
)
from .slow_hashing import hashed_password, hashed_pin, is_password

SESSION_LIFETIME = timedelta(hours=12)
"""A working day. Whoever signs in does so again tomorrow."""


class SignInRefused(OctoNextError):
    """The name and the password do not belong together."""

    code = "sign_in_refused"


async def bootstrap(pool: Pool) -> str | None:
    """Create the administrator of a new installation.

    Returns the secret, once: it is the password of `admin`, and a bearer token with the scope
    `admin` (revocable like any other). Stored are its Argon2id hash and its SHA-256. Returns None
    when there is any user already. Safe when several processes start at a time.
    """
    async with transaction(pool, readonly=True) as connection:
        if await store.has_user(connection):
            return None
    secret, user_id = new_token(), new_uuid7()
    password_hash = await hashed_password(secret)
    async with transaction(pool) as connection:
        if not await store.create_first_user(connection, user_id, ADMINISTRATOR, password_hash):
            return None
        await record_event(connection, "administrator_created", user_id=user_id)
        await store.insert_token(
            connection, new_uuid7(), token_digest(secret), "first start", [ADMIN],
            user_id=user_id, expires_at=None,
        )  # fmt: skip
    return secret


async def reset_administrator(pool: Pool, clock: Clock) -> str | None:
    """Give the administrator a new secret, for whoever lost the old one.

    Returns it, once: password and bearer token as after `bootstrap`. The old password ends, and so
    does every token that came with it; tokens for programs stay. None when there is no administrator.
    """
    secret = new_token()
    password_hash = await hashed_password(secret)
    async with transaction(pool) as connection:
        user_id = await store.replace_password(connection, ADMINISTRATOR, password_hash)
        if user_id is None:
            return None
        await store.revoke_tokens_of_user(connection, user_id, clock.now())
        await record_event(connection, "administrator_reset", user_id=user_id)
        await store.insert_token(
            connection, new_uuid7(), token_digest(secret), f"reset of {ADMINISTRATOR}", [ADMIN],
            user_id=user_id, expires_at=None,
        )  # fmt: skip
    return secret


async def sign_in(pool: Pool, request: SignIn, clock: Clock) -> NewToken:
    """A token for an administrator, for SESSION_LIFETIME. Raises SignInRefused.

    Both outcomes are events of the audit trail. A name that nobody has is not written down: it may well be
    a password, typed into the wrong field.
    """
    async with transaction(pool, readonly=True) as connection:
        user = await store.find_user(connection, request.name)
    right = await is_password(request.password, None if user is None else user[1])
    if user is None or not right:
        async with transaction(pool) as connection:
            await record_event(
                connection, "sign_in_failed",
                name=None if user is None else request.name, user_id=None if user is None else user[0],
            )  # fmt: skip
        raise SignInRefused("The name or the password is wrong.")
    user_id, password_hash, scopes, regions = user
    secret = new_token()
    whoever = current_actor() or Actor(kind="user", id="")
    with acting_as(replace(whoever, kind="user", id=str(user_id), name=request.name)):
        async with transaction(pool) as connection:
            # What ends every session may have come while the password was looked at.
            if not await store.hold_user(connection, user_id, password_hash):
                raise SignInRefused("The name or the password is wrong.")
            token = await store.insert_token(
                connection, new_uuid7(), token_digest(secret), f"session of {request.name}", scopes,
                user_id=user_id, expires_at=clock.now() + SESSION_LIFETIME, regions=regions,
            )  # fmt: skip
            await record_event(connection, "signed_in", token_id=token.token_id, scopes=scopes)
    return NewToken(token=token, secret=secret)


async def create_token(pool: Pool, draft: TokenDraft, clock: Clock) -> NewToken:
    """A token for a program. Raises InvalidRequest for an unknown scope, UnknownReference for a region."""
    _check_scopes(draft.scopes)
    days = draft.expires_in_days
    expires_at = None if days is None else clock.now() + timedelta(days=days)
    secret = new_token()
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            await _check_regions(connection, draft.regions)
            token = await store.insert_token(
                connection, new_uuid7(), token_digest(secret), draft.name, draft.scopes,
                user_id=None, expires_at=expires_at, regions=draft.regions,
            )  # fmt: skip
            await record_event(
                connection,
                "token_created",
                token_id=token.token_id,
                scopes=draft.scopes,
                regions=draft.regions,
            )
    return NewToken(token=token, secret=secret)


async def list_tokens(pool: Pool, after: UUID, limit: int) -> list[Token]:
    """Up to `limit` tokens behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_tokens(connection, after, limit)


async def revoke_token(pool: Pool, token_id: UUID, clock: Clock) -> Token:
    """Raises NotFound. Other gateways stop accepting it within TOKEN_FRESH_S of edge.authentication."""
    async with transaction(pool) as connection:
        token = await store.revoke_token(connection, token_id, clock.now())
        if token is not None:
            await record_event(connection, "token_revoked", token_id=token_id)
    if token is None:
        raise NotFound("There is no such token.")
    return token


async def sign_out(pool: Pool, principal: Principal, clock: Clock) -> None:
    """End the token that is asking. Raises Forbidden for one that is not kept at head office."""
    if principal.token_id is None:
        raise Forbidden("This token belongs to the installation and cannot be signed out.")
    await revoke_token(pool, principal.token_id, clock)


def token_lookup(hq: Callable[[], Pool | None]) -> TokenLookup:
    """How a TokenCache asks head office; `hq` gives the pool, or None while there is none."""

    async def find(digest: bytes) -> Principal | None:
        pool = hq()
        if pool is None:
            raise Unavailable("Head office cannot be reached.")
        async with transaction(pool, readonly=True) as connection:
            return await store.find_token(connection, digest)

    return find


async def refresh_tokens(pool: Pool, tokens: TokenCache) -> None:
    """Bring a gateway's cache up to date; run it whenever the directory is refreshed."""
    async with transaction(pool, readonly=True) as connection:
        principals = await store.load_tokens(connection)
    tokens.replace(principals)


async def create_cashier(pool: Pool, draft: CashierDraft) -> Cashier:
    """Raises Conflict when the code is taken, UnknownReference for an unknown region or branch."""
    pin_hash = await hashed_pin(draft.pin)
    user_id = new_uuid7()
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            await store.insert_cashier(
                connection, user_id, region_id=draft.region_id, code=draft.code,
                name_en=draft.name_en, name_ar=draft.name_ar, role=draft.role, pin_hash=pin_hash,
            )  # fmt: skip
            await store.set_branches(connection, user_id, draft.branch_ids, draft.region_id)
            await record_event(connection, "cashier_created", user_id=user_id, role=draft.role)
            cashier = await store.get_cashier(connection, user_id)
    assert cashier is not None  # just written in the same transaction
    return cashier


async def change_cashier(pool: Pool, user_id: UUID, change: CashierChange) -> Cashier:
    """Raises NotFound, UnknownReference."""
    pin_hash = None if change.pin is None else await hashed_pin(change.pin)
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            region_id = await store.change_cashier(
                connection, user_id, name_en=change.name_en, name_ar=change.name_ar,
                role=change.role, pin_hash=pin_hash, active=change.active,
            )  # fmt: skip
            if region_id is None:
                raise NotFound("There is no such cashier.")
            if change.branch_ids is not None:
                await store.set_branches(connection, user_id, change.branch_ids, region_id)
            if change.pin is not None:
                await record_event(connection, "pin_changed", user_id=user_id)
            if (change.role, change.active, change.branch_ids) != (None, None, None):
                await record_event(
                    connection, "permissions_changed", user_id=user_id, role=change.role,
                    active=change.active, branch_ids=change.branch_ids,
                )  # fmt: skip
            cashier = await store.get_cashier(connection, user_id)
    assert cashier is not None  # just changed in the same transaction
    return cashier


async def get_cashier(pool: Pool, user_id: UUID) -> Cashier:
    """Raises NotFound."""
    async with transaction(pool, readonly=True) as connection:
        cashier = await store.get_cashier(connection, user_id)
    if cashier is None:
        raise NotFound("There is no such cashier.")
    return cashier


async def list_cashiers(pool: Pool, after: UUID, limit: int, region_id: int | None) -> list[Cashier]:
    """Up to `limit` cashiers behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_cashiers(connection, after, limit, region_id)


async def _check_regions(connection: Connection, codes: list[str] | None) -> None:
    unknown = await store.unknown_regions(connection, codes or [])
    if unknown:
        # A limit with a slip of the pen would open nothing, and be noticed only when it is needed.
        raise UnknownReference(f"There is no region {unknown[0][:40]!r}.")


def _check_scopes(scopes: list[str]) -> None:
    for scope in scopes:
        if scope not in SCOPES:
            raise InvalidRequest(
                f"{scope[:40]!r} is not a scope.", remedy=f"The scopes are {', '.join(SCOPES)}."
            )
        if scopes.count(scope) > 1:
            raise InvalidRequest(f"The scope {scope!r} is there twice.")

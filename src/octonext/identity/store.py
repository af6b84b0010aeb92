"""Rows of users, cashiers and tokens at head office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from octonext.edge.tokens import TOKENS_CACHED_MAX, Principal
from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

from .domain import Cashier, Token

QUERIES = load_queries(__package__ or "")

REFUSALS: Mapping[str, str] = {
    "cashier_code_unique": "A cashier of this region has this code already.",
    "cashier_region_known": "There is no such region.",
    "cashier_branch_in_region": "One of the branches is not in the cashier's region.",
}


async def has_user(connection: Connection) -> bool:
    """Whether there is any user, so that nothing is hashed in vain."""
    found: bool = await connection.fetchval(QUERIES["has_user"])
    return found


async def create_first_user(connection: Connection, user_id: UUID, name: str, password_hash: str) -> bool:
    """Whether the administrator was created: there was nobody before."""
    created = await connection.fetchval(QUERIES["create_first_user"], user_id, name, password_hash)
    return created is not None


async def replace_password(connection: Connection, name: str, password_hash: str) -> UUID | None:
    """The user who has the new password now, or None when there is nobody of that name."""
    user_id: UUID | None = await connection.fetchval(QUERIES["replace_password"], name, password_hash)
    return user_id


async def hold_user(connection: Connection, user_id: UUID, password_hash: str) -> bool:
    """Whether the password still is the user's, who may sign in: so it stays until the transaction ends."""
    return await connection.fetchval(QUERIES["hold_user"], user_id, password_hash) is not None


async def find_user(
    connection: Connection, name: str
) -> tuple[UUID, str, list[str], list[str] | None] | None:
    """The id, password hash, scopes and regions of an active user."""
    row = await connection.fetchrow(QUERIES["find_user"], name)
    return None if row is None else (row["user_id"], row["password_hash"], row["scopes"], row["regions"])


async def unknown_regions(connection: Connection, codes: Sequence[str]) -> list[str]:
    """Which of these codes no region has."""
    return [row["asked"] for row in await connection.fetch(QUERIES["unknown_regions"], list(codes))]


async def insert_token(
    connection: Connection,
    token_id: UUID,
    digest: bytes,
    name: str,
    scopes: Sequence[str],
    *,
    user_id: UUID | None,
    expires_at: datetime | None,
    regions: Sequence[str] | None = None,
) -> Token:
    """A new token; only its digest is kept."""
    row = await connection.fetchrow(
        QUERIES["insert_token"], token_id, digest, name, list(scopes), user_id, expires_at,
        None if regions is None else list(regions),
    )  # fmt: skip
    return _token(row)


async def list_tokens(connection: Connection, after: UUID, limit: int) -> list[Token]:
    """A page of tokens, oldest first (their ids are ordered by time)."""
    return [_token(row) for row in await connection.fetch(QUERIES["list_tokens"], after, limit)]


async def revoke_token(connection: Connection, token_id: UUID, now: datetime) -> Token | None:
    """A token that works no more; the first revocation's time stays."""
    row = await connection.fetchrow(QUERIES["revoke_token"], token_id, now)
    return None if row is None else _token(row)


async def revoke_tokens_of_user(connection: Connection, user_id: UUID, now: datetime) -> None:
    """End every token of a user: the first secret, and what signing in gave."""
    await connection.execute(QUERIES["revoke_tokens_of_user"], user_id, now)


async def find_token(connection: Connection, digest: bytes) -> Principal | None:
    """The living token of a digest."""
    row = await connection.fetchrow(QUERIES["find_token"], digest)
    return None if row is None else _principal(row)


async def load_tokens(connection: Connection) -> dict[bytes, Principal]:
    """Every living token, newest first, as many as a cache takes."""
    rows = await connection.fetch(QUERIES["load_tokens"], TOKENS_CACHED_MAX)
    return {row["digest"]: _principal(row) for row in rows}


async def insert_cashier(
    connection: Connection,
    user_id: UUID,
    *,
    region_id: int,
    code: str,
    name_en: str,
    name_ar: str,
    role: str,
    pin_hash: str,
) -> None:
    """A new cashier."""
    await connection.execute(
        QUERIES["insert_cashier"], user_id, region_id, code, name_en, name_ar, role, pin_hash
    )


async def change_cashier(
    connection: Connection,
    user_id: UUID,
    *,
    name_en: str | None,
    name_ar: str | None,
    role: str | None,
    pin_hash: str | None,
    active: bool | None,
) -> int | None:
    """The cashier's region, or None when there is no such cashier."""
    region_id: int | None = await connection.fetchval(
        QUERIES["change_cashier"], user_id, name_en, name_ar, role, pin_hash, active
    )
    return region_id


async def set_branches(
    connection: Connection, user_id: UUID, branch_ids: Sequence[int], region_id: int
) -> None:
    """Make these, and no others, the branches of a cashier."""
    await connection.execute(QUERIES["remove_cashier_branches"], user_id, list(branch_ids))
    await connection.execute(QUERIES["add_cashier_branches"], user_id, list(branch_ids), region_id)


async def get_cashier(connection: Connection, user_id: UUID) -> Cashier | None:
    """One cashier, without the PIN."""
    row = await connection.fetchrow(QUERIES["get_cashier"], user_id)
    return None if row is None else msgspec.convert(dict(row), Cashier)


async def list_cashiers(
    connection: Connection, after: UUID, limit: int, region_id: int | None
) -> list[Cashier]:
    """A page of cashiers, without their PINs, of one region or of all."""
    rows = await connection.fetch(QUERIES["list_cashiers"], after, limit, region_id)
    return [msgspec.convert(dict(row), Cashier) for row in rows]


def _token(row: Mapping[str, Any]) -> Token:
    return msgspec.convert(dict(row), Token)


def _principal(row: Mapping[str, Any]) -> Principal:
    return Principal(
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        token_id=row["token_id"],
        user_id=row["user_id"],
        expires_at=row["expires_at"],
        regions=_limit(row["regions"], row["user_regions"]),
    )


def _limit(of_token: Sequence[str] | None, of_user: Sequence[str] | None) -> frozenset[str] | None:
    """Regions that both allow: a user who is limited later takes the tokens made before along."""
    limits = [frozenset(each) for each in (of_token, of_user) if each is not None]
    return frozenset.intersection(*limits) if limits else None

"""Rows of users and roles at head office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

from .domain import Role, User

QUERIES = load_queries(__package__ or "")

#: What each constraint means to the person whose request meets it.
REFUSALS: Mapping[str, str] = {
    "user_account_name_unique": "A user has this name already.",
    "last_administrator": "This is the last administrator: make somebody else one first.",
}


async def insert_user(
    connection: Connection,
    user_id: UUID,
    *,
    name: str,
    full_name: str,
    password_hash: str,
    regions: Sequence[str] | None,
) -> None:
    """A new user, without any role yet."""
    await connection.execute(QUERIES["insert_user"], user_id, name, full_name, password_hash, regions)


async def set_roles(connection: Connection, user_id: UUID, roles: Sequence[str]) -> None:
    """Make these, and no others, the roles of a user."""
    await connection.execute(QUERIES["add_roles"], user_id, list(roles))
    await connection.execute(QUERIES["remove_roles"], user_id, list(roles))


async def change_user(
    connection: Connection,
    user_id: UUID,
    *,
    full_name: str | None,
    regions: Sequence[str] | None,
    changes_regions: bool,
) -> bool:
    """Whether there is such a user."""
    changed = await connection.fetchval(QUERIES["change_user"], user_id, full_name, regions, changes_regions)
    return changed is not None


async def switch_user(connection: Connection, user_id: UUID, *, active: bool) -> bool:
    """Whether the user was switched, and was not so already."""
    return await connection.fetchval(QUERIES["switch_user"], user_id, active) is not None


async def user_name(connection: Connection, user_id: UUID) -> str | None:
    """Under which name somebody signs in; None for nobody."""
    name: str | None = await connection.fetchval(QUERIES["user_name"], user_id)
    return name


async def password_of(connection: Connection, user_id: UUID) -> tuple[str, str] | None:
    """The name and the password's hash of somebody who may sign in."""
    row = await connection.fetchrow(QUERIES["password_hash"], user_id)
    return None if row is None else (row["name"], row["password_hash"])


async def set_password(connection: Connection, user_id: UUID, password_hash: str) -> None:
    """A new password."""
    await connection.execute(QUERIES["set_password"], user_id, password_hash)


async def end_sessions(
    connection: Connection, user_id: UUID, now: datetime, *, but: UUID | None = None
) -> None:
    """End what was opened with a user's password, but for the session `but`."""
    await connection.execute(QUERIES["end_sessions"], user_id, now, but)


async def get_user(connection: Connection, user_id: UUID) -> User | None:
    """One user, without the password."""
    row = await connection.fetchrow(QUERIES["get_user"], user_id)
    return None if row is None else msgspec.convert(dict(row), User)


async def list_users(connection: Connection, after: str, limit: int) -> list[User]:
    """A page of users by name."""
    return [
        msgspec.convert(dict(row), User)
        for row in await connection.fetch(QUERIES["list_users"], after, limit)
    ]


async def set_till_permissions(connection: Connection, role: str, permissions: Sequence[str]) -> None:
    """Make these, and no others, what a role may do at a till."""
    await connection.execute(QUERIES["lock_role"], role)
    await connection.execute(QUERIES["remove_till_permissions"], role, list(permissions))
    await connection.execute(QUERIES["add_till_permissions"], role, list(permissions))


async def list_roles(connection: Connection, name: str | None = None) -> list[Role]:
    """Every role, or the one of a name."""
    return [msgspec.convert(dict(row), Role) for row in await connection.fetch(QUERIES["list_roles"], name)]

"""Users and roles: each function is one transaction at head office."""

from __future__ import annotations

from uuid import UUID

import msgspec

from octonext.base.clock import Clock
from octonext.base.ids import new_uuid7
from octonext.edge.errors import Forbidden, NotFound
from octonext.edge.refusals import UnknownReference, explained
from octonext.edge.tokens import Principal
from octonext.runtime.audit import record_event
from octonext.runtime.postgres import Connection, Pool, transaction

from ..passwords import check_password
from ..service import SignInRefused
from ..slow_hashing import hashed_password, is_password
from ..store import unknown_regions
from . import store
from .domain import NewPassword, OwnPassword, Role, TillPermissions, TillRole, User, UserChange, UserDraft


async def create_user(pool: Pool, draft: UserDraft) -> User:
    """Raises PasswordRefused, Conflict when the name is taken, UnknownReference for a region."""
    check_password(draft.password, draft.name)
    password_hash = await hashed_password(draft.password)
    user_id = new_uuid7()
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            await _check_regions(connection, draft.regions)
            await store.insert_user(
                connection, user_id, name=draft.name, full_name=draft.full_name,
                password_hash=password_hash, regions=draft.regions,
            )  # fmt: skip
            await store.set_roles(connection, user_id, draft.roles)
            await record_event(
                connection, "user_created", user_id=user_id, name=draft.name, roles=draft.roles,
                regions=draft.regions,
            )  # fmt: skip
            return await _get(connection, user_id)


async def change_user(pool: Pool, user_id: UUID, change: UserChange, clock: Clock) -> User:
    """Raises NotFound, UnknownReference, and Conflict when nobody would be an administrator any more.

    Whoever is switched off is signed out everywhere.
    """
    changes_regions = change.regions is not msgspec.UNSET
    regions = None if isinstance(change.regions, msgspec.UnsetType) else change.regions
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            await _check_regions(connection, regions)
            if not await store.change_user(
                connection, user_id, full_name=change.full_name, regions=regions,
                changes_regions=changes_regions,
            ):  # fmt: skip
                raise NotFound("There is no such user.")
            if change.roles is not None:
                await store.set_roles(connection, user_id, change.roles)
            if changes_regions or change.roles is not None:
                await record_event(
                    connection, "user_rights_changed", user_id=user_id, roles=change.roles,
                    **({"regions": regions} if changes_regions else {}),
                )  # fmt: skip
            if change.active is not None and await store.switch_user(
                connection, user_id, active=change.active
            ):
                await record_event(
                    connection, "user_enabled" if change.active else "user_disabled", user_id=user_id
                )
                if not change.active:
                    await store.end_sessions(connection, user_id, clock.now())
            return await _get(connection, user_id)


async def reset_password(pool: Pool, user_id: UUID, new: NewPassword, clock: Clock) -> User:
    """Give somebody a new password; every session of theirs ends. Raises NotFound, PasswordRefused."""
    async with transaction(pool, readonly=True) as connection:
        name = await store.user_name(connection, user_id)
    if name is None:
        raise NotFound("There is no such user.")
    check_password(new.password, name)
    password_hash = await hashed_password(new.password)
    async with transaction(pool) as connection:
        await store.set_password(connection, user_id, password_hash)
        await store.end_sessions(connection, user_id, clock.now())
        await record_event(connection, "password_reset", user_id=user_id)
        return await _get(connection, user_id)


async def change_own_password(pool: Pool, principal: Principal, change: OwnPassword, clock: Clock) -> None:
    """Replace one's own password; every other session of one's own ends.

    Raises Forbidden for a program's token, SignInRefused when the present password is wrong, PasswordRefused.
    """
    user_id = user_of(principal)
    async with transaction(pool, readonly=True) as connection:
        known = await store.password_of(connection, user_id)
    if not await is_password(change.current_password, None if known is None else known[1]) or known is None:
        async with transaction(pool) as connection:
            await record_event(connection, "password_change_refused", user_id=user_id)
        raise SignInRefused("The present password is wrong.")
    check_password(change.password, known[0])
    password_hash = await hashed_password(change.password)
    async with transaction(pool) as connection:
        await store.set_password(connection, user_id, password_hash)
        await store.end_sessions(connection, user_id, clock.now(), but=principal.token_id)
        await record_event(connection, "password_changed", user_id=user_id)


async def get_user(pool: Pool, user_id: UUID) -> User:
    """Raises NotFound."""
    async with transaction(pool, readonly=True) as connection:
        return await _get(connection, user_id)


async def list_users(pool: Pool, after: str, limit: int) -> list[User]:
    """Up to `limit` users behind the name `after`, in the order of names."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_users(connection, after, limit)


async def list_roles(pool: Pool) -> list[Role]:
    """Every role with what it may do."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_roles(connection)


async def set_till_permissions(pool: Pool, role: TillRole, wanted: TillPermissions) -> Role:
    """Decide what a role may do at a till; every cashier who has it is published anew."""
    async with transaction(pool) as connection:
        await store.set_till_permissions(connection, role, wanted.permissions)
        await record_event(
            connection, "role_permissions_changed", role=role, permissions=sorted(set(wanted.permissions))
        )
        (changed,) = await store.list_roles(connection, role)
    return changed


def user_of(principal: Principal) -> UUID:
    """Whose session it is. Raises Forbidden for a program's token."""
    if principal.user_id is None:
        raise Forbidden("This token is a program's.", remedy="Sign in with a name and a password.")
    return principal.user_id


async def _get(connection: Connection, user_id: UUID) -> User:
    user = await store.get_user(connection, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


async def _check_regions(connection: Connection, codes: list[str] | None) -> None:
    unknown = await unknown_regions(connection, codes or [])
    if unknown:
        raise UnknownReference(f"There is no region {unknown[0][:40]!r}.")

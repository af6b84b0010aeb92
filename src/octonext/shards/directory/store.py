"""The directory's rows at head office. Statements are in store.sql; callers bring the transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

from .domain import (
    Branch,
    BranchChange,
    BranchDraft,
    Organisation,
    OrganisationDraft,
    Placement,
    Region,
    RegionDraft,
    Shard,
    ShardRegistration,
    Till,
)

QUERIES = load_queries(__package__ or "")

#: What each constraint means to the person whose request meets it.
REFUSALS: Mapping[str, str] = {
    "organisation_code_unique": "An organisation has this code already.",
    "region_code_unique": "A region has this code already.",
    "branch_code_unique": "A branch has this code already; it begins receipt numbers, so it is unique.",
    "branch_organisation_known": "There is no such organisation.",
    "branch_region_known": "There is no such region.",
    "branch_residency": "The shard is not in the jurisdiction of the branch's region.",
    "device_branch_known": "There is no such branch.",
    "device_code_unique": "A till of this branch has this code already.",
    "device_key_unique": "Another till was enrolled with this key.",
}

T = TypeVar("T")


async def register_shard(connection: Connection, shard: ShardRegistration) -> str | None:
    """Write a shard; returns the jurisdiction it is registered under if that is another one."""
    written = await connection.fetchval(
        QUERIES["register_shard"],
        shard.shard_id, shard.region_code, shard.jurisdiction, shard.sync_public_key,
    )  # fmt: skip
    if written is not None:
        return None
    found: str = await connection.fetchval(QUERIES["shard_jurisdiction"], shard.shard_id)
    return found


async def insert_organisation(
    connection: Connection, organisation_id: UUID, draft: OrganisationDraft
) -> Organisation:
    """A new legal entity."""
    row = await connection.fetchrow(
        QUERIES["insert_organisation"], organisation_id, draft.code, draft.name_en, draft.name_ar
    )
    return _one(row, Organisation)


async def list_organisations(connection: Connection, after: str, limit: int) -> list[Organisation]:
    """A page of legal entities by code."""
    return _all(await connection.fetch(QUERIES["list_organisations"], after, limit), Organisation)


async def insert_region(connection: Connection, draft: RegionDraft) -> Region:
    """A new region."""
    row = await connection.fetchrow(
        QUERIES["insert_region"],
        draft.code, draft.jurisdiction, draft.currency, draft.time_zone, draft.name_en, draft.name_ar,
    )  # fmt: skip
    return _one(row, Region)


async def list_regions(connection: Connection, after: int, limit: int) -> list[Region]:
    """A page of regions by number."""
    return _all(await connection.fetch(QUERIES["list_regions"], after, limit), Region)


async def list_shards(connection: Connection, after: str, limit: int) -> list[Shard]:
    """A page of shards with how many branches write to each."""
    return _all(await connection.fetch(QUERIES["list_shards"], after, limit), Shard)


async def placement(connection: Connection, region_id: int, shard_id: str) -> Placement:
    """The codes and jurisdictions of a region and of a shard, to explain a refusal before it happens."""
    return Placement(**await connection.fetchrow(QUERIES["placement"], region_id, shard_id))


async def insert_branch(connection: Connection, draft: BranchDraft, jurisdiction: str) -> int:
    """A new branch, under its region's jurisdiction."""
    branch_id: int = await connection.fetchval(
        QUERIES["insert_branch"],
        draft.organisation_id, draft.region_id, draft.shard_id, jurisdiction,
        draft.code, draft.name_en, draft.name_ar,
    )  # fmt: skip
    return branch_id


async def get_branch(connection: Connection, branch_id: int) -> Branch | None:
    """One branch with what it has from its region."""
    row = await connection.fetchrow(QUERIES["get_branch"], branch_id)
    return None if row is None else _one(row, Branch)


async def list_branches(connection: Connection, after: int, limit: int) -> list[Branch]:
    """A page of branches by number."""
    return _all(await connection.fetch(QUERIES["list_branches"], after, limit), Branch)


async def change_branch(connection: Connection, branch_id: int, change: BranchChange) -> None:
    """New names or state of a branch; null leaves a value as it is."""
    await connection.execute(
        QUERIES["change_branch"], branch_id, change.name_en, change.name_ar, change.active
    )


async def lock_branch(connection: Connection, branch_id: int) -> bool:
    """Whether the branch is there; it is held until the transaction ends."""
    return await connection.fetchval(QUERIES["lock_branch"], branch_id) is not None


async def next_till_code(connection: Connection, branch_id: int) -> str:
    """The code after the highest T<number> of a branch."""
    code: str = await connection.fetchval(QUERIES["next_till_code"], branch_id)
    return code


async def insert_till(connection: Connection, branch_id: int, code: str, name: str) -> Till:
    """A till that no machine is yet."""
    return _one(await connection.fetchrow(QUERIES["insert_till"], branch_id, code, name), Till)


async def get_till(connection: Connection, device_id: int) -> Till | None:
    """One till."""
    row = await connection.fetchrow(QUERIES["get_till"], device_id)
    return None if row is None else _one(row, Till)


async def list_tills(connection: Connection, after: int, limit: int, branch_id: int | None) -> list[Till]:
    """A page of tills by number, of one branch or of all."""
    return _all(await connection.fetch(QUERIES["list_tills"], after, limit, branch_id), Till)


async def set_enrolment(connection: Connection, device_id: int, digest: bytes, expires_at: datetime) -> None:
    """The one code that enrols a till; an older one stops working."""
    await connection.execute(QUERIES["set_enrolment"], device_id, digest, expires_at)


async def use_enrolment(connection: Connection, digest: bytes, now: datetime) -> int | None:
    """Spend the code; the till it was for, or None when it opens nothing."""
    device_id: int | None = await connection.fetchval(QUERIES["use_enrolment"], digest, now)
    return device_id


async def enrol_till(
    connection: Connection,
    device_id: int,
    *,
    public_key: bytes,
    share_key: str,
    footprint: Mapping[str, str],
    name: str,
    now: datetime,
) -> int | None:
    """The generation of its share if the till was pending, and now is enrolled."""
    generation: int | None = await connection.fetchval(
        QUERIES["enrol_till"],
        device_id, public_key, share_key, msgspec.json.encode(footprint).decode(), name, now,
    )  # fmt: skip
    return generation


async def enrolled_till(connection: Connection, device_id: int) -> Mapping[str, Any]:
    """Everything a till is told once it is enrolled."""
    row: Mapping[str, Any] = await connection.fetchrow(QUERIES["enrolled_till"], device_id)
    return row


async def revoke_till(connection: Connection, device_id: int, reason: str) -> Till | None:
    """A till that may not sync any more."""
    row = await connection.fetchrow(QUERIES["revoke_till"], device_id, reason)
    await connection.execute(QUERIES["drop_enrolment"], device_id)
    return None if row is None else _one(row, Till)


async def unlock_till(connection: Connection, device_id: int) -> Till | None:
    """An enrolled till whose wrong PINs count no more; None when there is no such one."""
    row = await connection.fetchrow(QUERIES["unlock_till"], device_id)
    return None if row is None else _one(row, Till)


def _one(row: Mapping[str, Any], kind: type[T]) -> T:
    return msgspec.convert(dict(row), kind)


def _all(rows: list[Any], kind: type[T]) -> list[T]:
    return [_one(row, kind) for row in rows]

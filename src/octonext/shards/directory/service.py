"""Changes of the directory: each function is one transaction at head office."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from datetime import timedelta

from octonext.base.clock import Clock
from octonext.base.errors import OctoNextError
from octonext.base.ids import new_uuid7
from octonext.crypto.device_share import DeviceShares
from octonext.crypto.secrets import token_digest
from octonext.crypto.signature import load_public
from octonext.edge.errors import Conflict, InvalidRequest, NotFound
from octonext.edge.refusals import UnknownReference, explained
from octonext.runtime.audit import record_event
from octonext.runtime.postgres import Pool, transaction

from . import store
from .domain import (
    Branch,
    BranchChange,
    BranchDraft,
    EnrolledBranch,
    Enrolment,
    EnrolmentRefused,
    EnrolmentRequest,
    Organisation,
    OrganisationDraft,
    Region,
    RegionDraft,
    RevocationReason,
    Shard,
    ShardRegistration,
    Till,
    TillDraft,
    TillWithCode,
    check_region,
    enrolment_code,
    jurisdiction_of,
    plain_code,
)

ENROLMENT_LIFETIME = timedelta(hours=24)
"""Long enough to carry a code to a shop, short enough that a lost note is worthless next week."""
FOOTPRINT_ENTRIES_MAX = 20
FOOTPRINT_CHARACTERS_MAX = 200


class ShardMoved(OctoNextError):
    """The settings name another jurisdiction than the one a shard's branches were placed under."""

    code = "shard_moved"


async def register(pool: Pool, shards: Sequence[ShardRegistration]) -> None:
    """Write the shards of the settings, with their public keys. Idempotent.

    Raises ShardMoved when a shard changed its jurisdiction: its branches' records would be abroad.
    """
    async with transaction(pool) as connection:
        for shard in shards:
            registered = await store.register_shard(connection, shard)
            if registered is not None:
                raise ShardMoved(
                    f"Shard {shard.shard_id} is registered in {registered}, "
                    f"the settings say {shard.jurisdiction}.",
                    remedy="Put the jurisdiction back, or give the new shard an id of its own.",
                )


async def create_organisation(pool: Pool, draft: OrganisationDraft) -> Organisation:
    """Raises Conflict when the code is taken."""
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            return await store.insert_organisation(connection, new_uuid7(), draft)


async def list_organisations(pool: Pool, after: str, limit: int) -> list[Organisation]:
    """Up to `limit` organisations behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_organisations(connection, after, limit)


async def create_region(pool: Pool, draft: RegionDraft) -> Region:
    """Raises Conflict when the code is taken, InvalidAmount or UnknownTimeZone for unknown values."""
    check_region(draft)
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            return await store.insert_region(connection, draft)


async def list_regions(pool: Pool, after: int, limit: int) -> list[Region]:
    """Up to `limit` regions behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_regions(connection, after, limit)


async def list_shards(pool: Pool, after: str, limit: int) -> list[Shard]:
    """Up to `limit` shards behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_shards(connection, after, limit)


async def create_branch(pool: Pool, draft: BranchDraft) -> Branch:
    """Place a branch. Raises Residency, WrongShard, UnknownReference, Conflict."""
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            placement = await store.placement(connection, draft.region_id, draft.shard_id)
            if placement.region_code is None or placement.shard_region_code is None:
                unknown = "region" if placement.region_code is None else "shard"
                raise UnknownReference(f"There is no such {unknown}.")
            jurisdiction = jurisdiction_of(placement, draft.shard_id)
            branch_id = await store.insert_branch(connection, draft, jurisdiction)
            branch = await store.get_branch(connection, branch_id)
    assert branch is not None  # just written in the same transaction
    return branch


async def get_branch(pool: Pool, branch_id: int) -> Branch:
    """Raises NotFound."""
    async with transaction(pool, readonly=True) as connection:
        branch = await store.get_branch(connection, branch_id)
    if branch is None:
        raise NotFound(f"There is no branch {branch_id}.")
    return branch


async def list_branches(pool: Pool, after: int, limit: int) -> list[Branch]:
    """Up to `limit` branches behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_branches(connection, after, limit)


async def change_branch(pool: Pool, branch_id: int, change: BranchChange) -> Branch:
    """Raises NotFound."""
    async with transaction(pool) as connection:
        await store.change_branch(connection, branch_id, change)
        branch = await store.get_branch(connection, branch_id)
    if branch is None:
        raise NotFound(f"There is no branch {branch_id}.")
    return branch


async def create_till(pool: Pool, draft: TillDraft, clock: Clock) -> TillWithCode:
    """A till that waits for a machine, and its one-time code. Raises UnknownReference, Conflict."""
    code = enrolment_code(os.urandom(10))
    expires_at = clock.now() + ENROLMENT_LIFETIME
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            if not await store.lock_branch(connection, draft.branch_id):
                raise UnknownReference("There is no such branch.")
            till_code = draft.code or await store.next_till_code(connection, draft.branch_id)
            till = await store.insert_till(connection, draft.branch_id, till_code, draft.name)
            await store.set_enrolment(connection, till.device_id, _code_digest(code), expires_at)
            await record_event(connection, "till_created", device_id=till.device_id, branch_id=till.branch_id)
    return TillWithCode(till=till, enrolment_code=code, expires_at=expires_at)


async def renew_code(pool: Pool, device_id: int, clock: Clock) -> TillWithCode:
    """A new code for a till that was never enrolled. Raises NotFound, Conflict."""
    code = enrolment_code(os.urandom(10))
    expires_at = clock.now() + ENROLMENT_LIFETIME
    async with transaction(pool) as connection:
        till = await store.get_till(connection, device_id)
        if till is None:
            raise NotFound(f"There is no till {device_id}.")
        if till.status != "pending":
            # Its journal belongs to the key it has: another machine is another till.
            raise Conflict(f"The till is {till.status}.", remedy="Create a new till instead.")
        await store.set_enrolment(connection, device_id, _code_digest(code), expires_at)
        await record_event(connection, "enrolment_code_renewed", device_id=device_id)
    return TillWithCode(till=till, enrolment_code=code, expires_at=expires_at)


async def get_till(pool: Pool, device_id: int) -> Till:
    """Raises NotFound."""
    async with transaction(pool, readonly=True) as connection:
        till = await store.get_till(connection, device_id)
    if till is None:
        raise NotFound(f"There is no till {device_id}.")
    return till


async def list_tills(pool: Pool, after: int, limit: int, branch_id: int | None) -> list[Till]:
    """Up to `limit` tills behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_tills(connection, after, limit, branch_id)


async def revoke_till(pool: Pool, device_id: int, reason: RevocationReason = "revoked") -> Till:
    """Stop a till from syncing, for good. Raises NotFound.

    One that was revoked before may be reported stolen afterwards, never the other way round.
    """
    async with transaction(pool) as connection:
        till = await store.revoke_till(connection, device_id, reason)
        if till is not None:
            await record_event(connection, "till_revoked", device_id=device_id, reason=till.reason)
    if till is None:
        raise NotFound(f"There is no till {device_id}.")
    return till


async def unlock_till(pool: Pool, device_id: int) -> Till:
    """Let cashiers sign in again at a till where too many PINs were wrong. Raises NotFound, Conflict."""
    async with transaction(pool) as connection:
        till = await store.unlock_till(connection, device_id)
        if till is None:
            known = await store.get_till(connection, device_id)
            if known is None:
                raise NotFound(f"There is no till {device_id}.")
            raise Conflict(f"The till is {known.status}.", remedy="Only an enrolled till can be unlocked.")
        await record_event(connection, "till_unlocked", device_id=device_id)
    return till


async def enrol(pool: Pool, request: EnrolmentRequest, clock: Clock, shares: DeviceShares) -> Enrolment:
    """Turn the machine that holds the code into the till it was made for.

    Raises EnrolmentRefused (one sentence for every cause, so that nothing can be probed), InvalidKey,
    InvalidRequest, Conflict, and what the keyring raises.
    """
    try:
        return await _enrol(pool, request, clock, shares)
    except EnrolmentRefused:
        # The refused transaction is gone; this one stays.
        async with transaction(pool) as connection:
            await record_event(connection, "enrolment_refused")
        raise


async def _enrol(pool: Pool, request: EnrolmentRequest, clock: Clock, shares: DeviceShares) -> Enrolment:
    digest = _code_digest(request.code)
    public_key = _public_key(request.public_key)
    _check_footprint(request.footprint)
    share_key = await shares.newest()
    now = clock.now()
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            device_id = await store.use_enrolment(connection, digest, now)
            generation = None if device_id is None else await store.enrol_till(
                connection, device_id, public_key=public_key, share_key=share_key,
                footprint=request.footprint, name=request.name, now=now,
            )  # fmt: skip
            if device_id is None or generation is None:
                raise EnrolmentRefused(
                    "The enrolment code is not known, was used, or has expired.",
                    remedy="Ask head office for a new one.",
                )
            await record_event(
                connection, "till_enrolled", device_id=device_id,
                key_thumbprint=hashlib.sha256(public_key).hexdigest(),
            )  # fmt: skip
            row = await store.enrolled_till(connection, device_id)
            # Within the transaction: a code is not spent on a till that cannot be given its share.
            share = await shares.share(device=device_id, key=share_key, generation=generation)
    return Enrolment(
        device_id=device_id,
        device_code=row["device_code"],
        branch=EnrolledBranch(
            branch_id=row["branch_id"], code=row["branch_code"],
            name_en=row["name_en"], name_ar=row["name_ar"],
        ),
        region_id=row["region_id"],
        shard_id=row["shard_id"],
        shard_public_key=base64.b64encode(row["sync_public_key"]).decode(),
        device_share=base64.b64encode(share).decode(),
        jurisdiction=row["jurisdiction"],
        currency=row["currency"],
        time_zone=row["time_zone"],
        receipt_prefix=f"{row['branch_code']}-{row['device_code']}",
        server_time=now,
    )  # fmt: skip


def _code_digest(code: str) -> bytes:
    return token_digest(plain_code(code))


def _public_key(text: str) -> bytes:
    try:
        spki = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("public_key is not base64 of a SubjectPublicKeyInfo.") from None
    load_public(spki)
    return spki


def _check_footprint(footprint: dict[str, str]) -> None:
    texts = [*footprint, *footprint.values()]
    if len(footprint) > FOOTPRINT_ENTRIES_MAX or any(
        len(text) > FOOTPRINT_CHARACTERS_MAX or "\0" in text for text in texts
    ):
        raise InvalidRequest(
            f"footprint takes {FOOTPRINT_ENTRIES_MAX} entries of {FOOTPRINT_CHARACTERS_MAX} characters."
        )

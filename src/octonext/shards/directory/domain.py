"""What the directory holds, and how a gateway sees it: values only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import available_timezones

import msgspec

from octonext.base.errors import OctoNextError
from octonext.base.money import exponent
from octonext.base.text import PRINTABLE_PATTERN

ENROLMENT_CODE_CHARACTERS = 16
#: Crockford's base32: no I, L, O or U, so that a code read aloud arrives as it was.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PRINTABLE_PATTERN)]
OptionalName = Annotated[str, msgspec.Meta(max_length=120, pattern=PRINTABLE_PATTERN)]
RegionCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9-]{1,15}(?!\n)$")]
Jurisdiction = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}(?!\n)$", description="ISO 3166-1 alpha-2")]
BranchCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{2,8}(?!\n)$")]
TillCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9]{1,7}(?!\n)$")]
ShardId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{2,16}(?!\n)$")]
TillStatus = Literal["pending", "enrolled", "revoked"]
RevocationReason = Literal["revoked", "stolen"]


class Residency(OctoNextError):
    """A branch would be placed outside of its region's jurisdiction."""

    code = "residency"


class WrongShard(OctoNextError):
    """A branch would be placed on a shard that serves another region."""

    code = "wrong_shard"


class EnrolmentRefused(OctoNextError):
    """The one-time code opens nothing."""

    code = "enrolment_refused"


class UnknownTimeZone(OctoNextError):
    """The time zone is not in the IANA database."""

    code = "invalid_request"


@dataclass(frozen=True)
class ShardRegistration:
    """A shard as the settings name it, with the public half of its sync key (SPKI DER)."""

    shard_id: str
    region_code: str
    jurisdiction: str
    sync_public_key: bytes


@dataclass(frozen=True)
class Placement:
    """Where a branch would belong and where it would go; None for a region or shard that is not known."""

    region_code: str | None
    region_jurisdiction: str | None
    shard_region_code: str | None
    shard_jurisdiction: str | None


def jurisdiction_of(placement: Placement, shard_id: str) -> str:
    """The jurisdiction of a branch so placed. Raises Residency, WrongShard.

    A shard is sent the master data of its own region only: a branch of another one would stand there
    without products and prices. Both must be known.
    """
    region, shard = placement.region_jurisdiction, placement.shard_jurisdiction
    if region is None or region != shard:
        raise Residency(
            f"Shard {shard_id} is in {shard}, the branch's region is in {region}.",
            remedy=f"Place the branch on a shard in {region}.",
        )
    if placement.region_code != placement.shard_region_code:
        raise WrongShard(
            f"Shard {shard_id} serves the region {placement.shard_region_code}, "
            f"the branch is in {placement.region_code}.",
            remedy=f"Place the branch on a shard of {placement.region_code}.",
        )
    return region


# --- resources of the API ---------------------------------------------------------------------


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class OrganisationDraft(_Body, kw_only=True):
    """A legal entity that runs branches."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{1,15}(?!\n)$")]
    name_en: Name
    name_ar: OptionalName = ""


class Organisation(OrganisationDraft, kw_only=True):
    """An organisation with its id."""

    organisation_id: UUID


class RegionDraft(_Body, kw_only=True):
    """Branches that share one jurisdiction, one currency and one time zone."""

    code: RegionCode
    jurisdiction: Jurisdiction
    currency: str
    time_zone: str
    name_en: Name
    name_ar: OptionalName = ""


class Region(RegionDraft, kw_only=True):
    """A region with its id."""

    region_id: int


class Shard(msgspec.Struct, kw_only=True):
    """A shard as registered from the settings."""

    shard_id: str
    region_code: str
    jurisdiction: str
    branch_count: int


class BranchDraft(_Body, kw_only=True):
    """A shop. Its shard must be of its region's jurisdiction."""

    organisation_id: UUID
    region_id: int
    shard_id: ShardId
    code: BranchCode
    name_en: Name
    name_ar: OptionalName = ""


class Branch(BranchDraft, kw_only=True):
    """A branch with its id, and what it has from its region."""

    branch_id: int
    jurisdiction: str
    currency: str
    time_zone: str
    active: bool


class BranchChange(_Body, kw_only=True):
    """What may change of a branch; what is left out stays."""

    name_en: Name | None = None
    name_ar: OptionalName | None = None
    active: bool | None = None


class TillDraft(_Body, kw_only=True):
    """A till to be; without a code it gets the next free T01, T02, ... of its branch."""

    branch_id: int
    code: TillCode | None = None
    name: Annotated[str, msgspec.Meta(max_length=80, pattern=PRINTABLE_PATTERN)] = ""


class Till(msgspec.Struct, kw_only=True):
    """A till as the API shows one."""

    device_id: int
    branch_id: int
    code: str
    name: str
    status: TillStatus
    reason: RevocationReason | None = None
    enrolled_at: datetime | None = None


class TillRevocation(_Body, kw_only=True):
    """Why a till ends. One that is stolen may be in the hands of somebody who knows a PIN."""

    reason: RevocationReason = "revoked"


class TillWithCode(msgspec.Struct, kw_only=True):
    """A till and the one-time code that turns a machine into it. The code is shown only here."""

    till: Till
    enrolment_code: str
    expires_at: datetime


class EnrolmentRequest(_Body, kw_only=True):
    """What a till sends: its code, its public key (base64 of SPKI DER, P-256) and what it is."""

    code: Annotated[str, msgspec.Meta(min_length=8, max_length=40)]
    public_key: Annotated[str, msgspec.Meta(max_length=400)]
    name: Annotated[str, msgspec.Meta(max_length=80, pattern=PRINTABLE_PATTERN)] = ""
    footprint: dict[str, str] = {}


class EnrolledBranch(msgspec.Struct, kw_only=True):
    """The branch a till stands in."""

    branch_id: int
    code: str
    name_en: str
    name_ar: str


class Enrolment(msgspec.Struct, kw_only=True):
    """What a till must know to work. `device_share` is base64 of 32 bytes."""

    device_id: int
    device_code: str
    branch: EnrolledBranch
    region_id: int
    shard_id: str
    shard_public_key: str
    device_share: str
    jurisdiction: str
    currency: str
    time_zone: str
    receipt_prefix: str
    server_time: datetime


def check_region(draft: RegionDraft) -> None:
    """Raises InvalidAmount for an unknown currency, UnknownTimeZone for an unknown zone."""
    exponent(draft.currency)
    if draft.time_zone not in available_timezones():
        raise UnknownTimeZone(
            f"{draft.time_zone!r} is not a time zone.", remedy="Use an IANA name such as Asia/Kuwait."
        )


def enrolment_code(random: bytes) -> str:
    """A code of 80 bits from 10 random bytes, in groups of four to be read aloud."""
    if len(random) != 10:
        raise ValueError("an enrolment code is made of 10 random bytes")
    value = int.from_bytes(random, "big")
    letters = [_ALPHABET[value >> 5 * position & 31] for position in range(ENROLMENT_CODE_CHARACTERS)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, len(letters), 4))


def plain_code(typed: str) -> str:
    """A code as it was made, from how somebody typed it; raises EnrolmentRefused if it cannot be one."""
    code = typed.strip().upper().translate(_MISREAD)
    if re.fullmatch(f"[{_ALPHABET}]{{{ENROLMENT_CODE_CHARACTERS}}}", code) is None:
        raise EnrolmentRefused("This is not an enrolment code.", remedy="It has four groups of four.")
    return code

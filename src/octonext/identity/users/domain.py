"""Users and roles as values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from octonext.base.text import PRINTABLE_PATTERN

from ..domain import REGIONS_MAX

ROLES_MAX = 8
PERMISSIONS_MAX = 32

TillRole = Literal["cashier", "supervisor", "manager"]
OfficeRole = Literal["manager", "accountant", "buyer", "auditor", "administrator"]
#: What is done at a till; `web/packages/core/src/roles.ts` has the same names.
TillPermission = Literal[
    "sell", "return_with_receipt", "price_override", "discount_above_limit", "void_after_payment",
    "open_drawer", "refund_without_receipt", "move_cash", "close_shift", "see_expected", "count_stock",
]  # fmt: skip

UserName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9._-]{2,64}(?!\n)$")]
FullName = Annotated[str, msgspec.Meta(max_length=120, pattern=PRINTABLE_PATTERN)]
OfficeRoles = Annotated[list[OfficeRole], msgspec.Meta(min_length=1, max_length=ROLES_MAX)]
RegionCodes = Annotated[list[str], msgspec.Meta(min_length=1, max_length=REGIONS_MAX)]
#: How good it is, `passwords.check_password` says.
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class UserDraft(_Body, kw_only=True):
    """Somebody who signs in at the API. `regions` are codes; without them every region is open."""

    name: UserName
    full_name: FullName = ""
    roles: OfficeRoles
    regions: RegionCodes | None = None
    password: Password

    def __repr__(self) -> str:
        return f"UserDraft(name={self.name!r})"


class UserChange(_Body, kw_only=True):
    """What may change of a user; what is left out stays. `regions` null ends the limit."""

    full_name: FullName | None = None
    roles: OfficeRoles | None = None
    regions: RegionCodes | msgspec.UnsetType | None = msgspec.UNSET
    active: bool | None = None


class NewPassword(_Body, kw_only=True):
    """A password that an administrator gives somebody."""

    password: Password

    def __repr__(self) -> str:
        return "NewPassword()"


class OwnPassword(_Body, kw_only=True):
    """A password that somebody gives themselves, and the one that it replaces."""

    current_password: Password
    password: Password

    def __repr__(self) -> str:
        return "OwnPassword()"


class User(msgspec.Struct, kw_only=True):
    """A user as the API shows one: without the password, in any form. `scopes` are what the roles allow."""

    user_id: UUID
    name: str
    full_name: str
    roles: list[str]
    scopes: list[str]
    regions: list[str] | None = None
    active: bool
    created_at: datetime


class Role(msgspec.Struct, kw_only=True):
    """What a role may do: at a till by itself, and at the API."""

    name: str
    description: str
    till_permissions: list[str]
    scopes: list[str]


class TillPermissions(_Body, kw_only=True):
    """Everything that a role may do at a till without anybody's approval."""

    permissions: Annotated[list[TillPermission], msgspec.Meta(max_length=PERMISSIONS_MAX)]

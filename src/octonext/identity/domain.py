"""Users, cashiers and tokens as values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from octonext.base.text import PRINTABLE_PATTERN

ADMINISTRATOR = "admin"
SCOPES_MAX = 16
REGIONS_MAX = 64
TOKEN_DAYS_MAX = 3650
BRANCHES_OF_CASHIER_MAX = 500

Role = Literal["cashier", "supervisor", "manager"]
Pin = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4,8}(?!\n)$", description="4 to 8 digits; never given back.")
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PRINTABLE_PATTERN)]
OptionalName = Annotated[str, msgspec.Meta(max_length=120, pattern=PRINTABLE_PATTERN)]
CashierCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,12}(?!\n)$")]
BranchIds = Annotated[list[int], msgspec.Meta(max_length=BRANCHES_OF_CASHIER_MAX)]


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class CashierDraft(_Body, kw_only=True):
    """Somebody who signs in at tills. No `branch_ids` means every branch of the region."""

    region_id: int
    code: CashierCode
    name_en: Name
    name_ar: OptionalName = ""
    role: Role = "cashier"
    branch_ids: BranchIds = []
    pin: Pin


class CashierChange(_Body, kw_only=True):
    """What may change of a cashier; what is left out stays."""

    name_en: Name | None = None
    name_ar: OptionalName | None = None
    role: Role | None = None
    branch_ids: BranchIds | None = None
    pin: Pin | None = None
    active: bool | None = None


class Cashier(msgspec.Struct, kw_only=True):
    """A cashier as the API shows one: without the PIN, in any form."""

    user_id: UUID
    region_id: int
    code: str
    name_en: str
    name_ar: str
    role: Role
    branch_ids: list[int]
    active: bool


class TokenDraft(_Body, kw_only=True):
    """A token for a program. Without `expires_in_days` it lasts until it is revoked.

    `regions` are codes; with them it opens only what can be shown by region, which is the audit trail.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PRINTABLE_PATTERN)]
    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=SCOPES_MAX)]
    regions: Annotated[list[str], msgspec.Meta(min_length=1, max_length=REGIONS_MAX)] | None = None
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=TOKEN_DAYS_MAX)] | None = None


class Token(msgspec.Struct, kw_only=True):
    """A token as it can be listed: what it may do, never what it is."""

    token_id: UUID
    name: str
    scopes: list[str]
    regions: list[str] | None = None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class NewToken(msgspec.Struct, kw_only=True):
    """A token just made. `secret` is shown only here."""

    token: Token
    secret: str


class SignIn(_Body, kw_only=True):
    """An administrator's name and password."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

"""Asking the shard for a receipt: a till takes goods back that another one sold."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from .fields import Branch, Device, RequestId


class FindReceipt(Struct, frozen=True, tag_field="t", tag="find_receipt", kw_only=True):
    """Which receipt is this, and how much of it has come back?"""

    id: RequestId
    branch: Branch
    device: Device
    seq: Annotated[int, Meta(ge=1, le=2**46)]


class SoldLine(Struct, frozen=True, kw_only=True):
    """A line of a receipt as the shard booked it; all figures positive, as in the journal."""

    number: int
    product: UUID
    quantity: int
    unit_price: int
    discount: int
    tax_code: str
    rate_ppm: int
    tax: int
    total: int
    #: How much of it has come back, as far as this shard knows.
    returned: int


class SoldReceipt(Struct, frozen=True, kw_only=True):
    """A sale or a return of any till of the shard."""

    branch: int
    device: int
    seq: int
    kind: Literal["sale", "return"]
    #: What the till's clock said: what is printed on it.
    at: datetime
    currency: str
    total: int
    tax: int
    rounding: int
    lines: list[SoldLine]
    customer: UUID | None


class ReceiptFound(Struct, frozen=True, tag_field="t", tag="receipt", kw_only=True):
    """What was asked for; None when this shard has no such receipt (yet)."""

    id: RequestId
    receipt: SoldReceipt | None

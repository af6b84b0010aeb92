"""Asking the shard for a receipt: a till takes goods back that another one sold."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from .fields import Branch, Device, RequestId

#: The last place that a journal can have.
SEQ_MAX = 2**46


class FindReceipt(Struct, frozen=True, tag_field="t", tag="find_receipt", kw_only=True, omit_defaults=True):
    """Which receipt is this, and how much of it has come back?

    Named by its integers, or by `number` as it is printed: a till knows no other till's code.
    """

    id: RequestId
    branch: Branch | None = None
    device: Device | None = None
    seq: Annotated[int, Meta(ge=1, le=SEQ_MAX)] | None = None
    number: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+\Z")] | None = None

    def __post_init__(self) -> None:
        given = [each is not None for each in (self.branch, self.device, self.seq)]
        if all(given) == (self.number is not None) or any(given) != all(given):
            raise ValueError("a receipt is named by branch, device and seq, or by its number")


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
    #: As printed; None where the till's or the branch's code is not known here (any more).
    number: str | None = None
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

"""Receipt numbers: how they are printed, and what a person may type to mean one."""

from __future__ import annotations

import re
from typing import Protocol

from octonext.base.ids import receipt_number
from octonext.sales.entries import ReceiptReference
from octonext.till.errors import ReceiptNotFound


class Numbered(Protocol):
    """Whatever has a branch and a device, by number and by code."""

    @property
    def branch_id(self) -> int: ...
    @property
    def branch_code(self) -> str: ...
    @property
    def device_id(self) -> int: ...
    @property
    def device_code(self) -> str: ...


_REFERENCE = re.compile(r"(\d{1,9})-(\d{1,9})-(\d{1,14})")


def receipt_number_of(till: Numbered, seq: int) -> str:
    """`KW01-T01-17`."""
    return receipt_number(till.branch_code, till.device_code, seq)


def reference_of(till: Numbered, seq: int) -> str:
    """`3-7-17`: the same in numbers, which means something at every till."""
    return f"{till.branch_id}-{till.device_id}-{seq}"


def parse_receipt(text: str, till: Numbered) -> ReceiptReference:
    """What was typed, as a reference: `3-7-17`, or `KW01-T01-17` or `17` for this till's own.

    Raises `ReceiptNotFound`. A till does not know the codes of other tills, only their numbers.
    """
    text = text.strip()
    own = f"{till.branch_code}-{till.device_code}-"
    sequence = text.removeprefix(own)
    if sequence.isascii() and sequence.isdigit() and 1 <= int(sequence) <= 2**46:
        return ReceiptReference(till.branch_id, till.device_id, int(sequence))
    match = _REFERENCE.fullmatch(text)
    if match is None or 0 in (branch := int(match[1]), device := int(match[2]), seq := int(match[3])):
        raise ReceiptNotFound(
            f"{text!r} is not a receipt of this till.",
            remedy="For another till's receipt, type the number behind `Ref.` on it, like 3-7-17.",
        )
    return ReceiptReference(branch, device, seq)

"""Finds a receipt of any till of the shard, with what of it has come back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from octonext.base.ids import receipt_number
from octonext.edge.errors import TooManyAttempts
from octonext.edge.limits import Limit
from octonext.sales.entries import ReceiptReference
from octonext.shards.lane import ShardUnavailable

from ..messages import Refused
from ..receipt_messages import SEQ_MAX, FindReceipt, ReceiptFound, SoldLine, SoldReceipt
from ..store import ReturnedRow, SoldLineRow, read_receipt

if TYPE_CHECKING:
    from .shard import ShardSync


#: Of other tills: more than a busy counter for returns looks up, and too few to read a shop's sales with.
OF_OTHERS = Limit("receipts_of_other_tills", attempts=60, window_s=600)

_SEQ = re.compile(r"[0-9]{1,14}")


async def find_receipt(shard: ShardSync, asking: int, request: FindReceipt) -> ReceiptFound | Refused:
    """Answer the till `asking`, which wants to take something back."""
    named = _named(shard, request)
    if named == "elsewhere":
        return Refused(
            id=request.id,
            reason="elsewhere",
            detail="That branch is not of this shard: what it sold is not known here.",
        )
    if named is None or named.device != asking:
        # also for a number that is nobody's, or guessing would cost nothing
        try:
            shard.lookups.begin(OF_OTHERS, str(asking))
        except TooManyAttempts as error:
            return Refused(
                id=request.id,
                reason="overloaded",
                detail="This till asks for too many receipts of other tills.",
                retry_after_ms=error.retry_after_s * 1000,
            )
    if named is None:
        return ReceiptFound(id=request.id, receipt=None)
    try:
        found = await shard.lane.run(
            lambda connection: read_receipt(
                connection, branch=named.branch, device=named.device, seq=named.seq
            ),
            readonly=True,
        )
    except ShardUnavailable as error:
        return Refused(
            id=request.id,
            reason="unavailable",
            detail=str(error),
            retry_after_ms=max(int(error.retry_after_s * 1000), 100),
        )
    if found is None:
        return ReceiptFound(id=request.id, receipt=None)
    returned = spread(found.lines, found.returns)
    codes = shard.mirror.codes(named.device)
    return ReceiptFound(
        id=request.id,
        receipt=SoldReceipt(
            branch=named.branch,
            device=named.device,
            seq=named.seq,
            number=codes and receipt_number(*codes, named.seq),
            kind=found.kind,
            at=found.at,
            currency=found.currency,
            total=found.total,
            tax=found.tax,
            rounding=found.rounding,
            lines=[
                SoldLine(**line._asdict(), returned=back)
                for line, back in zip(found.lines, returned, strict=True)
            ],
            customer=found.customer,
        ),
    )


def _named(shard: ShardSync, request: FindReceipt) -> ReceiptReference | Literal["elsewhere"] | None:
    """Return which receipt is meant; None for a number of a till that nobody has heard of."""
    mirror = shard.mirror
    if request.branch is not None and request.device is not None and request.seq is not None:
        known = mirror.has_branch(request.branch)
        return ReceiptReference(request.branch, request.device, request.seq) if known else "elsewhere"
    branch_code, _, rest = (request.number or "").upper().partition("-")
    device_code, _, seq = rest.partition("-")
    if not mirror.has_branch_code(branch_code):
        return "elsewhere"
    place = mirror.place(branch_code, device_code)
    if place is None or not _SEQ.fullmatch(seq) or not 1 <= int(seq) <= SEQ_MAX:
        return None
    return ReceiptReference(*place, int(seq))


def spread(lines: Sequence[SoldLineRow], returns: Iterable[ReturnedRow]) -> list[int]:
    """Return how much of each line has come back, in thousandths.

    What a return says of the line that it takes back is evidence only, so a line gets no more of it than it
    sold, and the rest goes to the other lines of the product; what is still left, to its first.
    """
    back = [0] * len(lines)
    of_product: dict[UUID, list[int]] = {}
    places: dict[int, int] = {}
    for place, line in enumerate(lines):
        of_product.setdefault(line.product, []).append(place)
        places[line.number] = place
    for product, number, quantity in returns:
        own = of_product.get(product)
        if own is None:
            continue
        named = None if number is None else places.get(number)
        order = own if named not in own else [named, *(place for place in own if place != named)]
        left = quantity
        for place in order:
            taken = min(left, max(0, lines[place].quantity - back[place]))
            back[place] += taken
            left -= taken
        back[own[0]] += left
    return back

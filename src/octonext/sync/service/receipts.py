"""Finds a receipt of any till of the shard, with what of it has come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from octonext.shards.lane import ShardUnavailable

from ..messages import Refused
from ..receipt_messages import FindReceipt, ReceiptFound, SoldLine, SoldReceipt
from ..store import ReturnedRow, SoldLineRow, read_receipt

if TYPE_CHECKING:
    from .shard import ShardSync


async def find_receipt(shard: ShardSync, request: FindReceipt) -> ReceiptFound | Refused:
    """Answer a till that wants to take something back."""
    if not shard.mirror.has_branch(request.branch):
        return Refused(
            id=request.id,
            reason="elsewhere",
            detail=f"Branch {request.branch} is not of this shard: what it sold is not known here.",
        )
    try:
        found = await shard.lane.run(
            lambda connection: read_receipt(
                connection, branch=request.branch, device=request.device, seq=request.seq
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
    return ReceiptFound(
        id=request.id,
        receipt=SoldReceipt(
            branch=request.branch,
            device=request.device,
            seq=request.seq,
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

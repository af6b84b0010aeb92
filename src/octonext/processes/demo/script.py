"""What happens in the demo, and when: the tills' network goes, a shard freezes, everybody comes back.

Nothing here is pretended. A cut till's connection is closed and none is made for it; a frozen shard's
processes are stopped where they stand.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from octonext.base.quantity import THOUSANDTHS
from octonext.sales.entries import CashMoved, CountLine, ReceiptReference, Sale, StockCounted, Void
from octonext.till.domain import cart
from octonext.till.domain.pen import Draft
from octonext.till.fleet import Latency, Member, Pace

from .frost import frozen
from .stage import Stage

#: When each act begins, as a part of the play's duration.
CUT_AT, FREEZE_AT, RECONNECT_AT, ERRANDS_AT, CLOSE_AT = 0.14, 0.30, 0.54, 0.66, 0.88
FREEZE_S_MAX = 8.0
FREEZE_PART = 0.20
DRAIN_TIMEOUT_S = 120.0
CAUGHT_UP_TIMEOUT_S = 60.0
COUNTED_PRODUCTS = 5
#: A receipt so far back is no longer one that the fleet's own customers come back with.
OLD_RECEIPTS = 25
_POLL_S = 0.05

CUT_BRANCH, CUT_PARTLY = "SAL", "MAL"
FROZEN, OTHER = "sa-1", "kw-1"


async def perform(stage: Stage, pace: Pace) -> bool:
    """Play from opening to closing time; whether every till could hand over everything at the end."""
    stage.fleet.start_selling(pace)
    tills = len(stage.fleet.members)
    stage.tell(f"The shops are open: {tills} tills of {len(stage.branches)} branches sell.")
    async with asyncio.TaskGroup() as group:
        await stage.until(CUT_AT)
        cut = _cut(stage)
        await stage.until(FREEZE_AT)
        await _freeze(stage)
        group.create_task(_caught_up(stage, _of_shard(stage, FROZEN), "Riyadh's tills"))
        await stage.until(RECONNECT_AT)
        _reconnect(stage, cut)
        group.create_task(_caught_up(stage, cut, "The tills that were cut"))
        await stage.until(ERRANDS_AT)
        await _errands(stage)
        await stage.until(CLOSE_AT)
    stage.tell("Closing time: the tills count their drawers and hand over what is left.")
    await stage.fleet.stop_selling()
    await stage.fleet.close_shifts()
    drained = await stage.fleet.drain(DRAIN_TIMEOUT_S)
    stage.tell(
        "Every till's journal is with its shard." if drained else "Some tills could not hand over everything."
    )
    return drained


def _cut(stage: Stage) -> list[Member]:
    cut = [*stage.members(CUT_BRANCH), *stage.members(CUT_PARTLY)[:2]]
    for member in cut:
        member.link.cut()
    stage.tell("Salmiya's tills, and two of Malaz, lost their network. They sell on.")
    return cut


async def _freeze(stage: Stage) -> None:
    for_s = min(FREEZE_S_MAX, FREEZE_PART * stage.duration_s)
    stage.measured["before"] = _other(stage, for_s)
    async with frozen(stage.supervisor.children[f"postgres-{FROZEN}"].pid):
        stage.frozen.add(FROZEN)
        stage.tell(f"Shard {FROZEN} is frozen: Riyadh sells offline, Kuwait carries on.")
        try:
            await asyncio.sleep(for_s)
        finally:
            stage.frozen.discard(FROZEN)
    before, during = stage.measured["before"], _other(stage, for_s)
    stage.measured["during"] = during
    stage.tell(
        f"{FROZEN} runs again. Kuwait's acks meanwhile took {during.p50_ms:.0f} ms, "
        f"before {before.p50_ms:.0f} ms."
    )


def _reconnect(stage: Stage, cut: Sequence[Member]) -> None:
    waiting = sum(member.link.connection.backlog for member in cut)
    for member in cut:
        member.link.restore()
    stage.tell(f"The network is back: {waiting} entries of {len(cut)} tills are on their way.")


async def _caught_up(stage: Stage, members: Sequence[Member], who: str) -> None:
    """Tell how long it takes until what these tills have now is acknowledged."""
    targets = {member: member.journal.place.seq for member in members if not member.link.is_cut}
    waiting = sum(member.link.connection.backlog for member in targets)
    began = time.monotonic()
    try:
        async with asyncio.timeout(CAUGHT_UP_TIMEOUT_S):
            while any(member.link.connection.acked_seq < seq for member, seq in targets.items()):
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        return
    took = time.monotonic() - began
    if waiting:
        stage.tell(f"{who} handed over {waiting} entries within {took:.1f} s.", headline=False)


async def _errands(stage: Stage) -> None:
    """What else happens in a shop."""
    kuwait_city, hawalli = stage.members("KWC"), stage.members("HAW")
    olaya, nakheel = stage.members("OLA"), stage.members("NAK")
    stage.tell("Goods sold in Kuwait City come back in Hawalli, some even in Riyadh.")
    await _take_back(hawalli[0], kuwait_city[0])
    await _take_back(hawalli[1], kuwait_city[1])
    # Of another shard: booked where it happens, and marked for head office.
    await _take_back(olaya[0], kuwait_city[2])
    stage.tell("A cart is given up, cash goes to the safe, and shelves are counted.", headline=False)
    await nakheel[0].record([_void(nakheel[0])])
    await hawalli[2].record([_to_safe(hawalli[2])])
    await nakheel[1].record([_count(nakheel[1])])
    await kuwait_city[3].record([_count(kuwait_city[3])])


async def _take_back(till: Member, sold_at: Member) -> None:
    """Give the first line of an old receipt back at `till`; nothing when there is no such receipt."""
    found = await asyncio.to_thread(_old_sale, sold_at)
    if found is None:
        return
    seq, sale = found
    identity = sold_at.identity
    original = ReceiptReference(identity.branch_id, identity.device_id, seq)
    line = sale.lines[0]
    if identity.currency == till.identity.currency:
        back = cart.return_line(line, 1, line.quantity)
    else:
        # Another country's money: at today's price here.
        product = till.catalogue.product_by_id(line.product)
        if product is None:
            return
        tag = till.catalogue.price(product, till.till.today())
        tax = till.catalogue.tax(product, till.identity.jurisdiction)
        back = cart.price_line(product, tag, tax, line.quantity, 0)
    await till.record([till.till.draft_return(original, [back], "cash", "faulty")])


def _old_sale(member: Member) -> tuple[int, Sale] | None:
    for seq in range(2, max(2, member.link.connection.acked_seq - OLD_RECEIPTS) + 1):
        entry = member.till.read_entry(seq)
        if isinstance(entry, Sale):
            return seq, entry
    return None


def _void(member: Member) -> Draft:
    product = member.catalogue.products[0]
    amount = member.catalogue.price(product, member.till.today()).amount
    return Draft(Void, {"scope": "cart", "amount": amount, "reason": "customer left"})


def _to_safe(member: Member) -> Draft:
    """Half of the float."""
    amount = -25_000
    return Draft(CashMoved, {"currency": member.identity.currency, "amount": amount, "reason": "to the safe"})


def _count(member: Member) -> Draft:
    lines = [
        CountLine(product=product.product_id, counted=(150 + number) * THOUSANDTHS)
        for number, product in enumerate(member.catalogue.products[:COUNTED_PRODUCTS])
    ]
    return Draft(StockCounted, {"lines": lines})


def _of_shard(stage: Stage, shard_id: str) -> list[Member]:
    return [each for each in stage.fleet.members.values() if each.identity.shard_id == shard_id]


def _other(stage: Stage, window_s: float) -> Latency:
    return stage.fleet.latency(window_s).get(OTHER, Latency())

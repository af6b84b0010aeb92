"""What must hold when the faults are over and everything had time to drain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from octonext.till.domain.steps import AlarmReason

from ..database.shard import ShardDatabase
from .reports import check_reports, reports_behind
from .shard import Finding, check_shard

if TYPE_CHECKING:
    from ..till import TillNode
    from ..world import World

#: What a till may have stopped for, by what was done to it.
_MAY_STOP: dict[str, tuple[AlarmReason, ...]] = {
    "cloned": (AlarmReason.FORKED, AlarmReason.FENCED),
    "old copy": (AlarmReason.FORKED,),
    "hash rotted": (AlarmReason.BAD_CHAIN, AlarmReason.FORKED),
    "shard restored": (AlarmReason.SHARD_BEHIND, AlarmReason.FORKED),
}
_TILL_KINDS = ("region", "branch", "product", "price_list", "price", "tax", "cashier")


def check_everything(world: World) -> Iterator[Finding]:
    """Every invariant that does not hold, worst first."""
    for shard in world.shards.values():
        _count_shard(world, shard)
        for rule, detail in check_shard(shard):
            yield rule, f"shard {shard.shard_id}: {detail}"
    for till in world.tills:
        world.oracle.count(
            "till: drained" if till.stopped_for is None else f"till: stopped for {till.stopped_for}"
        )
        yield from _check_till(world, till)
    yield from _check_clones(world)
    yield from _check_acknowledged(world)
    yield from _check_quarantine(world)
    yield from world.oracle.readings.check_all()
    yield from check_reports(world)


def _count_shard(world: World, shard: ShardDatabase) -> None:
    count = world.oracle.count
    for what in ("sales", "lines", "payments", "movements", "ledger", "balances", "accounts", "forks"):
        count(f"check: {what} derived anew or added up", len(getattr(shard, what)()))
    for head in shard.heads():
        for row in shard.journal(head.branch_id, head.device_id):
            count(f"entry: {row.outcome}")
    for case in shard.cases():
        count(f"case: {case.kind}")


def not_drained(world: World) -> Iterator[Finding]:
    """Invariant 11: who still has something to hand over although nothing stands in the way."""
    for till in world.tills:
        if till.stopped_for is None and not till.is_drained:
            yield "11 when faults stop, everything drains", f"{till.name} is {till.trouble}"
    yield from reports_behind(world)
    yield from _stale(world)
    yield from _unnoticed(world)


def _unnoticed(world: World) -> Iterator[Finding]:
    """A database that was restored from an older copy is found by everybody who knew more than the copy."""
    for source, reader in world.oracle.read_what_is_lost:
        if (source, reader) not in world.oracle.found_back:
            yield "9 a source that went back is found", f"{reader} reads on from the restored {source}"
    if world.plan.unsynced_lost:
        # A till may forget by a power cut what it was told, and then knows no more than the copy.
        return
    for branch_id, device_id in world.oracle.acked_what_is_lost:
        world.oracle.count("check: 4 tills that had to find that their shard went back")
        shard = world.shard_of_branch(branch_id)
        told = [case for case in shard.cases() if case.kind == "shard_went_back"]
        stopped = [till for till in world.tills if till.device_id == device_id and till.stopped_for]
        if not stopped and not any(case.device_id == device_id for case in told):
            yield "4 a shard that lost what it acknowledged is found", f"till {device_id} opened no case"


def _stale(world: World) -> Iterator[Finding]:
    """Every till ends with head office's master data."""
    newest = {(row.kind, row.key): row for row in world.hq.reference() if row.kind in _TILL_KINDS}
    for till in world.tills:
        if till.stopped_for is not None:
            continue
        region_id = till.place.region.region_id
        wanted = {
            key: _plain(row.payload)
            for key, row in newest.items()
            if row.payload is not None
            and row.region_id in (None, region_id)
            and row.branch_id in (None, till.branch_id)
        }
        known = {(row.kind, row.key): _plain(row.value) for row in till.journal.reference.all()}
        if wanted != known:
            differs = sorted(key for key in wanted.keys() | known.keys() if wanted.get(key) != known.get(key))
            yield "9 master data reaches every till", f"{till.name} differs in {differs[:3]}"


def _plain(payload: str | bytes | None) -> object:
    return None if payload is None else msgspec.json.decode(payload)


def _check_till(world: World, till: TillNode) -> Iterator[Finding]:
    reason = till.stopped_for
    if reason is not None:
        allowed = _MAY_STOP.get(till.taint, ())
        if reason is AlarmReason.BAD_SIGNATURE and world.network.counts["ciphertext flipped"]:
            return
        if till.shard_id in world.restored:
            allowed += _MAY_STOP["shard restored"]
        if reason not in allowed:
            yield "11 no till stops without cause", f"{till.name} stopped for {reason}: {till.trouble}"
        return
    shard = world.shards[till.shard_id]
    for seq, shown in till.told.items():
        world.oracle.count("check: 5 receipts that are on the shard")
        row = shard.entry(till.branch_id, till.device_id, seq)
        if row is None or row.hash != shown:
            what = "has no such entry" if row is None else "has another one"
            yield "5 no paid sale is lost", f"{till.name} showed {seq} and says all is well; the shard {what}"
            return


def _check_clones(world: World) -> Iterator[Finding]:
    """Invariant 8: of two histories of one till, one must be known to be wrong."""
    lines: dict[int, list[TillNode]] = {}
    for till in world.tills:
        lines.setdefault(till.device_id, []).append(till)
    for device_id, machines in lines.items():
        shown: dict[int, bytes] = {}
        for till in machines:
            for seq, own_hash in till.told.items():
                if shown.setdefault(seq, own_hash) == own_hash:
                    continue
                world.oracle.count("check: 8 receipts of two histories of one till")
                if all(machine.stopped_for is None for machine in machines):
                    yield (
                        "8 clones are fenced or found as forks",
                        f"two receipts {seq} of till {device_id} were shown and nobody was told",
                    )
                    return


def _check_acknowledged(world: World) -> Iterator[Finding]:
    for (branch_id, device_id), book in world.oracle.acknowledged.items():
        shard = world.shard_of_branch(branch_id)
        for seq, own_hash in book.items():
            if (branch_id, device_id, seq, own_hash) in world.oracle.lost:
                continue
            world.oracle.count("check: 4 acknowledged entries that are still there")
            row = shard.entry(branch_id, device_id, seq)
            if row is None or row.hash != own_hash:
                yield (
                    "4 what is acknowledged is never missing",
                    f"entry {seq} of till {device_id} was acknowledged and is gone",
                )
                return


def _check_quarantine(world: World) -> Iterator[Finding]:
    """Invariants 5 and 10: what a till wrote is booked, whatever its clock says."""
    rotten = {till.device_id for till in world.tills if till.taint}
    for shard in world.shards.values():
        for head in shard.heads():
            for row in shard.journal(head.branch_id, head.device_id):
                if row.outcome == "quarantined" and head.device_id not in rotten:
                    yield (
                        "5 what a till wrote is booked",
                        f"entry {row.seq} of till {head.device_id} is in quarantine: {row.reason}",
                    )

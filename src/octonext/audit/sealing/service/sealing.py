"""Sealing: one head over all rows below the watermark, and the canary.

A head, its leaves and the catalogue's text are one transaction, so a sealer may die at any point. The head is
appended only where the one it follows is still the newest: two sealers are harmless, the second one finds
nothing left to do. Nothing is locked that a till's push touches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from octonext.base.clock import Clock
from octonext.runtime.postgres import Connection, transaction

from .. import store
from ..domain import catalogue, manifest
from ..domain.head import NO_HEAD, BadHead, Head, SealingKey, SignedHead, signed_by
from ..domain.merkle import Edge
from ..domain.rows import DatabaseKind
from ..errors import ForgedHead, SealRefused, WentBack

CATALOGUE_EVERY_S = 10.0
"""How often the catalogue is read: what was altered and put back in between still shows, by its xmin."""
_TICK = timedelta(microseconds=1)


@dataclass(slots=True)
class Memory:
    """What a sealer keeps of one database between two heads; without it, it only reads a little more."""

    newest: SignedHead | None = None
    items: str | None = None
    items_read_at: float = 0.0
    more: bool = False
    """Whether the last head was full, so that the next may follow at once."""
    clock_went_back: bool = False


async def seal(
    connection: Connection, database: str, kind: DatabaseKind, key: SealingKey, clock: Clock, memory: Memory
) -> SignedHead | None:
    """Append a head over what is new; None when nothing is, or another sealer was first.

    Raises ForgedHead, WentBack, SealRefused.
    """
    async with transaction(connection) as open_transaction:
        follows, edge = await _newest(open_transaction, database, key)
        await _same_history(open_transaction, database, follows, memory)
        seen = await store.look(open_transaction)
        start = 0 if follows is None else follows.head.watermark
        if seen.watermark < start:
            raise WentBack(
                database,
                f"{database} is at transaction {seen.watermark}, but was sealed up to transaction {start}.",
            )
        watermark = await store.reach(open_transaction, kind, start, seen.watermark)
        groups = await store.leaves(open_transaction, kind, start, watermark)
        count = sum(len(group) for group in groups)
        memory.more = watermark < seen.watermark
        if memory.items is None or clock.monotonic() - memory.items_read_at >= CATALOGUE_EVERY_S:
            memory.items = await store.read_catalogue(open_transaction)
            memory.items_read_at = clock.monotonic()
        head = _next(database, follows, clock, seen, watermark, catalogue.digest(memory.items))
        memory.clock_went_back = head.sealed_at > head.clock
        if count == 0 and follows is not None and _says_the_same(follows.head, head):
            memory.newest = follows
            return None
        edge.extend(manifest.leaves_in(groups))
        blob = manifest.encode(groups)
        head = replace(head, size=edge.size, root=edge.root(), leaves=sha256(blob).digest())
        signed = key.sign(head)
        if not await store.append(open_transaction, signed, edge, blob, memory.items, follows):
            memory.items = None
            return None
    memory.newest = signed
    return signed


async def resume(
    connection: Connection,
    database: str,
    key: SealingKey,
    clock: Clock,
    lost: list[SignedHead],
) -> SignedHead:
    """Accept that a database was restored: a head that continues its newest one, and names the end of the
    chain that was lost. `lost` are the newest heads that copies hold. Only the sealing key can say this.

    Raises ForgedHead; SealRefused when nothing was lost or another sealer came between.
    """
    async with transaction(connection) as open_transaction:
        follows, edge = await _newest(open_transaction, database, key)
        local = 0 if follows is None else follows.number
        end = max(lost, key=lambda each: each.number, default=None)
        if end is None or await store.head_hash(open_transaction, end.number) == end.hash:
            raise SealRefused(
                database,
                f"No copy knows of heads that {database} has lost.",
                remedy="There is nothing to do.",
            )
        if not signed_by(end, key.public):
            raise ForgedHead(
                database, f"The copy of head {end.number} of {database} is not signed by its key."
            )
        seen = await store.look(open_transaction)
        items = await store.read_catalogue(open_transaction)
        watermark = 0 if follows is None else follows.head.watermark
        head = _next(database, follows, clock, seen, watermark, catalogue.digest(items))
        blob = manifest.encode([])
        head = replace(
            head,
            number=max(local, end.number) + 1,
            previous=end.hash,
            continues=local,
            sealed_at=max(head.sealed_at, end.head.sealed_at + _TICK),
            size=edge.size,
            root=edge.root(),
            leaves=sha256(blob).digest(),
        )
        signed = key.sign(head)
        if not await store.append(open_transaction, signed, edge, blob, items, follows):
            raise SealRefused(database, "Another sealer wrote a head meanwhile.", remedy="Run it again.")
    return signed


async def write_canary(connection: Connection) -> tuple[int, bool]:
    """Count the canary up; answers its number and whether the trail shows that step."""
    async with transaction(connection) as open_transaction:
        number = await store.write_canary(open_transaction)
        recorded = await store.canary_recorded(open_transaction, number)
    return number, recorded


async def _newest(connection: Connection, database: str, key: SealingKey) -> tuple[SignedHead | None, Edge]:
    try:
        found = await store.newest_head(connection)
    except (BadHead, ValueError) as error:
        raise ForgedHead(database, f"The newest head of {database} cannot be read: {error}.") from None
    if found is None:
        return None, Edge()
    signed, edge = found
    if not signed_by(signed, key.public) or signed.head.database != database:
        raise ForgedHead(
            database,
            f"The newest head of {database}, number {signed.number}, is not signed by its sealing key.",
        )
    if edge.root() != signed.head.root:
        raise ForgedHead(database, f"The tree of {database} at head {signed.number} does not have its root.")
    return signed, edge


async def _same_history(
    connection: Connection, database: str, follows: SignedHead | None, memory: Memory
) -> None:
    known = memory.newest
    if known is None:
        return
    if follows is not None and follows.number > known.number:
        # Also behind an accepted restore: nobody signs a higher number without the key.
        return
    if follows is None or await store.head_hash(connection, known.number) != known.hash:
        raise WentBack(database, f"Head {known.number} of {database} was sealed, and is there no more.")


def _next(
    database: str, follows: SignedHead | None, clock: Clock, seen: store.Look, watermark: int, items: bytes
) -> Head:
    now = clock.now()
    before = None if follows is None else follows.head
    return Head(
        database=database,
        number=1 if before is None else before.number + 1,
        previous=NO_HEAD if follows is None else follows.hash,
        continues=0 if before is None else before.number,
        size=0,
        root=bytes(32),
        leaves=bytes(32),
        watermark=watermark,
        sealed_at=now if before is None else max(now, before.sealed_at + _TICK),
        clock=now,
        database_clock=seen.database_clock,
        catalogue=items,
        system=seen.system,
        timeline=seen.timeline,
        canary=seen.canary,
        key="",
    )


def _says_the_same(before: Head, now: Head) -> bool:
    """Whether a head without leaves would say nothing new."""
    return (before.catalogue, before.system, before.timeline) == (now.catalogue, now.system, now.timeline)

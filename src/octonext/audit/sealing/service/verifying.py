"""Verifying: every head and every row of a database against what was signed, and against the copies.

The database is read in one snapshot and nothing in it is believed: rows come as bytes and are hashed here,
heads count only with a good signature. Where the database's own head is missing or not signed, the copy's
takes its place, and the rows are compared with that: so a tail that was cut off, a database that was
restored, heads that were deleted together with their rows all name the rows that are gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from octonext.runtime.migrations import available
from octonext.runtime.postgres import Connection, transaction

from .. import store
from ..domain import manifest
from ..domain.findings import Findings
from ..domain.head import BadHead, SignedHead
from ..domain.manifest import BadManifest, TableLeaves
from ..domain.merkle import Edge
from ..domain.rows import DatabaseKind, microseconds_of
from ..domain.succession import Rewind, compare, rewind_of, trusted
from ..store import StoredHead
from .catalogues import CatalogueWatch
from .comparing import Comparison, Span
from .sources import CopySource, Reader, readers
from .trail import check_canaries, check_replicas, check_waiting, moved_away

LEAVES_AT_ONCE = 50_000
"""Leaves whose rows are read in one go: what a verifier holds in memory."""


@dataclass(frozen=True)
class Verified:
    """What came out for one database."""

    database: str
    heads: int
    rows: int
    """Compared with their leaves."""
    waiting: int
    """Written after the newest head."""
    findings: Findings
    newest: SignedHead | None
    copies: tuple[str, ...]
    """The copies that were compared."""

    @property
    def holds(self) -> bool:
        return not self.findings.counts


@dataclass
class _Walk:
    """A walk along the heads of one database."""

    connection: Connection
    database: str
    kind: DatabaseKind
    keys: Mapping[str, bytes]
    findings: Findings
    comparison: Comparison
    catalogues: CatalogueWatch
    rewinds: list[Rewind] = field(default_factory=list)
    edge: Edge = field(default_factory=Edge)
    before: SignedHead | None = None
    local_newest: SignedHead | None = None
    heads: int = 0
    cut_from: int | None = None
    forked: set[str] = field(default_factory=set)
    tree_known: bool = True


async def verify(
    connection: Connection,
    database: str,
    kind: DatabaseKind,
    keys: Mapping[str, bytes],
    copies: Sequence[CopySource] = (),
) -> Verified:
    """Verify one database. `keys` are its public sealing keys by id, from a place that it cannot write to."""
    findings = Findings(database)
    # Before the snapshot: a copy can then not know more than the database.
    copied = await readers(copies)
    async with transaction(connection, readonly=True, isolation="repeatable_read") as snapshot:
        seen = await store.look(snapshot)
        items = await store.read_catalogue(snapshot)
        archives = moved_away(await store.archives(snapshot), items, keys.values(), findings)
        known = {each.version: (each.name, each.checksum) for each in available(kind)}
        walk = _Walk(
            snapshot,
            database,
            kind,
            keys,
            findings,
            Comparison(snapshot, kind, findings, archives),
            CatalogueWatch(findings, known, archives),
        )
        walk.rewinds = await _rewinds(walk)
        await _walk(walk, copied, seen)
        last = walk.before
        await walk.comparison.finish(
            0 if last is None else last.head.watermark,
            seen.xmax,
            None if last is None else microseconds_of(last.head.database_clock),
        )
        walk.catalogues.now(items)
        if last is not None:
            await check_canaries(snapshot, last.head.canary, archives, findings)
        await check_replicas(snapshot, findings)
        if last is None:
            findings.add("unsealed", "seal_head", "1", f"no head of {database} is anywhere")
        else:
            check_waiting(walk.comparison.waiting, walk.comparison.waits_since, last.number, seen, findings)
    return Verified(
        database=database,
        heads=walk.heads,
        rows=walk.comparison.compared,
        waiting=walk.comparison.waiting,
        findings=findings,
        newest=last,
        copies=tuple(each.name for each in copies),
    )


async def _walk(walk: _Walk, copied: list[Reader], seen: store.Look) -> None:
    (local,) = await readers([_Own(walk.connection)])
    spans: list[Span] = []
    waiting = 0
    while True:
        stands = [local.next, *(each.next for each in copied)]
        numbers = [each.number for each in stands if each is not None]
        if not numbers:
            break
        number = min(numbers)
        own = await local.take(number)
        others = {each.source.name: copy for each in copied if (copy := await each.take(number)) is not None}
        chosen = await _choose(walk, number, own, others, copied)
        if chosen is None:
            continue
        span = _accept(walk, chosen, others)
        spans.append(span)
        waiting += span.count
        if waiting >= LEAVES_AT_ONCE:
            await walk.comparison.compare(spans)
            spans, waiting = [], 0
    await walk.comparison.compare(spans)
    _tail(walk, {each.source.name: each.last for each in copied}, seen)


async def _choose(
    walk: _Walk,
    number: int,
    own: StoredHead | None,
    others: Mapping[str, StoredHead],
    copied: list[Reader],
) -> tuple[SignedHead, StoredHead] | None:
    """The head of that number to go by: the database's own if it is signed, else a copy's; or none."""
    local, why = _read(walk, own)
    if own is not None and local is None:
        walk.findings.add("forged", "seal_head", str(number), f"head {number} is forged: {why}")
    if local is not None:
        walk.local_newest = local
    chosen = None if local is None or own is None else (local, own)
    for name, stored in others.items():
        copy, why = _read(walk, stored)
        if copy is None:
            walk.findings.add(
                "forged", "seal_head", str(number), f"the copy of head {number} at {name} is forged: {why}"
            )
            continue
        if local is not None:
            if copy.hash != local.hash and not await _lost(walk, copy, copied):
                _fork(walk, name, number, (local, own), (copy, stored))
            continue
        if await _lost(walk, copy, copied):
            continue
        if chosen is None:
            chosen = (copy, stored)
            walk.cut_from = number if walk.cut_from is None else walk.cut_from
            if own is None:
                walk.findings.add(
                    "head missing",
                    "seal_head",
                    str(number),
                    f"{name} holds head {number}, {walk.database} does not",
                )
    return chosen


def _read(walk: _Walk, stored: StoredHead | None) -> tuple[SignedHead | None, str]:
    if stored is None:
        return None, ""
    try:
        signed = SignedHead.read(stored.encoded, stored.signature)
    except BadHead as error:
        return None, str(error)
    if signed.number != stored.number:
        return None, f"its bytes are of head {signed.number}"
    why = trusted(signed, walk.database, walk.keys)
    return (None, why) if why else (signed, "")


async def _lost(walk: _Walk, copy: SignedHead, copied: list[Reader]) -> bool:
    """Whether a copy's head belongs to a chain whose loss was accepted with the sealing key.

    A place that was behind may lack the end of that chain; another one, that has both, speaks for it.
    """
    for rewind in walk.rewinds:
        if rewind.continues < copy.number < rewind.number:
            for each in copied:
                if await each.source.holds(rewind.lost_end) and await each.source.holds(copy.hash):
                    return True
    return False


def _fork(
    walk: _Walk,
    name: str,
    number: int,
    ours: tuple[SignedHead, StoredHead | None],
    theirs: tuple[SignedHead, StoredHead],
) -> None:
    if name in walk.forked:
        return
    walk.forked.add(name)
    walk.findings.add(
        "fork",
        "seal_head",
        str(number),
        f"{walk.database} shows another head {number} than {name} holds: two histories",
    )
    try:
        mine = manifest.decode((ours[1].leaves if ours[1] is not None else None) or b"")
        other = manifest.decode(theirs[1].leaves or b"")
    except BadManifest:
        return
    shown, held = _leaf_map(mine), _leaf_map(other)
    for place in sorted(set(shown) | set(held)):
        if shown.get(place) != held.get(place):
            table, key = place
            where = (
                "only here" if place not in held else f"only at {name}" if place not in shown else "different"
            )
            walk.findings.add("fork", table, key, f"head {number} of the two histories: this row is {where}")


def _leaf_map(groups: list[TableLeaves]) -> dict[tuple[str, str], bytes]:
    return {
        (group.table.name, group.table.key_text(key)): hashed
        for group in groups
        for key, hashed in zip(group.keys, group.hashes, strict=True)
    }


def _accept(walk: _Walk, chosen: tuple[SignedHead, StoredHead], others: Mapping[str, StoredHead]) -> Span:
    """Judge a head by its predecessor and its manifest; the rows that it speaks of."""
    signed, stored = chosen
    head, number, before = signed.head, str(signed.number), walk.before
    rewound = any(each.number == head.number for each in walk.rewinds)
    expected = 1 if before is None else before.number + 1
    if rewound:
        walk.findings.notice(
            f"head {number}: {walk.database} was restored to head {head.continues}, and the loss of the "
            f"heads behind it was accepted at {head.sealed_at:%Y-%m-%d %H:%M:%S} UTC"
        )
    elif head.number != expected:
        walk.findings.add(
            "head missing",
            "seal_head",
            str(expected),
            f"heads {expected} to {head.number - 1} are gone, and no copy has them",
        )
        # Their leaves are unknown: roots cannot be computed from here on, but rows still can be compared.
        walk.tree_known = False
    compare(before, signed, walk.findings, rewound=rewound)
    groups = _manifest(walk, signed, stored, others)
    if groups is None:
        walk.tree_known = False
    elif walk.tree_known:
        walk.edge.extend(manifest.leaves_in(groups))
        if (walk.edge.size, walk.edge.root()) != (head.size, head.root):
            walk.findings.add(
                "forged", "seal_head", number, f"head {number} does not have the root of its leaves"
            )
            walk.tree_known = False
    walk.catalogues.head(
        number, head.catalogue, [stored.catalogue, *(each.catalogue for each in others.values())]
    )
    span = Span(
        number=head.number,
        start=0 if before is None else before.head.watermark,
        end=head.watermark,
        groups=groups,
        not_before=None if before is None else microseconds_of(before.head.database_clock),
        not_after=microseconds_of(head.database_clock),
        before=0 if before is None else before.number,
        sealed_at=head.sealed_at,
    )
    walk.before = signed
    walk.heads += 1
    return span


def _manifest(
    walk: _Walk, signed: SignedHead, stored: StoredHead, others: Mapping[str, StoredHead]
) -> list[TableLeaves] | None:
    """The head's leaves, from wherever they are as they were signed."""
    for blob in (stored.leaves, *(each.leaves for each in others.values())):
        if blob is not None and sha256(blob).digest() == signed.head.leaves:
            if blob is not stored.leaves:
                break
            return manifest.decode(blob)
    else:
        walk.findings.add(
            "forged",
            "seal_leaves",
            str(signed.number),
            f"the leaves of head {signed.number} are gone or altered, also in every copy",
        )
        return None
    walk.findings.add(
        "forged",
        "seal_leaves",
        str(signed.number),
        f"the leaves of head {signed.number} are gone or altered; a copy has them",
    )
    return manifest.decode(blob)


def _tail(walk: _Walk, reach: Mapping[str, int], seen: store.Look) -> None:
    """Say what it means that copies know newer heads than the database."""
    own, last = walk.local_newest, walk.before
    if last is None or (own is not None and own.number >= last.number):
        return
    ends = (
        "has no head at all"
        if own is None
        else f"ends with head {own.number} of {own.head.sealed_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    holders = ", ".join(name for name, number in reach.items() if number >= last.number) or "a copy"
    if seen.watermark < last.head.watermark:
        walk.findings.add(
            "restored",
            "seal_head",
            str(last.number),
            f"{walk.database} was restored to an earlier state: it {ends} and stands at transaction "
            f"{seen.watermark}, {holders} holds head {last.number} up to transaction {last.head.watermark}",
        )
    else:
        walk.findings.add(
            "tail",
            "seal_head",
            str(last.number),
            f"the tail was cut off, or the database restored: {walk.database} {ends}, "
            f"{holders} holds head {last.number} of "
            f"{last.head.sealed_at:%Y-%m-%d %H:%M:%S} UTC",
        )


async def _rewinds(walk: _Walk) -> list[Rewind]:
    found = []
    for before, stored in await store.breaks(walk.connection):
        signed, _ = _read(walk, stored)
        rewind = None if signed is None else rewind_of(signed, before)
        # The first head of all names none before it and is no break of anything.
        if rewind is not None and not (before == 0 and rewind.number == 1):
            found.append(rewind)
    return found


class _Own:
    """The database's own heads, as the snapshot shows them."""

    name = "its own"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def newest(self) -> int:
        return await store.newest_number(self._connection)

    async def page(self, after: int) -> list[StoredHead]:
        return await store.heads_after(self._connection, after)

    async def holds(self, digest: bytes) -> bool:  # noqa: ARG002 -- only copies are asked
        return False

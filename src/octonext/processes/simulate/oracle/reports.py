"""What readers of feeds have, row by row beside what their sources say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ..database.head_office import DIMENSION_KINDS
from ..database.rows import ReferenceRow
from .shard import Finding

if TYPE_CHECKING:
    from ..world import World

Row = tuple[str, ...]

_PLACE = ("branch_id", "device_id", "seq")
#: The feeds of what was posted: where the shard has the rows, and what is compared.
_POSTED: dict[str, tuple[str, tuple[str, ...]]] = {
    "sale": ("sales", (*_PLACE, "kind", "total", "tax")),
    "sale_line": ("lines", (*_PLACE, "line_no", "quantity", "total")),
    "payment": ("payments", (*_PLACE, "payment_no", "tender", "amount")),
    "movement": ("movements", (*_PLACE, "line_no", "quantity")),
    "ledger": ("ledger", (*_PLACE, "line_no", "account", "debit", "credit")),
}
#: The feeds of what changes, of which the newest state counts: where the shard has it, and what is compared,
#: by the report's names. `feed_xid` is the version: the newest state is not only alike, it is that one.
_NEWEST: dict[str, tuple[str, Mapping[str, str]]] = {
    "device": (
        "heads",
        {name: name for name in _PLACE}
        | {"quarantined": "quarantined_count", "cases": "case_count", "clock_offset_ms": "clock_offset_ms"}
        | {"feed_xid": "xid"},
    ),
    "shift": (
        "shifts",
        {name: name for name in ("branch_id", "device_id", "shift_id", "cashier_id", "opening_float")}
        | {name: name for name in ("cash_expected", "cash_counted", "sale_count", "sale_total")}
        | {name: name for name in ("return_count", "return_total")}
        | {"feed_xid": "xid"},
    ),
}


def reports_behind(world: World) -> Iterator[Finding]:
    """Readers that do not have everything yet: they may still be reading."""
    rule = "11 when faults stop, everything drains"
    for shard_id, shard in world.shards.items():
        for feed, (accessor, _) in _POSTED.items():
            held, wanted = len(world.olap_rows(feed, shard_id)), len(getattr(shard, accessor)())
            if held < wanted:
                yield rule, f"reporting has {held} of {wanted} rows of {feed} of {shard_id}; {_errors(world)}"
                return
    # What was posted never changes. These do, and are right as soon as nothing changes any more.
    for rule, detail in _newest_differ(world):
        yield rule, f"{detail}; {_errors(world)}"
        return


def check_reports(world: World) -> Iterator[Finding]:
    """Rows that a reader lacks, or has and should not."""
    rule = "9 reports are what the shards say"
    for shard_id, shard in world.shards.items():
        for feed, (accessor, columns) in _POSTED.items():
            rows = getattr(shard, accessor)()
            said = Counter(_texts(getattr(row, column) for column in columns) for row in rows)
            known = Counter(_texts(row[c] for c in columns) for row in world.olap_rows(feed, shard_id))
            world.oracle.count(f"check: 9 reported rows of {feed}", len(rows))
            for row, count in (said - known).items():
                yield rule, f"{feed} {row} of {shard_id} is not reported ({count})"
            for row, count in (known - said).items():
                yield rule, f"{feed} {row} of {shard_id} is reported {count} times too often"
    yield from _newest_differ(world)


def _newest_differ(world: World) -> Iterator[Finding]:
    rule = "9 reports are what the shards say"
    for shard_id, shard in world.shards.items():
        for feed, (accessor, columns) in _NEWEST.items():
            rows = getattr(shard, accessor)()
            world.oracle.count(f"check: 9 reported rows of {feed}", len(rows))
            said = {_texts(getattr(row, own) for own in columns.values()) for row in rows}
            known = {_texts(row[name] for name in columns) for row in world.olap_rows(feed, shard_id)}
            yield from _difference(rule, f"{feed} of {shard_id}", said, known)
    said = {
        _texts((row.kind, row.key, row.xid)) for row in world.hq.reference() if row.kind in DIMENSION_KINDS
    }
    named = [row for row in world.olap_rows("dimension", "hq") if row["kind"]]
    world.oracle.count("check: 9 reported rows of dimension", len(said))
    yield from _difference(
        rule, "dimension", said, {_texts((row["kind"], row["key"], row["feed_xid"])) for row in named}
    )
    for region in world.chain.regions:
        wanted = [row for row in world.hq.reference() if row.region_id in (None, region.region_id)]
        copied = world.shards[region.shard_id].reference()
        world.oracle.count("check: 9 rows of master data on shards", len(copied))
        yield from _difference(
            "9 master data reaches every shard",
            f"reference of {region.shard_id}",
            _published(wanted),
            _published(copied),
        )


def _published(rows: Iterable[ReferenceRow]) -> set[Row]:
    """Rows that are not deleted, with what they say in one form."""
    return {
        (row.kind, row.key, repr(msgspec.json.decode(row.payload))) for row in rows if row.payload is not None
    }


def _difference(rule: str, what: str, said: set[Row], known: set[Row]) -> Iterator[Finding]:
    for row in sorted(said - known):
        yield rule, f"{what}: {row} has not arrived"
    for row in sorted(known - said):
        yield rule, f"{what}: {row} is not so any more"


def _errors(world: World) -> list[str]:
    return [pump.error for relay in world.relays for pump in relay.pumps if pump.error][:2]


def _texts(values: Iterable[Any]) -> Row:
    return tuple(str(value) for value in values)

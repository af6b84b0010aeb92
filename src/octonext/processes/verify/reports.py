"""Checks that head office's reports are what the shards hold, once the feeds have caught up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import msgspec

from octonext.base.clock import Clock
from octonext.base.errors import OctoNextError
from octonext.feeds.store import SHARD_FEEDS
from octonext.processes.local_service import reporting_address
from octonext.reporting.domain.answers import Answer
from octonext.reporting.remote import ReportingClient
from octonext.runtime.layout import Layout

from .domain.findings import Findings
from .domain.reports import compare, keyed
from .shard import UNREADABLE, Position, ShardReader, reading

POLL_S = 0.25
#: As many rows as a report gives at most.
ROWS_MAX = 100_000

_TOTALS = (
    "sale_count", "return_count", "line_count", "quantity", "total", "net", "tax", "discount", "rounding",
    "line_total", "line_tax", "payment_count", "paid", "ledger_line_count", "debit", "credit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """One report and the statement that must say the same: key columns and figures."""

    check: str
    report: str
    query: str
    keys: Sequence[str]
    figures: Sequence[str]


COMPARISONS = (
    Comparison("report-totals", "totals", "totals", ("branch_id", "currency"), _TOTALS),
    Comparison(
        "report-payments", "payment-mix", "payments", ("tender", "currency"),
        ("payment_count", "received", "refunded", "amount"),
    ),
    Comparison(
        "report-taxes", "tax", "taxes", ("tax_code", "currency"), ("line_count", "net", "tax", "total")
    ),
    Comparison(
        "report-ledger", "ledger", "accounts", ("branch_id", "account", "currency"),
        ("line_count", "debit", "credit"),
    ),
    Comparison(
        "report-stock", "stock-totals", "movements", ("branch_id", "reason"),
        ("movement_count", "quantity"),
    ),
    Comparison(
        "report-tills", "till-health", "tills", ("branch_id", "device_id"),
        ("head_seq", "head_hash", "quarantined_count", "case_count"),
    ),
)  # fmt: skip
REPORT_CHECKS = ("feed-complete", *(each.check for each in COMPARISONS))


@dataclass(slots=True)
class Lag:
    """How far reporting is behind each shard: what has to arrive still, in words."""

    behind: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "; ".join(f"{shard}: {text}" for shard, text in self.behind.items())


class StillMoving(OctoNextError):
    """The shards were written to while they were compared."""

    code = "still_moving"


async def check_reports(layout: Layout, findings: Findings, wait_s: float, clock: Clock) -> None:
    """Compare every report, waiting up to `wait_s` for feeds to catch up and tills to pause."""
    client = ReportingClient(reporting_address(layout, layout.settings), clock)
    ends = clock.monotonic() + wait_s
    reason = "reporting did not answer"
    try:
        while True:
            try:
                lag = await _attempt(layout, client, findings)
                if lag is None:
                    return
                reason = f"reporting is behind after {wait_s:g} s: {lag}"
            except StillMoving as error:
                reason = error.message
            except (OctoNextError, *UNREADABLE) as error:
                reason = f"shards or reporting cannot be asked: {error or type(error).__name__}"
            if clock.monotonic() > ends:
                break
            await asyncio.sleep(POLL_S)
    finally:
        await client.close()
    for check in REPORT_CHECKS:
        findings.give_up(check, reason)


async def _attempt(layout: Layout, client: ReportingClient, findings: Findings) -> Lag | None:
    """Compare, or return how far reporting is behind. Raises StillMoving, Unavailable."""
    async with AsyncExitStack() as stack:
        shards = [
            await stack.enter_async_context(reading(shard.id, layout.dsn("shard", shard.id)))
            for shard in layout.settings.shards
        ]
        positions = {shard.shard_id: await shard.feed_positions() for shard in shards}
        lag = await _lag(shards, positions, client)
        if lag.behind:
            return lag
        answers = {each.check: await _report(client, each.report) for each in COMPARISONS}
        sums = {each.check: [row for s in shards for row in await s.rows(each.query)] for each in COMPARISONS}
        stock = await _stock(client, shards)
    await _require_unmoved(layout, positions)
    for each in COMPARISONS:
        answered = answers[each.check]
        if answered is None:
            findings.give_up(each.check, f"the report {each.report} has more than {ROWS_MAX} rows")
            continue
        expected = keyed(sums[each.check], each.keys, each.figures)
        compare(each.check, each.keys, expected, keyed(answered, each.keys, each.figures), findings)
    for branch_id, (held, reported) in stock.items():
        if reported is None:
            findings.give_up("report-stock", f"branch {branch_id} has more than {ROWS_MAX} products")
            continue
        keys, figures = ("branch_id", "product_id"), ("on_hand",)
        compare("report-stock", keys, keyed(held, keys, figures), keyed(reported, keys, figures), findings)
    findings.examine("feed-complete", len(shards) * len(SHARD_FEEDS))
    return None


async def _lag(
    shards: Sequence[ShardReader], positions: Mapping[str, Mapping[str, Position]], client: ReportingClient
) -> Lag:
    lag = Lag()
    for shard in shards:
        cursors = await client.cursors(shard.shard_id, SHARD_FEEDS)
        late = [
            feed
            for feed, end in positions[shard.shard_id].items()
            if (cursors[feed].xid, cursors[feed].id) < (end.xid, end.id)
        ]
        if late:
            at = cursors["sale_line"]
            lines = await shard.lines_behind(Position(at.xid, at.id))
            lag.behind[shard.shard_id] = f"{lines} receipt lines (feeds {', '.join(late)})"
    return lag


async def _require_unmoved(layout: Layout, before: Mapping[str, Mapping[str, Position]]) -> None:
    """What was compared is only comparable if nothing was booked in between."""
    for shard_id, positions in before.items():
        async with reading(shard_id, layout.dsn("shard", shard_id)) as shard:
            if await shard.feed_positions() != positions:
                raise StillMoving(
                    f"{shard_id} was written to during every comparison; stop selling, then verify again"
                )


async def _stock(
    client: ReportingClient, shards: Sequence[ShardReader]
) -> dict[int, tuple[list[dict[str, Any]], list[dict[str, Any]] | None]]:
    """Per branch what the shard holds of each product, and what the report says; None if cut short."""
    found = {}
    for shard in shards:
        own = {row["branch_id"] for row in await shard.rows("movements")}
        for branch in sorted(own):
            held = [{"branch_id": branch, **row} for row in await shard.rows("stock", branch)]
            found[branch] = held, await _report(client, "stock", branch=str(branch))
    return found


async def _report(client: ReportingClient, name: str, **filters: str) -> list[dict[str, Any]] | None:
    found = await client.report(name, {**filters, "limit": str(ROWS_MAX), "format": "json"})
    answer = msgspec.json.decode(found.body, type=Answer)
    names = [column.name for column in answer.columns]
    return None if answer.truncated else [dict(zip(names, row, strict=True)) for row in answer.rows]

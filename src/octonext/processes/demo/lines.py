"""The picture line by line, for a file, a pipe or a terminal that cannot place text."""

from __future__ import annotations

from collections.abc import Sequence

from .picture import News, Picture, ShardView
from .wording import clock, money, span


def news_lines(news: Sequence[News]) -> list[str]:
    """What happened."""
    return [f"{clock(each.at_s):>5}  {each.text}" for each in news]


def status_line(picture: Picture) -> str:
    """Everything that is measured, on one line."""
    shards = "; ".join(_shard(shard) for shard in picture.shards)
    trouble = f"; {picture.trouble}" if picture.trouble else ""
    return (
        f"{clock(picture.elapsed_s):>5}  {picture.online}/{picture.tills} tills online, "
        f"{picture.sales:,} sales ({picture.sales_per_s:.1f}/s), {picture.backlog:,} to send; "
        f"{shards}; reports: {_reported(picture)}{trouble}"
    )


def _shard(shard: ShardView) -> str:
    state = "frozen, " if shard.frozen else ""
    breaker = shard.breaker.replace("_", " ")
    breaker = f"breaker {breaker}, " if breaker not in ("closed", "") else ""
    return (
        f"{shard.shard_id} {state}{breaker}acks {span(shard.ack_p50_s)}/{span(shard.ack_p95_s)}, "
        f"in reports after {span(shard.lag_p50_s)}"
    )


def _reported(picture: Picture) -> str:
    """Head office's total of each currency."""
    totals: dict[str, int] = {}
    for branch in picture.branches:
        if branch.reported is not None:
            totals[branch.currency] = totals.get(branch.currency, 0) + branch.reported.total
    return (
        ", ".join(f"{money(total, currency)} {currency}" for currency, total in totals.items()) or "none yet"
    )

"""The picture on a terminal: 80 columns and 24 lines hold all of it, a larger one shows more of the past.

Every line begins with Latin text and Arabic stands last in its line, so that a terminal which writes
Arabic from right to left cannot carry a neighbouring column with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .picture import BranchView, Picture, ShardView, TillState
from .stage import SHARDS
from .wording import clock, money, span

WIDTH_FOR_ARABIC = 104
WIDTH_FOR_HISTORY = 100
HISTORY_SHOWN = 30
#: What is always there; the rest of the height is for what happened so far.
LINES_WITHOUT_NEWS = 20
_LAG_LATE_S = 2.0
_STATE_STYLES: dict[TillState, str] = {"online": "green", "waiting": "yellow", "cut": "red"}
_BREAKER_STYLES = {"closed": "green", "half_open": "yellow", "open": "red"}


class Symbols:
    """What stands for a till's state, and for heights in a row of bars."""

    def __init__(self, encoding: str) -> None:
        plain = not encoding.lower().replace("-", "").startswith("utf")
        self.states: dict[TillState, str] = (
            {"online": "o", "waiting": "~", "cut": "x"}
            if plain
            else {"online": "●", "waiting": "◐", "cut": "○"}
        )
        self.bars = ".:-=+*#%" if plain else "▁▂▃▄▅▆▇█"


def draw(picture: Picture, width: int, height: int, symbols: Symbols) -> RenderableType:
    """Everything, for a terminal of that size."""
    news = max(1, height - LINES_WITHOUT_NEWS)
    return Group(
        _head(picture, width),
        _now(picture, width),
        Text(""),
        _branches(picture, width, symbols),
        Text(""),
        _shards(picture, width, symbols),
        Text(""),
        *_news(picture, news),
        _legend(symbols),
    )


def _head(picture: Picture, width: int) -> RenderableType:
    head = Table.grid(expand=True)
    head.add_column(no_wrap=True)
    head.add_column(no_wrap=True, justify="right")
    head.add_row(
        Text("OctoNext demo", style="bold"),
        Text(
            f"{picture.online} of {picture.tills} tills online, {picture.sales_per_s:.0f} sales/s, "
            f"{picture.sales:,} sales   {clock(picture.elapsed_s)} of {clock(picture.duration_s)}"
        ),
    )
    head.width = width
    return head


def _now(picture: Picture, width: int) -> Text:
    """Two lines, whatever there is to say; what is out of order has the second one for itself."""
    lines = _wrapped(picture.now, width, 1 if picture.trouble else 2)
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("\n".join(lines), style="bold cyan")
    if picture.trouble:
        text.append(f"\n{picture.trouble}", style="bold red")
    elif len(lines) == 1:
        text.append("\n")
    return text


def _branches(picture: Picture, width: int, symbols: Symbols) -> Table:
    table = _table()
    table.add_column("\nBranch", width=15, no_wrap=True, overflow="ellipsis")
    table.add_column("\nTills", no_wrap=True, min_width=5)
    for head in ("To\nsend", "Sales\nper s", "\nSales", "Reports\nsales", "\nreturns"):
        table.add_column(head, justify="right", no_wrap=True, min_width=7)
    table.add_column("\ntotal", justify="right", no_wrap=True, min_width=15)
    with_arabic = width >= WIDTH_FOR_ARABIC
    if with_arabic:
        table.add_column("", no_wrap=True, overflow="ellipsis")
    for shard in SHARDS:
        own = [branch for branch in picture.branches if branch.shard_id == shard.shard_id]
        for branch in own:
            arabic = [Text(branch.name_ar)] if with_arabic else []
            table.add_row(branch.name_en, _dots(branch, symbols), *_branch_figures([branch]), *arabic)
        states = [state for branch in own for state in branch.tills]
        online = f"{sum(state == 'online' for state in states)}/{len(states)}"
        table.add_row(shard.place, online, *_branch_figures(own), style="bold")
    return table


def _branch_figures(branches: Sequence[BranchView]) -> list[RenderableType]:
    backlog = sum(branch.backlog for branch in branches)
    reported = [branch.reported for branch in branches if branch.reported is not None]
    currency = branches[0].currency if branches else ""
    total = f"{money(sum(each.total for each in reported), currency)} {currency}" if reported else "-"
    return [
        Text(f"{backlog:,}", style="yellow" if backlog > len(branches) * 4 else ""),
        f"{sum(branch.sales_per_s for branch in branches):.1f}",
        f"{sum(branch.sales for branch in branches):,}",
        f"{sum(each.sales for each in reported):,}" if reported else "-",
        f"{sum(each.returns for each in reported):,}" if reported else "-",
        total,
    ]


def _dots(branch: BranchView, symbols: Symbols) -> Text:
    text = Text()
    for state in branch.tills:
        text.append(symbols.states.get(state, "?"), style=_STATE_STYLES.get(state, ""))
    return text


def _shards(picture: Picture, width: int, symbols: Symbols) -> Table:
    table = _table()
    table.add_column("Shard", width=13, no_wrap=True)
    table.add_column("State", no_wrap=True, min_width=7)
    table.add_column("Breaker", no_wrap=True, min_width=9)
    for head in ("Ack p50", "Ack p95", "Acked/s", "To send", "To report"):
        table.add_column(head, justify="right", no_wrap=True, min_width=7)
    history = width >= WIDTH_FOR_HISTORY
    if history:
        table.add_column(f"Ack p95, {HISTORY_SHOWN} s", no_wrap=True)
    for shard in picture.shards:
        bars = [_bars(shard, symbols)] if history else []
        table.add_row(f"{shard.shard_id} {shard.place}", *_shard_figures(shard), *bars)
    return table


def _shard_figures(shard: ShardView) -> list[RenderableType]:
    breaker = shard.breaker.replace("_", " ") or "no answer"
    late = shard.lag_p50_s is not None and shard.lag_p50_s > _LAG_LATE_S
    return [
        Text("frozen", style="bold red") if shard.frozen else Text("runs", style="green"),
        Text(breaker, style=_BREAKER_STYLES.get(shard.breaker, "red")),
        span(shard.ack_p50_s),
        span(shard.ack_p95_s),
        f"{shard.entries_per_s:.0f}",
        f"{shard.backlog:,}",
        Text(span(shard.lag_p50_s), style="yellow" if late else ""),
    ]


def _bars(shard: ShardView, symbols: Symbols) -> Text:
    """One bar a second, ten milliseconds the lowest and twice as much each step; a gap is no ack."""
    text = Text()
    for seconds in shard.history_s[-HISTORY_SHOWN:]:
        if seconds is None:
            text.append(" ")
            continue
        step = min(len(symbols.bars) - 1, max(0, int(seconds * 100)).bit_length())
        text.append(symbols.bars[step], style="green" if step < 4 else "yellow")
    return text


def _news(picture: Picture, lines: int) -> list[RenderableType]:
    shown = picture.news[-lines:]
    blank = [Text("") for _ in range(lines - len(shown))]
    return [
        *(
            Text.assemble((f"{clock(each.at_s):>5} ", "dim"), each.text, no_wrap=True, overflow="ellipsis")
            for each in shown
        ),
        *blank,
    ]


def _legend(symbols: Symbols) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis", style="dim")
    words: tuple[tuple[TillState, str], ...] = (
        ("online", "online"),
        ("waiting", "waits for its shard"),
        ("cut", "no network, sells on"),
    )
    for state, word in words:
        text.append(symbols.states[state], style=f"not dim {_STATE_STYLES[state]}")
        text.append(f" {word}   ")
    text.append("Ctrl-C ends")
    return text


def _table() -> Table:
    return Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")


def _wrapped(text: str, width: int, lines_max: int) -> list[str]:
    lines: list[str] = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width and len(lines) < lines_max:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines

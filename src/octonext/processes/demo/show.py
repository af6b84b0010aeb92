"""Shows the play while it runs: a live screen on a terminal, lines everywhere else."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from rich.console import Console
from rich.live import Live
from rich.markup import escape

from .lines import news_lines, status_line
from .screen import Symbols, draw
from .stage import Stage
from .watch import Watch

SCREEN_EVERY_S = 0.25
LINE_EVERY_S = 2.0
NEWS_EVERY_S = 0.2
LAST_LOOK_S = 1.5
"""The last picture stays so long, with everything counted and nothing left to send."""


async def show(stage: Stage, watch: Watch, console: Console, over: asyncio.Event) -> None:
    """Show until `over` is set, and everything that was told once more where a screen has taken it away.

    Raises OSError (BrokenPipeError) when nobody can see it any more.
    """
    if console.is_terminal and not console.is_dumb_terminal:
        await _on_screen(watch, console, over)
        for line in news_lines(stage.news):
            console.print(escape(line), soft_wrap=True)
    else:
        await _in_lines(stage, watch, console, over)
    console.print()


async def _on_screen(watch: Watch, console: Console, over: asyncio.Event) -> None:
    symbols = Symbols(console.encoding)
    ends: float | None = None
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while ends is None or time.monotonic() < ends:
            live.update(draw(watch.picture(), *console.size, symbols))
            # A terminal that is held (Ctrl-S) holds up a thread, not the tills.
            await asyncio.to_thread(live.refresh)
            await asyncio.sleep(SCREEN_EVERY_S)
            if over.is_set() and ends is None:
                ends = time.monotonic() + LAST_LOOK_S


async def _in_lines(stage: Stage, watch: Watch, console: Console, over: asyncio.Event) -> None:
    told, line_at = 0, time.monotonic() + LINE_EVERY_S
    while True:
        ending = over.is_set()
        for line in news_lines(stage.news[told:]):
            console.print(escape(line), style="bold", soft_wrap=True)
        told = len(stage.news)
        if ending or time.monotonic() >= line_at:
            line_at += LINE_EVERY_S
            console.print(escape(status_line(watch.picture())), soft_wrap=True)
        if ending:
            break
        with suppress(TimeoutError):
            async with asyncio.timeout(NEWS_EVERY_S):
                await over.wait()

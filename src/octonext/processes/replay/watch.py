"""What a viewer sees while a replay runs: lines for what happened, bars for what goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from .domain.plan import Plan
from .tills import Figures, ReplayTill

REFRESHES_PER_S = 4


class Watch:
    """Tells a console what happens. Without a terminal there are lines only."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()
        self._week = ""
        self._progress: Progress | None = None

    def say(self, line: str) -> None:
        """One line, with the seconds since the beginning."""
        self.console.print(f"[dim]{time.monotonic() - self._began:6.1f}[/] {escape(line)}", soft_wrap=True)

    def read(self, rows: int) -> None:
        """Records read so far; called from the reading thread."""
        if self.console.is_terminal:
            self.console.print(f"       {rows:,} rows read", end="\r")

    def week(self, until: datetime) -> None:
        """The tills go through the file's calendar up to this day."""
        self._week = f"{until:%d %b %Y}"

    def verified(self, shard: str, done: int, total: int) -> None:
        """Journal entries judged so far."""
        if self.console.is_terminal and done < total:
            self.console.print(f"       {shard}: {done:,} of {total:,} entries verified", end="\r")

    @contextmanager
    def selling(self, plan: Plan, figures: Figures, tills: Sequence[ReplayTill]) -> Iterator[None]:
        """Show the tills' progress while the block runs."""
        entries, rows = sum(len(each) for each in plan.tills), plan.rows_applied
        self.say(f"{len(tills)} tills sell {rows:,} rows in {entries:,} entries")
        began = time.monotonic()

        def look(bars: Progress) -> None:
            online, backlog = sum(till.is_online for till in tills), sum(till.backlog for till in tills)
            rate = figures.rows / max(time.monotonic() - began, 0.001)
            bars.update(sold, completed=figures.rows, note=f"{self._week}, {rate:,.0f} rows/s")
            note = f"{online} tills online, {len(tills) - online} offline, backlog {backlog:,}"
            bars.update(acked, completed=figures.entries - backlog, note=note)

        bars = _Bars(look, self.console)
        sold = bars.add_task("sold", total=rows, note="")
        acked = bars.add_task("on shards", total=entries, note="")
        # Bars are for a terminal: in a log they would be noise.
        with bars if self.console.is_terminal else nullcontext():
            yield
        seconds = time.monotonic() - began
        self.say(f"sold and on shards after {seconds:.1f} s, {rows / max(seconds, 0.001):,.0f} rows/s")


class _Bars(Progress):
    """Bars that look at the figures each time they are drawn."""

    def __init__(self, look: Callable[[Progress], None], console: Console) -> None:
        self._look = look
        super().__init__(
            TextColumn("  {task.description:<10}"),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            refresh_per_second=REFRESHES_PER_S,
            transient=True,
        )

    def get_renderables(self) -> Iterator[RenderableType]:
        """The bars as they are now."""
        if self.tasks:
            self._look(self)
        yield self.make_tasks_table(self.tasks)

"""Watches the chain from outside: tills, gateway, processes, and head office's reports over REST."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from contextlib import suppress
from typing import Any

from octonext.processes.chain import HeadOffice
from octonext.processes.supervisor.state import ProcessState
from octonext.till.fleet import TillView

from .meter import LagMeter, RateMeter, percentile
from .picture import BranchView, Picture, Reported, ShardView, TillState
from .stage import SHARDS, Branch, Shard, Stage

TILLS_EVERY_S = 0.1
REPORTS_EVERY_S = 0.4
LANES_EVERY_S = 0.5
LATENCY_WINDOW_S = 3.0
LAG_WINDOW_S = 5.0
HISTORY_S = 60
STUCK_AFTER_S = 1.5
"""A till with entries to send and no ack for so long waits for something."""
FROZEN_DETAIL = "frozen"
"""What the supervisor says of a process that stands still."""

_WELL: tuple[ProcessState, ...] = ("running", "stopping", "stopped")


class Watch:
    """Measures for as long as `run` runs; `picture` is what is known now."""

    def __init__(self, stage: Stage, head_office: HeadOffice) -> None:
        self._stage = stage
        self._head_office = head_office
        self._views: dict[int, list[TillView]] = {}
        self._progress: dict[int, tuple[int, float]] = {}
        self._sold: dict[int, RateMeter] = defaultdict(RateMeter)
        self._acked: dict[str, RateMeter] = defaultdict(RateMeter)
        self._history: dict[str, deque[float | None]] = defaultdict(lambda: deque(maxlen=HISTORY_S))
        self._reported: dict[int, Reported] = {}
        self._breakers: dict[str, str] = {}
        self._states: dict[str, ProcessState] = {}
        self._restarts: dict[str, int] = {}
        self.lags: dict[str, LagMeter] = {shard.shard_id: LagMeter() for shard in SHARDS}
        self.gateway_answers = True

    async def run(self) -> None:
        """Measure until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(TILLS_EVERY_S, self._look_at_tills))
            group.create_task(self._keep(1.0, self._look_back))
            group.create_task(self._keep(REPORTS_EVERY_S, self._look_at_reports))
            group.create_task(self._keep(LANES_EVERY_S, self._look_at_lanes))
            group.create_task(self._keep(TILLS_EVERY_S, self._look_at_processes))

    async def counted(self, timeout_s: float) -> bool:
        """Wait until reports count every sale that shards have acknowledged; False if not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while any(meter.invisible for meter in self.lags.values()):
                    await asyncio.sleep(TILLS_EVERY_S)
                return True
        return False

    def picture(self) -> Picture:
        """Everything as it is known now."""
        stage, now = self._stage, time.monotonic()
        return Picture(
            elapsed_s=stage.elapsed_s,
            duration_s=stage.duration_s,
            now=stage.now,
            news=tuple(stage.news),
            branches=tuple(self._branch(branch, now) for branch in stage.branches),
            shards=tuple(self._shard(shard, now) for shard in SHARDS),
            trouble=self._trouble(),
        )

    # --- measuring ---------------------------------------------------------------------------

    @staticmethod
    async def _keep(every_s: float, look: Any) -> None:
        while True:
            await look()
            await asyncio.sleep(every_s)

    async def _look_at_tills(self) -> None:
        now = time.monotonic()
        views: dict[int, list[TillView]] = defaultdict(list)
        for view in self._stage.views():
            views[view.branch_id].append(view)
            seen = self._progress.get(view.device_id)
            if seen is None or seen[0] != view.acked or view.backlog == 0:
                self._progress[view.device_id] = (view.acked, now)
        self._views = views
        for branch in self._stage.branches:
            self._sold[branch.branch_id].note(now, sum(each.sales for each in views[branch.branch_id]))
        for shard in SHARDS:
            own = [each for tills in views.values() for each in tills if each.shard_id == shard.shard_id]
            self._acked[shard.shard_id].note(now, sum(each.acked for each in own))
            self.lags[shard.shard_id].acked(now, sum(each.acked_sales for each in own))

    async def _look_back(self) -> None:
        recent = self._stage.fleet.latency(1.0)
        for shard in SHARDS:
            seen = recent.get(shard.shard_id)
            self._history[shard.shard_id].append(seen.p95_ms / 1000 if seen and seen.count else None)

    async def _look_at_reports(self) -> None:
        answer = await self._head_office.ask("/reports/sales-by-branch")
        now = time.monotonic()
        if answer is None:
            return
        names = [column["name"] for column in answer["columns"]]
        for row in (dict(zip(names, values, strict=True)) for values in answer["rows"]):
            self._reported[row["branch_id"]] = Reported(row["sale_count"], row["return_count"], row["total"])
        for shard in SHARDS:
            own = [each for each in self._stage.branches if each.shard_id == shard.shard_id]
            found = [self._reported[each.branch_id] for each in own if each.branch_id in self._reported]
            self.lags[shard.shard_id].visible(now, sum(each.sales + each.returns for each in found))

    async def _look_at_lanes(self) -> None:
        answer = await self._head_office.ask("/status")
        self.gateway_answers = answer is not None
        if answer is not None:
            self._breakers = {lane["shard_id"]: lane["breaker"] for lane in answer["shards"]}

    async def _look_at_processes(self) -> None:
        for name, child in self._stage.supervisor.children.items():
            status, before = child.status, self._states.get(name, "running")
            if status.state == "backing off" and before != "backing off":
                why = status.detail.partition(";")[0]
                self._stage.tell(f"{name} ended ({why}); the supervisor starts it again.", headline=False)
            elif status.state == "running" and status.restarts > self._restarts.get(name, 0):
                self._restarts[name] = status.restarts
                self._stage.tell(f"{name} is back.", headline=False)
            # What we froze ourselves, or thawed a moment ago, is no trouble.
            self._states[name] = "running" if status.detail == FROZEN_DETAIL else status.state

    # --- showing -----------------------------------------------------------------------------

    def _branch(self, branch: Branch, now: float) -> BranchView:
        tills = self._views.get(branch.branch_id, [])
        return BranchView(
            code=branch.code,
            name_en=branch.name_en,
            name_ar=branch.name_ar,
            shard_id=branch.shard_id,
            currency=branch.currency,
            tills=tuple(self._till(each, now) for each in tills),
            backlog=sum(each.backlog for each in tills),
            sales=sum(each.sales for each in tills),
            sales_per_s=self._sold[branch.branch_id].per_s,
            reported=self._reported.get(branch.branch_id),
        )

    def _till(self, view: TillView, now: float) -> TillState:
        if view.cut:
            return "cut"
        stuck = view.backlog > 0 and now - self._progress[view.device_id][1] > STUCK_AFTER_S
        return "online" if view.online and not stuck else "waiting"

    def _shard(self, shard: Shard, now: float) -> ShardView:
        latency = self._stage.fleet.latency(LATENCY_WINDOW_S).get(shard.shard_id)
        measured = latency is not None and latency.count > 0
        lags = self.lags[shard.shard_id].recent(now, LAG_WINDOW_S)
        tills = [each for views in self._views.values() for each in views if each.shard_id == shard.shard_id]
        return ShardView(
            shard_id=shard.shard_id,
            place=shard.place,
            frozen=shard.shard_id in self._stage.frozen,
            breaker=self._breakers.get(shard.shard_id, "") if self.gateway_answers else "",
            ack_p50_s=latency.p50_ms / 1000 if latency is not None and measured else None,
            ack_p95_s=latency.p95_ms / 1000 if latency is not None and measured else None,
            history_s=tuple(self._history[shard.shard_id]),
            entries_per_s=self._acked[shard.shard_id].per_s,
            backlog=sum(each.backlog for each in tills),
            lag_p50_s=percentile(lags, 50),
            lag_p95_s=percentile(lags, 95),
        )

    def _trouble(self) -> str:
        return ", ".join(f"{name} {state}" for name, state in self._states.items() if state not in _WELL)

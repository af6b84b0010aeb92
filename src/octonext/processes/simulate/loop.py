"""An asyncio event loop whose clock is simulated: one thread, no files, no waiting, always the same order.

Time stands still while anything can run, then jumps to the next timer. Callbacks run first in, first
out, timers by time and then by age. A frozen node's callbacks are put aside until it thaws, as SIGSTOP
would do. What else is asynchronous in the process (sockets, threads, signals) is refused: a simulated
world must not reach the real one.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar, TypeVarTuple, cast

from octonext.base.errors import OctoNextError

from .node import Node, NodeCrashed

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Callbacks of one seed; more means that something runs in circles.
CALLBACKS_MAX = 400_000_000
#: Callbacks without time passing; a loop that never sleeps would otherwise hang the simulator.
CALLBACKS_PER_INSTANT_MAX = 200_000
_WIND_DOWN_ROUNDS = 1_000

#: Which node the running code belongs to; what it starts inherits it.
current_node: ContextVar[Node | None] = ContextVar("octonext_simulated_node", default=None)


class Deadlock(OctoNextError):
    """Nothing can run and no timer is set, but what was asked for has not happened."""

    code = "simulation_deadlock"


class RunsInCircles(OctoNextError):
    """More callbacks ran than any honest history needs."""

    code = "simulation_runs_in_circles"


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop. `time()` is seconds since the simulation began."""

    def __init__(self) -> None:
        # The base class asks for these while it is made.
        self._is_running = self._over = False
        super().__init__()
        self.callbacks = 0
        self._now = 0.0
        self._queue: deque[tuple[asyncio.Handle, Node | None]] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle, Node | None]] = []
        self._age = 0
        self._instant = 0
        self._fault: BaseException | None = None

    # --- what asyncio asks for ---------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if context is None:
            context = copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._queue.append((handle, context.get(current_node)))
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        if context is None:
            context = copy_context()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._age += 1
        heapq.heappush(self._timers, (when, self._age, handle, context.get(current_node)))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        task: asyncio.Task[T] = asyncio.Task(
            coro, loop=self, name=None if name is None else str(name), context=context
        )
        node = current_node.get() if context is None else context.get(current_node)
        if node is not None:
            node.adopt(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Exceptions of callbacks end the simulation; a task's own are its awaiters' business."""
        error = context.get("exception")
        if "handle" in context and isinstance(error, Exception):
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """End the simulation with `error`, whatever the running code would make of it; the first counts."""
        if self._fault is None:
            self._fault = error

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._is_running

    def is_closed(self) -> bool:
        return self._over

    def close(self) -> None:
        self._over = True
        self._queue.clear()
        self._timers.clear()

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer stays in the heap until its time comes and is then passed over."""

    # --- running -----------------------------------------------------------------------------

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until `future` is done, and return its result.

        Raises Deadlock, RunsInCircles, what the future raises, and what was given to `fail`.
        """
        before = events._get_running_loop()  # noqa: SLF001 - the documented way for a loop of one's own
        events._set_running_loop(self)  # noqa: SLF001
        self._is_running = True
        try:
            task: asyncio.Future[T] = asyncio.ensure_future(cast("Awaitable[T]", future), loop=self)
            while not task.done():
                self._step()
                if self._fault is not None:
                    raise self._fault
            return task.result()
        finally:
            self._is_running = False
            events._set_running_loop(before)  # noqa: SLF001

    def wind_down(self) -> None:
        """Let what was cancelled come to its end, so that nothing is left half done."""
        before = events._get_running_loop()  # noqa: SLF001
        events._set_running_loop(self)  # noqa: SLF001
        try:
            for _ in range(_WIND_DOWN_ROUNDS):
                if not self._queue:
                    return
                self._step()
        finally:
            events._set_running_loop(before)  # noqa: SLF001

    def _step(self) -> None:
        ready = self._queue
        if not ready:
            self._jump()
        self._instant += len(ready)
        if self._instant > CALLBACKS_PER_INSTANT_MAX or self.callbacks > CALLBACKS_MAX:
            raise RunsInCircles(f"{self.callbacks} callbacks ran and the time is still {self._now:.6f} s.")
        for _ in range(len(ready)):
            handle, node = ready.popleft()
            if handle.cancelled():
                continue
            if node is not None and node.put_aside is not None:
                node.put_aside.append(handle)
                continue
            self.callbacks += 1
            handle._run()  # noqa: SLF001 - running handles is what a loop is for

    def _jump(self) -> None:
        """Let time pass until the next timer that still counts."""
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if not timers:
            raise Deadlock(f"At {self._now:.6f} s nothing can run and no timer is set.")
        if timers[0][0] > self._now:
            self._now = timers[0][0]
            self._instant = 0
        while timers and timers[0][0] <= self._now:
            _, _, handle, node = heapq.heappop(timers)
            if not handle.cancelled():
                self._queue.append((handle, node))

    def resume(self, node: Node) -> None:
        """Run what was put aside for a node, in its order."""
        for handle in node.thaw():
            self._queue.append((handle, node))

    def spawn(self, node: Node | None, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start `coro` as part of `node`, or of the world itself; its fault ends the simulation."""
        task = self.spawn_quietly(node, coro)
        # In nobody's context: a frozen node's fault is a fault all the same.
        task.add_done_callback(self._watch, context=Context())
        return task

    def spawn_quietly(self, node: Node | None, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """As `spawn`, for work whose faults are its awaiter's business."""
        context = copy_context()
        context.run(current_node.set, node)
        return self.create_task(coro, context=context)

    def end(self, node: Node) -> None:
        """Kill a node: its tasks end now, frozen or not, and what they still try reaches nobody."""
        node.end()
        self.resume(node)

    def _watch(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, NodeCrashed):
            self.fail(error)

"""A simulated machine's process: the tasks it runs, and the ways in which it ends or stands still."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any


class NodeCrashed(BaseException):
    """The process is gone in the middle of what it did. No handler of the program may catch it."""


class Node:
    """One process by name. Everything that runs in its context belongs to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        #: Callbacks that wait for the node to thaw; None while it runs.
        self.put_aside: deque[asyncio.Handle] | None = None
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """The task ends with this node."""
        self._tasks[task] = None
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)

    def freeze(self) -> None:
        """Stand still, as by SIGSTOP."""
        if self.put_aside is None:
            self.put_aside = deque()

    def thaw(self) -> deque[asyncio.Handle]:
        """Go on; what was put aside. Use `VirtualLoop.resume`, which runs it."""
        aside, self.put_aside = self.put_aside or deque(), None
        return aside

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still."""
        return self.put_aside is not None

    def end(self) -> None:
        """End every task, oldest first. What they do in their last moments must reach nobody."""
        self.alive = False
        for task in list(self._tasks):
            task.cancel()

"""What handlers ask the application for by parameter name: `hq` and `clock`."""

from __future__ import annotations

from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from octonext.base.clock import Clock
from octonext.runtime.postgres import Pool

from .errors import Unavailable

HeadOffice = NamedDependency[SkipValidation[Pool]]
"""Type of the parameter `hq`: the pool of head office's database."""
ProcessClock = NamedDependency[SkipValidation[Clock]]
"""Type of the parameter `clock`."""


def provide_hq(state: State) -> Pool:
    """The pool of head office's database. Raises Unavailable while there is none."""
    pool: Pool | None = state.get("hq")
    if pool is None:
        raise Unavailable("Head office cannot be reached; master data cannot be read or changed now.")
    return pool


def provide_clock(state: State) -> Clock:
    """The process' clock."""
    clock: Clock = state["clock"]
    return clock

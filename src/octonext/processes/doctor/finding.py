"""One answer of the doctor."""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal["well", "notice", "wrong", "unknown"]
"""`notice`: nobody must act, but everybody should know. `unknown`: it could not be looked at."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, where ("hq", a shard's id, "reporting", or the installation), and what was seen."""

    where: str
    check: str
    outcome: Outcome
    said: str
    remedy: str = ""

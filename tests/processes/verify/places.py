"""Where things stand in the day that the shops of these tests have had."""

from __future__ import annotations

from .conftest import DAY

AT = "branch_id = 1 AND device_id = 1 AND seq = "
ENTRIES = DAY["closed"]
SALE, CARD, RETURNED, VOID = DAY["sale"], DAY["card"], DAY["returned"], DAY["void"]


def place(name: str) -> str:
    return f"sa-1 1-1-{DAY[name]}"

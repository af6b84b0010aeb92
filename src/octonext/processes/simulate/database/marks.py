"""Marks: what a source's history was at a place, by which its readers know it again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from .engine import Transaction
from .schema import ReferenceTables
from .tables import Spine

MARK_DEPTH = 64
"""A mark says what the newest so many transactions were."""
MARK_DIGITS = 32
SHORT_MARK_DIGITS = 12
_NO_HISTORY = "0" * MARK_DIGITS


def marks_of(spine: Spine[Any]) -> Callable[..., list[dict[str, list[str]]]]:
    """The procedure that tells a database's marks at the transactions that it is given."""

    def marks(transaction: Transaction, xids: Sequence[str]) -> list[dict[str, list[str]]]:
        if "went_back_unnoticed" in transaction.engine.mutations:
            return [{"marks": [_NO_HISTORY] * len(xids)}]
        return [{"marks": [_mark(spine, int(xid)) for xid in xids]}]

    return marks


def mark_of(transaction: Transaction, tables: ReferenceTables, xid: str) -> list[dict[str, str]]:
    """What the history of a copy was at a transaction, by the newest one that changed it."""
    newest = tables.history.newest(int(xid), 1)
    if "went_back_unnoticed" in transaction.engine.mutations or not newest:
        return [{"mark": ""}]
    return [{"mark": hashlib.sha256(newest[0].encode()).hexdigest()[:SHORT_MARK_DIGITS]}]


def _mark(spine: Spine[Any], until: int) -> str:
    newest = spine.newest(until, MARK_DEPTH)
    if not newest:
        return _NO_HISTORY
    return hashlib.sha256(repr(newest).encode()).hexdigest()[:MARK_DIGITS]

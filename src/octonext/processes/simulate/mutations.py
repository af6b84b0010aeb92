"""Rules that can be broken on purpose, one at a time: a simulator that finds none of them is no good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from octonext.reporting.domain.batches import Delivery
from octonext.reporting.service import Reporting
from octonext.sync.service import opening
from octonext.till.domain import connection

from .database.pace import MUTATIONS as DATABASE_MUTATIONS
from .plan import Plan

#: Name -> what is broken, of the rules that are not a database's.
MUTATIONS: dict[str, str] = {
    "chain_check_skipped": "a gateway does not check that hashes follow from the bytes",
    "ack_without_hash": "a till takes an ack without comparing the hash with its own",
    "receipt_before_durable": "a till's disk never forces anything, so receipts show before they are durable",
    "relay_applies_twice": "reporting takes a delivery wherever it starts",
}

#: All of them, with what is broken.
ALL_MUTATIONS: dict[str, str] = {**MUTATIONS, **DATABASE_MUTATIONS}


@contextmanager
def applied(plan: Plan) -> Iterator[None]:
    """The program with this world's credits and its broken rules, until the block ends."""
    with ExitStack() as stack:
        stack.enter_context(patch("octonext.sync.service.shard.CREDIT_ENTRIES", plan.credit_entries))
        stack.enter_context(patch("octonext.sync.service.shard.PUSH_ENTRIES", plan.push_entries))
        if "chain_check_skipped" in plan.mutations:
            stack.enter_context(patch.object(opening, "link", lambda *_: _AnyHash()))
        if "ack_without_hash" in plan.mutations:
            stack.enter_context(patch.object(connection, "same_hash", lambda _own, _other: True))
        if "relay_applies_twice" in plan.mutations:
            stack.enter_context(patch.object(Reporting, "_take", _take_anywhere(Reporting._take)))  # noqa: SLF001
        yield


class _AnyHash(bytes):
    """Differs from nothing."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = bytes.__hash__


def _take_anywhere(take: Any) -> Any:
    async def taken(reporting: Reporting, name: str, delivery: Delivery) -> Any:
        known = reporting.cursors(name)
        pages = tuple(replace(page, start=known[page.feed]) for page in delivery.pages)
        return await take(reporting, name, replace(delivery, pages=pages))

    return taken

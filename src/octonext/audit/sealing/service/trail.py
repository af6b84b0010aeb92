"""What the trail itself must show beside its leaves: canaries, sessions as replica, months that have left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from octonext.runtime.postgres import Connection

from .. import store
from ..domain import catalogue
from ..domain.archived import Archived
from ..domain.findings import Findings
from ..domain.rows import time_of
from ..store import Look

UNSEALED_AFTER = timedelta(minutes=15)
"""Rows that wait so long for a head are not merely young: nobody seals them."""


def moved_away(
    archives: Sequence[Archived], items: str, keys: Iterable[bytes], findings: Findings
) -> list[Archived]:
    """The archived months that have really left, and that the sealing key says so of: a claim alone explains
    no missing row. `keys` are the public ones.
    """
    trusted = tuple(keys)
    things = catalogue.read(items)
    gone = []
    for each in archives:
        if catalogue.is_partition(things, each.partition):
            findings.add(
                "partition",
                each.partition,
                each.partition,
                f"seal_archive says that it is in {each.file_name}, but it is still here",
            )
        elif not each.signed_by(findings.database, trusted):
            findings.add(
                "partition",
                each.partition,
                each.partition,
                f"seal_archive says that it is in {each.file_name}, and the sealing key did not sign that",
            )
        else:
            gone.append(each)
    return gone


async def check_canaries(
    snapshot: Connection, newest: int, archives: Sequence[Archived], findings: Findings
) -> None:
    """Every step of the canary up to the newest head must be in the trail, unless its month is archived."""
    shown = {number for number, _ in await store.canaries(snapshot)}
    behind = newest + 1
    oldest = min(shown, default=behind) if any(each.table == "audit_change" for each in archives) else 1
    for number in range(oldest, newest + 1):
        if number not in shown:
            findings.add(
                "canary",
                "audit_change",
                f"canary {number}",
                "the canary was written and the trail does not show it: "
                "its triggers or their functions did not do their work, or the row was removed",
            )


async def check_replicas(snapshot: Connection, findings: Findings) -> None:
    """No session may have put ordinary triggers to sleep."""
    for row in await store.replicas(snapshot):
        findings.add(
            "replica",
            "audit_transaction",
            row["xid"],
            f"session_replication_role was replica at {row['at']:%Y-%m-%d %H:%M:%S} UTC: ordinary triggers "
            f"and foreign keys slept (role {row['login_role']}, client {row['application_name']!r})",
        )


def check_waiting(rows: int, since: int | None, newest: int, seen: Look, findings: Findings) -> None:
    """Rows that nobody seals can be changed unseen: one transaction that stays open is enough for that.

    `since` is the time of the oldest of them, in microseconds since 2000.
    """
    if since is None:
        return
    # A sealer that begins with its server is given the time to catch up.
    if seen.database_clock - max(time_of(since), seen.started_at) > UNSEALED_AFTER:
        findings.add(
            "unsealed",
            "seal_head",
            str(newest),
            f"{rows} rows are under no head, the oldest of {time_of(since):%Y-%m-%d %H:%M:%S} UTC: the "
            "sealer does not run or is refused, or a transaction has been open since",
        )

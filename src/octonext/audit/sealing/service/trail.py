"""What the trail itself must show beside its leaves: canaries, sessions as replica, months that have left."""

from __future__ import annotations

from collections.abc import Sequence

from octonext.runtime.postgres import Connection

from .. import store
from ..domain import catalogue
from ..domain.findings import Findings
from ..store import Archived


def moved_away(archives: Sequence[Archived], items: str, findings: Findings) -> list[Archived]:
    """The archived months that have really left: a claim alone explains no missing row."""
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

"""What a status report holds; plain values, so that `--json` and the tables say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from octonext.crypto.at_rest import Protection
from octonext.processes.backup.state import ArchiveStatus
from octonext.processes.supervisor.state import InstallationState

FEED_FAILURES_MAX = 3
"""In a row; with the relay's growing pauses that is some seconds, as a restart may take."""
_REGION_UNKNOWN = re.compile(r"RegionUnknown: .*?\bthe region (?P<code>[A-Z0-9-]+)\.")


class DatabaseReport(msgspec.Struct, kw_only=True):
    """One database. Fields stay None when it was not reached; `problem` then says why."""

    name: str
    kind: str
    reachable: bool = False
    latency_ms: float | None = None
    schema_version: int | None = None
    schema_known: int
    partitions_until: str | None = None
    """The last month that has partitions, "YYYY-MM"; None at HQ."""
    months_ahead: int | None = None
    oldest_snapshot_xids: int | None = None
    oldest_transaction_s: float | None = None
    frozen_xid_age: int | None = None
    connections: int | None = None
    size_bytes: int | None = None
    tls: str | None = None
    """What the connection over a network speaks, such as "TLSv1.3"; None on a Unix socket."""
    certificate_days_left: int | None = None
    """Of the server's certificate, the shortest when it has several hosts."""
    problem: str = ""


class StatusReport(msgspec.Struct, kw_only=True):
    """The installation. `relay`, `sealer`, `gateways`: those processes' own answers as they gave them."""

    running: bool
    installation: InstallationState | None
    databases: list[DatabaseReport]
    protections: dict[str, Protection] = {}
    """What encrypts each database's storage now; one that was not reached is missing."""
    unprotected: list[str] = []
    """Whose storage is not what the configuration says."""
    backups: list[ArchiveStatus] = []
    """How each database's log is archived; empty where none is."""
    relay: dict[str, object] | None = None
    sealer: dict[str, object] | None = None
    gateways: dict[str, dict[str, object] | None] = {}


def failing(feed: dict[str, object]) -> bool:
    """Whether one of the relay's feeds fails for longer than a restart of either end takes."""
    if went_back(feed):
        return True
    failures = feed.get("failures")
    often = isinstance(failures, int) and failures > FEED_FAILURES_MAX
    return often and region_waited_for(feed) is None


def unsealed(seal: dict[str, object]) -> bool:
    """Whether a database is not sealed any more, or its trail does not show the last canary."""
    failures = seal.get("failures")
    often = isinstance(failures, int) and failures > FEED_FAILURES_MAX
    return often or bool(seal.get("refused")) or seal.get("canary_recorded") is False


def went_back(feed: dict[str, object]) -> bool:
    """Whether the feed's source was restored from a copy and an operator must reset its readers."""
    return feed.get("went_back") is True


def region_waited_for(feed: dict[str, object]) -> str | None:
    """The code of the region that head office must create before this feed can begin, if that is all."""
    found = _REGION_UNKNOWN.match(str(feed.get("last_error") or ""))
    return found["code"] if found is not None else None


def silent_tills(report: StatusReport) -> list[dict[str, object]]:
    """Tills that should be heard and are not, as any of the gateways found them; each once."""
    found: dict[str, dict[str, object]] = {}
    for answer in report.gateways.values():
        for till in objects(answer, "silent_tills"):
            found.setdefault(f"{till.get('branch_id')} {till.get('device_id')}", till)
    return list(found.values())


def objects(answer: dict[str, object] | None, key: str) -> Iterator[dict[str, object]]:
    """The list of objects under `key`; another version's process may give none."""
    found = None if answer is None else answer.get(key)
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict):
            yield each

"""What a status report holds; plain values, so that `--json` and the tables say the same."""

from __future__ import annotations

import msgspec

from octonext.processes.supervisor.state import InstallationState


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
    problem: str = ""


class StatusReport(msgspec.Struct, kw_only=True):
    """The whole installation. `relay` and `gateways` are those processes' own answers, as they gave them."""

    running: bool
    installation: InstallationState | None
    databases: list[DatabaseReport]
    relay: dict[str, object] | None = None
    gateways: dict[str, dict[str, object] | None] = {}

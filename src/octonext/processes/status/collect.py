"""Asks every part of an installation how it is, side by side and each with a deadline."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import asyncpg

from octonext.base.errors import OctoNextError
from octonext.crypto.at_rest import Protection
from octonext.crypto.tls import pinned_context
from octonext.processes.backup.sources import archives
from octonext.processes.backup.state import read_backup_state
from octonext.processes.supervisor.databases import databases, owner_dsn
from octonext.processes.supervisor.health import NoAnswer, decoded, get_from_socket, get_over_tls
from octonext.processes.supervisor.lock import holder
from octonext.processes.supervisor.state import read_state
from octonext.processes.supervisor.storage import examine_all, examine_server, expected
from octonext.runtime.database_link import look
from octonext.runtime.layout import Layout
from octonext.runtime.migrations import DatabaseKind, available, schema_version
from octonext.runtime.postgres import connect
from octonext.runtime.settings import AtRest
from octonext.runtime.sql import load_queries

from .report import DatabaseReport, StatusReport

DATABASE_TIMEOUT_S = 3.0
_QUERIES = load_queries("octonext.processes.status", "databases.sql")


async def collect(layout: Layout) -> StatusReport:
    """The report; parts that are down appear as such, nothing is raised for them."""
    running = holder(layout.lock) is not None
    state = read_state(layout.state)
    addresses = state.gateways if state is not None and running else []
    protections = await asyncio.to_thread(examine_all, layout)
    backup_state = read_backup_state(layout) if archives(layout.settings) else None
    database_reports, relay, sealer, gateways = await asyncio.gather(
        asyncio.gather(*(_database(layout, kind, name, protections) for kind, name in databases(layout))),
        _relay(layout) if running else _nothing(),
        _sealer(layout) if running else _nothing(),
        asyncio.gather(*(_gateway(layout, *each) for each in enumerate(addresses))),
    )
    wanted = {name: expected(layout, name) for name in protections}
    return StatusReport(
        running=running,
        protections=protections,
        unprotected=[
            name
            for name, found in protections.items()
            if not found.proven and wanted[name] not in ("none", "declared")
        ],
        installation=state,
        backups=backup_state.databases if backup_state is not None and running else [],
        databases=list(database_reports),
        relay=relay,
        sealer=sealer,
        gateways=dict(zip(addresses, gateways, strict=True)),
    )


async def _database(
    layout: Layout, kind: DatabaseKind, name: str, protections: dict[str, Protection]
) -> DatabaseReport:
    report = DatabaseReport(name=name, kind=kind, schema_known=len(available(kind)))
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_S):
            wanted = None if name in protections else expected(layout, name)
            found = await _ask_database(owner_dsn(layout, kind, name), report, wanted)
            if found is not None:
                protections[name] = found
    except (OctoNextError, asyncpg.PostgresError, OSError, TimeoutError) as error:
        report.problem = str(error) or "PostgreSQL does not answer in time."
    return report


async def _ask_database(dsn: str, report: DatabaseReport, at_rest: AtRest | None) -> Protection | None:
    """Fill the report; with `at_rest` also what protects the server's storage."""
    connection = await connect(dsn, application_name="octonext-status", connect_timeout_s=DATABASE_TIMEOUT_S)
    try:
        began = time.monotonic()
        await connection.fetchval("SELECT 1")
        report.latency_ms = round((time.monotonic() - began) * 1000, 3)
        if links := await look(dsn, timeout_s=DATABASE_TIMEOUT_S):
            report.tls = links[0].tls
            report.certificate_days_left = min((link.expires - datetime.now(UTC)).days for link in links)
        report.reachable = True
        report.schema_version = await schema_version(connection)
        row = await connection.fetchrow(_QUERIES["database_health"])
        for column, value in (row or {}).items():
            setattr(report, column, value)
        until = await connection.fetchval(_QUERIES["partitions_until"])
        if until is not None:
            report.partitions_until = until.replace("_", "-")
            report.months_ahead = months_between(datetime.now(UTC).date(), report.partitions_until or "")
        return None if at_rest is None else await examine_server(connection, at_rest)
    finally:
        # Not close(): a frozen server would never answer the goodbye.
        connection.terminate()


def months_between(today: date, month: str) -> int:
    """Months from `today`'s month to `month` ("YYYY-MM"); negative when it is past."""
    year, number = (int(part) for part in month.split("-"))
    return (year - today.year) * 12 + number - today.month


async def _nothing() -> None:
    return None


async def _relay(layout: Layout) -> dict[str, object] | None:
    return await _told_by(layout, "relay")


async def _sealer(layout: Layout) -> dict[str, object] | None:
    return await _told_by(layout, "sealer")


async def _told_by(layout: Layout, process: str) -> dict[str, object] | None:
    try:
        status, body = await get_from_socket(layout.socket(process), "/status")
        return decoded(body) if status == 200 else None
    except NoAnswer:
        return None


async def _gateway(layout: Layout, index: int, address: str) -> dict[str, object] | None:
    parts = urlsplit(address)
    try:
        token = layout.monitor_token.read_text(encoding="utf-8").strip()
        context = pinned_context(layout.gateway_certificate(index))
        status, body = await get_over_tls(
            parts.hostname or "127.0.0.1",
            parts.port or 443,
            "/api/v1/status",
            context=context,
            token=token,
        )
        return decoded(body) if status == 200 else None
    except (OSError, OctoNextError, NoAnswer):
        return None

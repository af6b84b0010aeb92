"""Asks every part of an installation how it is, side by side and each with a deadline."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import asyncpg

from octonext.base.errors import OctoNextError
from octonext.crypto.tls import client_context, pinned_context
from octonext.processes.supervisor.databases import databases, owner_dsn
from octonext.processes.supervisor.health import NoAnswer, decoded, get_from_socket, get_over_tls
from octonext.processes.supervisor.lock import holder
from octonext.processes.supervisor.state import read_state
from octonext.runtime.layout import Layout
from octonext.runtime.migrations import DatabaseKind, available, schema_version
from octonext.runtime.postgres import connect
from octonext.runtime.sql import load_queries

from .report import DatabaseReport, StatusReport

DATABASE_TIMEOUT_S = 3.0
_QUERIES = load_queries("octonext.processes.status", "databases.sql")


async def collect(layout: Layout) -> StatusReport:
    """The report; parts that are down appear as such, nothing is raised for them."""
    running = holder(layout.lock) is not None
    state = read_state(layout.state)
    addresses = state.gateways if state is not None and running else []
    database_reports, relay, gateways = await asyncio.gather(
        asyncio.gather(*(_database(layout, kind, name) for kind, name in databases(layout))),
        _relay(layout) if running else _nothing(),
        asyncio.gather(*(_gateway(layout, address) for address in addresses)),
    )
    return StatusReport(
        running=running,
        installation=state,
        databases=list(database_reports),
        relay=relay,
        gateways=dict(zip(addresses, gateways, strict=True)),
    )


async def _database(layout: Layout, kind: DatabaseKind, name: str) -> DatabaseReport:
    report = DatabaseReport(name=name, kind=kind, schema_known=len(available(kind)))
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_S):
            await _ask_database(owner_dsn(layout, kind, name), report)
    except (OctoNextError, asyncpg.PostgresError, OSError, TimeoutError) as error:
        report.problem = str(error) or "PostgreSQL does not answer in time."
    return report


async def _ask_database(dsn: str, report: DatabaseReport) -> None:
    connection = await connect(dsn, application_name="octonext-status", connect_timeout_s=DATABASE_TIMEOUT_S)
    try:
        began = time.monotonic()
        await connection.fetchval("SELECT 1")
        report.latency_ms = round((time.monotonic() - began) * 1000, 3)
        report.reachable = True
        report.schema_version = await schema_version(connection)
        row = await connection.fetchrow(_QUERIES["database_health"])
        for column, value in (row or {}).items():
            setattr(report, column, value)
        until = await connection.fetchval(_QUERIES["partitions_until"])
        if until is not None:
            report.partitions_until = until.replace("_", "-")
            report.months_ahead = months_between(datetime.now(UTC).date(), report.partitions_until or "")
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
    try:
        status, body = await get_from_socket(layout.socket("relay"), "/status")
        return decoded(body) if status == 200 else None
    except NoAnswer:
        return None


async def _gateway(layout: Layout, address: str) -> dict[str, object] | None:
    parts = urlsplit(address)
    own = layout.settings.gateway.tls
    try:
        token = layout.monitor_token.read_text(encoding="utf-8").strip()
        context = pinned_context(own.certificate) if own else client_context(layout.root_certificate)
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

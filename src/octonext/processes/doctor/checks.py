"""What the doctor looks at. Each check answers with findings, and one that cannot look says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import asyncpg

from octonext.base.errors import OctoNextError
from octonext.crypto.at_rest import Protection
from octonext.crypto.tls import days_left
from octonext.processes.backup.sources import Vault, archives, embedded
from octonext.processes.backup.state import FRESH_S, ArchiveStatus, read_backup_state
from octonext.processes.keys.checking import check_keys
from octonext.processes.supervisor.databases import databases, owner_dsn
from octonext.processes.supervisor.lock import holder
from octonext.processes.supervisor.storage import REPORTING, examine_all, examine_server, expected
from octonext.runtime.card_scan import CardFound, scan_database, scan_logs
from octonext.runtime.database_link import look
from octonext.runtime.layout import Layout
from octonext.runtime.postgres import connect

from .damage import damaged_blocks
from .finding import Finding, Outcome
from .marker import prove_by_marker
from .olap_marker import prove_reporting_by_marker
from .seals import look_at_seals, sealer_answer

INSTALLATION = "installation"
CERTIFICATE_DAYS_MIN = 21
BACKUP_AGE_MAX_S = 48 * 3600.0
ARCHIVE_LAG_MAX_S = 60.0
SHOWN_MAX = 3

Check = Callable[[Layout], Awaitable[list[Finding]]]


async def storage(layout: Layout) -> list[Finding]:
    """What encrypts each database, and the marker's proof of it."""
    findings = []
    protections = await asyncio.to_thread(examine_all, layout)
    for name, found in protections.items():
        findings.append(_protection(layout, name, found))
        findings += await asyncio.to_thread(damaged_blocks, layout, name)
        if name in embedded(layout.settings):
            findings.append(await guarded(name, "marker on disk", prove_by_marker(layout, name, found)))
        elif name == REPORTING:
            proving = prove_reporting_by_marker(layout, found)
            findings.append(await guarded(name, "marker on disk", proving))
    for kind, name in databases(layout):
        if name not in protections:
            findings.append(
                await guarded(name, "storage", _elsewhere(layout, owner_dsn(layout, kind, name), name))
            )
    return findings


async def links(layout: Layout) -> list[Finding]:
    """How each database is reached."""
    return [
        await guarded(name, "connection", _link(name, owner_dsn(layout, kind, name)))
        for kind, name in databases(layout)
    ]


async def certificates(layout: Layout) -> list[Finding]:
    """The gateway's certificate."""
    configured = layout.settings.gateway.tls
    path = configured.certificate if configured is not None else layout.tls / "server.crt"
    if not path.exists():
        outcome: Outcome = "wrong" if configured is not None else "notice"
        return [_finding(INSTALLATION, "certificate", outcome, f"There is no {path} yet.")]
    try:
        days = days_left(path, datetime.now(UTC))
    except OctoNextError as error:
        return [_finding(INSTALLATION, "certificate", "wrong", error.message, error.remedy)]
    said = f"{path} is good for {days} days." if days >= 0 else f"{path} expired {-days} days ago."
    late = days < CERTIFICATE_DAYS_MIN
    return [
        _finding(INSTALLATION, "certificate", "wrong" if late else "well", said, "Renew it." if late else "")
    ]


async def keys(layout: Layout) -> list[Finding]:
    """The keyring, every key in it, and whether anybody could bring it back."""
    report = await asyncio.to_thread(check_keys, layout)
    found = [_finding(INSTALLATION, "keys", "wrong", problem) for problem in report.problems]
    found += [_finding(INSTALLATION, "keys", "notice", remark) for remark in report.remarks]
    said = f"Master key from the {report.source}; {len(report.keys)} keys."
    return [_finding(INSTALLATION, "keys", "well", said), *found]


async def backups(layout: Layout) -> list[Finding]:
    """How old the newest backup of each database is, and how far its log is archived."""
    vault = await asyncio.to_thread(Vault.of, layout)
    running = holder(layout.lock) is not None
    state = read_backup_state(layout) if running and archives(layout.settings) else None
    findings = []
    for name in embedded(layout.settings):
        folder = vault.folder(name)
        made = [folder.manifest(each).finished_at for each in folder.backups()]
        findings.append(_backup_age(name, made))
        if archives(layout.settings) and running:
            each = next((one for one in state.databases if one.database == name), None) if state else None
            lives = state is not None and time.time() - state.at < FRESH_S
            findings.append(_archive(name, each if lives else None))
        elif running:
            findings.append(
                _finding(
                    name,
                    "log archive",
                    "notice",
                    "Its log is not archived: a backup can be restored to its own end only.",
                    "Name a folder on another disk: [backup] folder (docs/backup.md).",
                )
            )
    return findings


async def seals(layout: Layout) -> list[Finding]:
    """Whether each database's trail is sealed, and its canary seen."""
    told = await sealer_answer(layout) or {}
    running = holder(layout.lock) is not None
    return [
        await guarded(
            name,
            "sealing",
            look_at_seals(layout, name, owner_dsn(layout, kind, name), told.get(name), running=running),
        )
        for kind, name in databases(layout)
    ]


async def cards(layout: Layout) -> list[Finding]:
    """Card numbers in databases and logs, where none may be."""
    findings = [
        await guarded(name, "card numbers", _scan(name, owner_dsn(layout, kind, name)))
        for kind, name in databases(layout)
    ]
    return [*findings, _cards("logs", await asyncio.to_thread(_scan_logs, layout))]


CHECKS: Sequence[tuple[str, Check]] = (
    ("storage", storage),
    ("connection", links),
    ("certificate", certificates),
    ("keys", keys),
    ("backup", backups),
    ("sealing", seals),
    ("card numbers", cards),
)
"""Everything that is looked at, in this order; a further check is a further line."""


async def guarded(where: str, check: str, looking: Awaitable[Finding]) -> Finding:
    """The finding, or why there is none."""
    try:
        return await looking
    except (OctoNextError, asyncpg.PostgresError, OSError, TimeoutError, ValueError) as error:
        remedy = error.remedy if isinstance(error, OctoNextError) else ""
        said = error.message if isinstance(error, OctoNextError) else str(error) or type(error).__name__
        return _finding(where, check, "unknown", said, remedy or "Ask again while it runs.")


def _scan_logs(layout: Layout) -> list[CardFound]:
    folders = [layout.logs, *(layout.postgres_log(name) for name in embedded(layout.settings))]
    return [found for folder in folders for found in scan_logs(folder)]


def _protection(layout: Layout, name: str, found: Protection) -> Finding:
    wanted = expected(layout, name)
    said = f"{found.shown}. {found.detail}".strip()
    if found.proven:
        return _finding(name, "storage", "well", said)
    return _finding(
        name, "storage", "notice" if wanted in ("none", "declared") else "wrong", said, found.remedy
    )


async def _elsewhere(layout: Layout, dsn: str, name: str) -> Finding:
    connection = await connect(dsn, application_name="octonext-doctor")
    try:
        return _protection(layout, name, await examine_server(connection, expected(layout, name)))
    finally:
        connection.terminate()


async def _link(name: str, dsn: str) -> Finding:
    shown = await look(dsn)
    if not shown:
        return _finding(name, "connection", "well", "A Unix socket: it does not leave this machine.")
    days = min((link.expires - datetime.now(UTC)).days for link in shown)
    said = "; ".join(f"{link.host}:{link.port} {link.tls} {link.cipher}" for link in shown)
    outcome: Outcome = "wrong" if days < CERTIFICATE_DAYS_MIN else "well"
    return _finding(name, "connection", outcome, f"{said}; certificate good for {days} days.")


async def _scan(name: str, dsn: str) -> Finding:
    connection = await connect(dsn, application_name="octonext-doctor", statement_timeout_ms=0)
    try:
        return _cards(name, await scan_database(connection))
    finally:
        connection.terminate()


def _cards(where: str, found: Sequence[CardFound]) -> Finding:
    if not found:
        return _finding(where, "card numbers", "well", "None.")
    places = "; ".join(f"{each.place}: {each.shown}" for each in found[:SHOWN_MAX])
    return _finding(
        where, "card numbers", "wrong", f"{len(found)} or more, such as {places}.", "See docs/security.md."
    )


def _backup_age(name: str, made: Sequence[float]) -> Finding:
    if not made:
        return _finding(name, "backup", "wrong", "There is none.", f"octonext backup --database {name}")
    hours = (time.time() - max(made)) / 3600
    said = f"The newest of {len(made)} is {hours:.1f} hours old."
    if hours * 3600 > BACKUP_AGE_MAX_S:
        return _finding(name, "backup", "wrong", said, f"octonext backup --database {name}")
    return _finding(name, "backup", "well", said)


def _archive(name: str, status: ArchiveStatus | None) -> Finding:
    if status is None:
        return _finding(
            name, "log archive", "wrong", "The archive process does not answer.", "See logs/backup.log."
        )
    if status.backup_problem:
        return _finding(name, "log archive", "wrong", f"Backups fail: {status.backup_problem}")
    lag_s = time.time() - status.complete_until if status.complete_until is not None else None
    if status.state != "archiving" or lag_s is None or lag_s > ARCHIVE_LAG_MAX_S:
        return _finding(name, "log archive", "wrong", f"It is {status.state}: {status.problem or 'behind'}.")
    return _finding(name, "log archive", "well", f"Complete until {lag_s:.0f} s ago.")


def _finding(where: str, check: str, outcome: Outcome, said: str, remedy: str = "") -> Finding:
    return Finding(where=where, check=check, outcome=outcome, said=said, remedy=remedy)

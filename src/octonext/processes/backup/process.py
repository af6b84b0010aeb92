"""The archive process: every embedded database's log, and base backups when they are due.

Nothing of it stands in the way of a sale: whatever fails here is said in the state and tried again.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from octonext.base.errors import OctoNextError
from octonext.processes.cluster.binaries import installed_programs
from octonext.processes.local_service import stop_on_signals
from octonext.runtime.layout import Layout
from octonext.runtime.settings import Settings

from .archive import Archiver
from .base import make_backup
from .domain import begins_before
from .folder import BackupFolder
from .sources import Vault, embedded
from .state import WRITE_EVERY_S, ArchiveStatus, BackupState, write_backup_state

LOOK_EVERY_S = 5.0
RETRY_BACKUP_S = 300.0

log = structlog.get_logger(__name__)


def run(layout: Layout, settings: Settings) -> None:
    """Archive until SIGTERM."""
    # Not uvloop: pg_basebackup is to end with the thread that started it.
    asyncio.run(_serve(layout, settings))


async def _serve(layout: Layout, settings: Settings) -> None:
    stop = stop_on_signals()
    vault = Vault.of(layout)
    archivers = [
        Archiver(vault.folder(name), layout.database_socket_dir(name)) for name in embedded(settings)
    ]
    one_at_a_time = asyncio.Lock()
    tasks = [asyncio.create_task(archiver.run(), name="archive") for archiver in archivers]
    tasks += [
        asyncio.create_task(_keep_backed_up(layout, settings, archiver, one_at_a_time))
        for archiver in archivers
    ]
    tasks.append(asyncio.create_task(_tell(layout, [archiver.status for archiver in archivers])))
    stopping = asyncio.create_task(stop.wait())
    try:
        # None of them ends by itself; one that does is a bug, and the supervisor starts us again.
        done, _ = await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (stopping, *tasks):
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)


async def _tell(layout: Layout, statuses: list[ArchiveStatus]) -> None:
    while True:
        try:
            write_backup_state(layout, BackupState(at=time.time(), databases=statuses))
        except OSError as error:
            log.warning("state_not_written", reason=error.strerror)
        await asyncio.sleep(WRITE_EVERY_S)


async def _keep_backed_up(
    layout: Layout, settings: Settings, archiver: Archiver, one_at_a_time: asyncio.Lock
) -> None:
    """A base backup for every run of the log, and one as often as configured."""
    folder, status = archiver.folder, archiver.status
    while True:
        pause_s = LOOK_EVERY_S
        if status.state == "archiving":
            try:
                async with one_at_a_time:
                    if await asyncio.to_thread(_due, folder, settings, status):
                        manifest = await make_backup(
                            folder,
                            layout.database_socket_dir(folder.database),
                            installed_programs() / "bin",
                            keep=settings.backup.keep,
                        )
                        status.backed_up_at = manifest.finished_at
                        log.info("backed_up", database=folder.database, backup=manifest.backup)
                status.backup_problem = ""
            except (OctoNextError, OSError) as error:
                said = error.message if isinstance(error, OctoNextError) else str(error)
                log.warning("backup_failed", database=folder.database, reason=said)
                status.backup_problem, pause_s = said, RETRY_BACKUP_S
        await asyncio.sleep(pause_s)


def _due(folder: BackupFolder, settings: Settings, status: ArchiveStatus) -> bool:
    manifests = [folder.manifest(each) for each in folder.backups()]
    run = next((each for each in folder.runs() if each.run == status.run), None)
    if run is None:
        return False
    # Only what was finished after the run began is surely of the same history.
    based = [each for each in manifests if begins_before(run, each) and each.finished_at >= run.started_at]
    if not based:
        return True
    status.backed_up_at = max(each.finished_at for each in manifests)
    every_hours = settings.backup.every_hours
    return every_hours is not None and time.time() - status.backed_up_at >= every_hours * 3600

"""The same proof for the embedded reporting store: a marker written through its process, looked for on disk.

Two things hide it: the volume, and in the volume chDB's own encrypted disk. So where there is encryption
the marker must be in no file at all, and where there is none it must be found: else nothing is proven.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path

from octonext.base.clock import SystemClock
from octonext.crypto.at_rest import Protection
from octonext.processes.local_service import reporting_address
from octonext.processes.supervisor.storage import REPORTING, expected
from octonext.reporting.remote import ReportingClient
from octonext.reporting.store.disk import FOLDER
from octonext.runtime.layout import Layout

from .finding import Finding, Outcome
from .marker import MARKER_BYTES, Seen, search

CHECK = "marker on disk"
ELSEWHERE = "The store keeps its files elsewhere than the configuration says."


async def prove_reporting_by_marker(layout: Layout, found: Protection) -> Finding:
    """For a reporting process that runs. Raises Unavailable, ReportRefused, SecretUnavailable."""
    marker = secrets.token_hex(MARKER_BYTES)
    since = time.time()
    client = ReportingClient(reporting_address(layout, layout.settings), SystemClock())
    try:
        await client.mark(marker)
    finally:
        await client.close()
    folders = [layout.database(REPORTING)]
    if found.kind == "gocryptfs":
        folders.append(layout.cipher(REPORTING))
    seen = [await asyncio.to_thread(search, each, marker.encode(), since=since) for each in folders]
    by_name = expected(layout, REPORTING) == "none"
    own = layout.chdb if by_name else layout.chdb / FOLDER
    written = await asyncio.to_thread(search, own, marker.encode(), since=since)
    return judge_reporting(seen, written, own, by_name=by_name)


def judge_reporting(seen: list[Seen], written: Seen, own: Path, *, by_name: bool) -> Finding:
    """What it means where the marker was seen: in the store's folder and below its volume, `seen`.

    `written` are the files that the store wrote meanwhile to `own`, where its tables must be.
    """
    if written.files == 0:
        return _finding("wrong", f"No file below {own} was written, so nothing is proven.", ELSEWHERE)
    holding = [path for each in seen for path in each.holding]
    if by_name:
        if not holding:
            return _finding("wrong", "The marker did not reach the disk, so nothing is proven.", ELSEWHERE)
        said = f'FOUND in plain in {holding[0]}. at_rest = "none" says so by name.'
        return _finding("notice", said, 'Remove at_rest = "none", and move the data: docs/encryption.md.')
    if holding:
        return _finding(
            "wrong",
            f"FOUND in plain in {holding[0]}: it must not be there, nor in the store's own files.",
            "Empty the store; reporting fills it again: docs/backup.md.",
        )
    raw = f", and in none of the {seen[-1].files} raw files" if len(seen) > 1 else ""
    return _finding(
        "well",
        f"The store took it; seen in none of the {seen[0].files} files of its folder{raw} written since.",
    )


def _finding(outcome: Outcome, said: str, remedy: str = "") -> Finding:
    return Finding(where=REPORTING, check=CHECK, outcome=outcome, said=said, remedy=remedy)

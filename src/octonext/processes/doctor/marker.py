"""The proof: a marker written through SQL is looked for in the raw files and in what the database sees."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from octonext.crypto.at_rest import Protection
from octonext.processes.supervisor.storage import expected
from octonext.runtime.layout import OWNER_ROLE, Layout
from octonext.runtime.postgres import connect
from octonext.runtime.sql import load_queries

from .finding import Finding

MARKER_BYTES = 32
READ_BYTES = 4 * 1024 * 1024
CLOCKS_DIFFER_S = 5.0
"""A file that was written after the marker may bear a time so much earlier."""
ELSEWHERE = "The database keeps its files elsewhere than the configuration says."

_QUERIES = load_queries("octonext.processes.doctor", "marker.sql")


@dataclass(frozen=True)
class Seen:
    """How many files were looked through, and those that hold the marker."""

    files: int
    holding: tuple[Path, ...]


@asynccontextmanager
async def written(dsn: str) -> AsyncIterator[bytes]:
    """A marker that is on the server's disk, in its tables and in its log, for as long as the block lasts.

    Raises DatabaseUnreachable and asyncpg's errors; the role must be allowed to CHECKPOINT.
    """
    # Letters, so that no encoding changes them.
    marker = secrets.token_hex(MARKER_BYTES).encode()
    connection = await connect(dsn, application_name="octonext-doctor", statement_timeout_ms=0)
    try:
        number = await connection.fetchval(_QUERIES["write_row"], marker)
        try:
            await connection.execute(_QUERIES["write_log"], marker.decode())
            await connection.execute(_QUERIES["flush"])
            yield marker
        finally:
            await connection.execute(_QUERIES["forget_row"], number)
    finally:
        connection.terminate()


def search(folder: Path, marker: bytes, *, since: float) -> Seen:
    """The files below `folder` written after `since` (Unix seconds) that hold `marker`."""
    looked, holding = 0, []
    for path in _files(folder):
        try:
            if path.stat().st_mtime < since - CLOCKS_DIFFER_S:
                continue
            looked += 1
            if _holds(path, marker):
                holding.append(path)
        except OSError:
            continue  # PostgreSQL renames and removes files all the time
    return Seen(looked, tuple(holding))


async def prove_by_marker(layout: Layout, name: str, found: Protection) -> Finding:
    """For an embedded database that runs. Raises what `written` raises."""
    dsn = layout.dsn("hq" if name == "hq" else "shard", None if name == "hq" else name, role=OWNER_ROLE)
    view = layout.database(name)
    encrypted = layout.cipher(name)
    raw = encrypted if found.kind == "gocryptfs" else view
    since = time.time()
    async with written(dsn) as marker:
        shown = await asyncio.to_thread(search, view, marker, since=since)
        below = shown if raw == view else await asyncio.to_thread(search, raw, marker, since=since)
    return judge(name, shown, below, raw=raw, found=found, by_name=expected(layout, name) == "none")


def judge(name: str, shown: Seen, below: Seen, *, raw: Path, found: Protection, by_name: bool) -> Finding:
    """What it means where the marker was seen: in the mounted view and `below` it, in the files of `raw`."""
    answer = partial(Finding, where=name, check="marker on disk")
    if not shown.holding:
        return answer(
            outcome="wrong",
            said=f"The marker did not reach the database's own files ({shown.files} looked through), "
            "so nothing is proven.",
            remedy=ELSEWHERE,
        )
    if found.kind in ("luks", "fscrypt") and found.proven:
        return answer(
            outcome="well",
            said=f"Written and seen in {len(shown.holding)} files; below them is {found.shown}, "
            "which no file shows without the key.",
        )
    if below.holding:
        said = f"FOUND in plain in {len(below.holding)} raw files, such as {below.holding[0]}."
        if by_name:
            return answer(
                outcome="notice",
                said=f'{said} at_rest = "none" says so by name: whoever gets the disk reads everything.',
                remedy='Remove at_rest = "none", and move the data: docs/encryption.md.',
            )
        return answer(
            outcome="wrong", said=said, remedy="Whoever gets the disk reads everything: docs/encryption.md."
        )
    if below.files == 0:
        return answer(
            outcome="wrong",
            said=f"No file below {raw} was written, so nothing is proven.",
            remedy=ELSEWHERE,
        )
    return answer(
        outcome="well",
        said=f"Seen in {len(shown.holding)} files of the mounted view, and in none of the {below.files} "
        f"raw files written since.",
    )


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            if path.is_file() and not path.is_symlink():
                yield path


def _holds(path: Path, marker: bytes) -> bool:
    with path.open("rb") as file:
        before = b""
        while part := file.read(READ_BYTES):
            if marker in before + part:
                return True
            before = part[-len(marker) :]
    return False

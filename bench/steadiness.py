"""How steady the machine is: the same fixed work, timed before and after every benchmark.

Two runs of one page on a shared machine differ; whoever reads a figure should see how much of that was
the machine's. Nothing of OctoNext runs here.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import multiprocessing.pool
import os
import signal
import tempfile
import time
from pathlib import Path
from statistics import median

import msgspec

ROUNDS = 5
BLOCK_BYTES = 1 << 20
BLOCKS = 40
"""Of SHA-256 in one round, about a tenth of a second: longer than a time slice."""
LOOPS = 400_000
SYNCS = 60
PAGE_BYTES = 8192


class Steadiness(msgspec.Struct, frozen=True):
    """The fixed work at one moment."""

    work_ms: float
    """Hashing and counting on every core at once, until the last is done: median of the rounds."""
    sync_ms: float
    """One page written and synced to the disk of the databases: median."""


def measure(folder: Path) -> Steadiness:
    """Do the fixed work now, the writing in `folder`. Takes about two seconds."""
    cores = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("fork").Pool(cores, _forget_signals) as pool:
        work_s = median(_round_s(pool, cores) for _ in range(ROUNDS))
    return Steadiness(round(work_s * 1000, 2), round(median(_syncs_s(folder)) * 1000, 4))


def _forget_signals() -> None:
    """A worker ends when the pool says so, and a Ctrl-C is the pool's business."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _round_s(pool: multiprocessing.pool.Pool, cores: int) -> float:
    began = time.monotonic()
    pool.map(_work, range(cores), chunksize=1)
    return time.monotonic() - began


def _work(_core: int) -> int:
    digest, block = hashlib.sha256(), bytes(BLOCK_BYTES)
    for _ in range(BLOCKS):
        digest.update(block)
    counted = 0
    for number in range(LOOPS):
        counted += number & 1
    return counted + len(digest.digest())


def _syncs_s(folder: Path) -> list[float]:
    page = bytes(PAGE_BYTES)
    found = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            began = time.monotonic()
            file.write(page)
            file.flush()
            os.fdatasync(file.fileno())
            found.append(time.monotonic() - began)
    return found

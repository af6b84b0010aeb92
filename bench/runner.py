"""Runs one benchmark to its end: own process group, own empty folder, and nothing left of it afterwards."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from octonext.processes.os_process import die_with_parent, end, everyone, marked, tree

from .child import Answer
from .machine import Machine
from .record import Record
from .steadiness import Steadiness, measure

#: A benchmark that takes longer hangs.
TIMEOUT_QUICK_S = 300.0
TIMEOUT_S = 3600.0
#: It ends its own installation in order within this, or is ended.
STOP_TIMEOUT_S = 90.0
KILL_TIMEOUT_S = 10.0
POLL_S = 0.2
#: Every process of a benchmark inherits it, so that one which outlived its parent is found.
MARK = "OCTONEXT_BENCH"
FAULT_LINES = 12

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for every benchmark of a run."""

    quick: bool
    seed: int
    data_file: Path | None
    folder: Path
    """In which each benchmark gets an empty folder."""
    machine: Machine


def run_one(name: str, around: Circumstances, say: Say, look: Callable[[], None]) -> tuple[Record, str]:
    """Run the benchmark; its record, and the last lines that it wrote about a fault.

    `say` gets its progress, `look` is called a few times a second. A KeyboardInterrupt ends it first.
    """
    with _folder(around.folder, name) as folder:
        say("how steady is the machine?")
        before = measure(folder)
        began = time.monotonic()
        answer, faults = _run(name, around, folder, say, look)
        seconds = time.monotonic() - began
        steadiness: list[Steadiness] = [before, measure(folder)]
    record = Record(
        name=name,
        title=answer.title,
        state=answer.state,
        quick=around.quick,
        seed=around.seed,
        day=datetime.now(UTC).date().isoformat(),
        seconds=round(seconds, 1),
        machine=around.machine,
        steadiness=steadiness,
        why=answer.why,
        figures=answer.result.figures,
        plots=answer.result.plots,
        text=answer.result.text,
    )
    return record, faults


def _run(
    name: str, around: Circumstances, folder: Path, say: Say, look: Callable[[], None]
) -> tuple[Answer, str]:
    work, out, errors = folder / "work", folder / "answer.json", folder / "errors"
    work.mkdir(mode=0o711)
    command = [sys.executable, "-m", "bench.child", name, "--seed", str(around.seed)]
    command += ["--work", str(work), "--out", str(out)]
    command += ["--quick"] if around.quick else []
    command += ["--data-file", str(around.data_file)] if around.data_file is not None else []
    mark = secrets.token_hex(8)
    with errors.open("wb") as error_file:
        process = subprocess.Popen(
            command,
            cwd=Path(__file__).resolve().parent.parent,
            stdout=subprocess.PIPE,
            stderr=error_file,
            env={**os.environ, MARK: mark},
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 -- the reading thread is over
        )
        try:
            in_time = _follow(process, TIMEOUT_QUICK_S if around.quick else TIMEOUT_S, say, look)
        finally:
            _end(process, mark, folder)
    faults = errors.read_text(encoding="utf-8", errors="replace").splitlines()[-FAULT_LINES:]
    return _answer(name, out, process.returncode, in_time=in_time), "\n".join(faults)


def _answer(name: str, out: Path, code: int, *, in_time: bool) -> Answer:
    if not in_time:
        return Answer("failed", name.capitalize(), "It took too long and was ended.")
    try:
        return msgspec.json.decode(out.read_bytes(), type=Answer)
    except (OSError, msgspec.DecodeError):
        return Answer("failed", name.capitalize(), f"Its process ended with code {code} and no answer.")


def _follow(process: subprocess.Popen[bytes], timeout_s: float, say: Say, look: Callable[[], None]) -> bool:
    """Pass on what it says until it ends; False when it did not in time."""
    assert process.stdout is not None, "it was started with a pipe"
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reader.start()
    ends = time.monotonic() + timeout_s
    while True:
        look()
        try:
            line = lines.get(timeout=POLL_S)
        except queue.Empty:
            # Its descendants may hold the pipe open when it is gone itself.
            if process.poll() is not None:
                return True
            if time.monotonic() > ends:
                return False
            continue
        if line is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_TIMEOUT_S)
            return process.poll() is not None
        say(line)


def _read(stream: IO[bytes], lines: queue.SimpleQueue[str | None]) -> None:
    with contextlib.suppress(ValueError):
        for line in stream:
            lines.put(line.decode(errors="replace").rstrip())
    lines.put(None)


def _end(process: subprocess.Popen[bytes], mark: str, folder: Path) -> None:
    """Ask it to stop, then make sure that nothing of it runs."""
    if process.poll() is None:
        family = tree(process.pid)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(STOP_TIMEOUT_S)
        end(family, signal.SIGKILL, KILL_TIMEOUT_S)
        process.wait()
    end(marked(MARK, mark), signal.SIGKILL, KILL_TIMEOUT_S)
    end(_databases_in(folder), signal.SIGINT, KILL_TIMEOUT_S)


def _databases_in(folder: Path) -> list[int]:
    """PostgreSQL inherits nothing from us, but works in its data folder."""
    found = []
    for each in everyone():
        with contextlib.suppress(OSError):
            if each.name == "postgres" and Path(f"/proc/{each.pid}/cwd").readlink().is_relative_to(folder):
                found.append(each.pid)
    return found


@contextmanager
def _folder(parent: Path, name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    # As root, PostgreSQL's own user must be able to pass through.
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

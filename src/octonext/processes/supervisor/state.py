"""What the supervisor tells others: DATA/run/state.json, replaced as a whole at every change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from octonext.crypto.at_rest import Protection

ProcessState = Literal[
    "waiting", "starting", "running", "not answering", "backing off", "stopping", "stopped"
]
Stage = Literal["starting", "running", "stopping", "stopped"]


class ProcessStatus(msgspec.Struct, kw_only=True):
    """One supervised process. Times are Unix seconds; `restarts` counts since the supervisor began."""

    name: str
    kind: str
    state: ProcessState = "waiting"
    pid: int | None = None
    since: float | None = None
    restarts: int = 0
    detail: str = ""
    address: str | None = None


class InstallationState(msgspec.Struct, kw_only=True):
    """The whole installation as its supervisor sees it."""

    name: str
    pid: int
    stage: Stage
    started_at: float
    data_dir: str
    gateways: list[str] = []
    processes: list[ProcessStatus] = []
    protections: dict[str, Protection] = {}
    """What encrypts each database's storage, as it was proven when it last started."""


def write_state(path: Path, state: InstallationState) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=2))
    unfinished.chmod(0o644)
    unfinished.replace(path)


def read_state(path: Path) -> InstallationState | None:
    """What was last written, or None; who wrote it may be gone (ask `lock.holder`)."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=InstallationState)
    except (OSError, msgspec.DecodeError):
        return None

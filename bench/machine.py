"""What a figure was measured on: the parts of the machine that matter, and nothing that names it."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import msgspec

from octonext.processes.cluster.binaries import installed_programs

VERSION_TIMEOUT_S = 20
_ESCAPES = {"\\040": " ", "\\011": "\t", "\\134": "\\"}


class Machine(msgspec.Struct, frozen=True):
    """A machine as the page shows it."""

    processor: str
    cores: int
    memory_gib: float
    file_system: str
    """Of the folder that held the databases."""
    kernel: str
    python: str
    postgresql: str
    chdb: str

    def rows(self) -> list[tuple[str, str]]:
        """What it is called, and what it is."""
        return [
            ("Processor", f"{self.processor}, {self.cores} cores for this run"),
            ("Memory", f"{self.memory_gib:.1f} GiB"),
            ("File system of the databases", self.file_system),
            ("Kernel", self.kernel),
            ("Python", self.python),
            ("PostgreSQL", self.postgresql),
            ("chDB", self.chdb),
        ]


def this_machine(work_dir: Path) -> Machine:
    """The machine this runs on; `work_dir` is where databases will be."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        file_system=file_system(work_dir, Path("/proc/self/mountinfo").read_text(encoding="utf-8")),
        kernel=f"{platform.system()} {platform.release().partition('-')[0]}",
        python=platform.python_version(),
        postgresql=_postgresql(),
        chdb=version("chdb"),
    )


def file_system(folder: Path, mountinfo: str) -> str:
    """The type of the file system that holds `folder`, from the text of /proc/self/mountinfo (proc(5))."""
    best, found = -1, "unknown"
    resolved = folder.resolve()
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        mounted = before.split()[4]
        for escape, character in _ESCAPES.items():
            mounted = mounted.replace(escape, character)
        # A later mount on the same place hides the earlier one.
        if resolved.is_relative_to(mounted) and len(mounted) >= best:
            best, found = len(mounted), after.split()[0]
    return found


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _postgresql() -> str:
    done = subprocess.run(
        [installed_programs() / "bin" / "postgres", "--version"],
        capture_output=True,
        text=True,
        timeout=VERSION_TIMEOUT_S,
        check=True,
    )
    return done.stdout.split()[-1]

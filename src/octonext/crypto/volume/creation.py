"""Makes an encrypted folder: AES-256-GCM over contents, AES-256 over names (gocryptfs's format 2)."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from octonext.runtime.durable import replace_file, sync_folder

from .errors import VolumeDamaged, VolumeUnusable
from .process import Owner, start

CONFIGURATION = "gocryptfs.conf"
NAMES_VECTOR = "gocryptfs.diriv"
UNFINISHED = "octonext.new"
DISK_OWN = frozenset({"lost+found"})
"""What an empty disk of its own may hold already."""
SCRYPT_LOG_N = 10
"""The least that gocryptfs takes: the password is 256 random bits, which no stretching makes longer."""
CREATE_TIMEOUT_S = 60.0
AWAY = "Without one, move that folder and its copies (DATA/keys/volume-NAME.*) away, and restore a backup."


def exists(cipher: Path) -> bool:
    """Whether there is a volume in this folder."""
    return (cipher / CONFIGURATION).is_file()


def create(cipher: Path, key: bytes, *, copy: Path, owner: Owner | None = None) -> None:
    """Make a volume in `cipher`, a new or empty folder; it may be a link or a disk of its own.

    `copy` gets its configuration file, which holds the volume's key wrapped by `key`: without that
    file everything in the volume is lost. Beside it lies a copy of what the names are encrypted with. As
    root its files become `owner`'s.

    Raises VolumeDamaged, VolumeUnusable.
    """
    cipher.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Into a folder inside: an interruption must not look like a volume, nor like somebody's files.
    unfinished = cipher / UNFINISHED
    interrupted = unfinished.exists()
    shutil.rmtree(unfinished, ignore_errors=True)
    files = {entry.name for entry in cipher.iterdir()} - DISK_OWN
    if not interrupted and (files or copy.exists()):
        # Without files its disk may not be mounted: a new, empty database must not take its place.
        held = "holds files" if files else "once held a volume"
        raise VolumeDamaged(
            f"{cipher} {held}, and there is no {CONFIGURATION} in it.", remedy=_how_to_restore(cipher, copy)
        )
    unfinished.mkdir(mode=0o700)
    _initialise(unfinished, key)
    keep_copies(unfinished, copy)
    # What makes it a volume comes last.
    for name in (NAMES_VECTOR, CONFIGURATION):
        (unfinished / name).replace(cipher / name)
    if owner is not None:
        hand_over(cipher, owner)
    unfinished.rmdir()
    sync_folder(cipher)


def keep_copies(cipher: Path, copy: Path) -> None:
    """Copy the two files without which a volume, known to be whole, cannot be read any more."""
    for kept, name in ((names_copy(copy), NAMES_VECTOR), (copy, CONFIGURATION)):
        if not kept.exists() or kept.read_bytes() != (cipher / name).read_bytes():
            replace_file(kept, (cipher / name).read_bytes())


def names_copy(copy: Path) -> Path:
    """Where the copy of gocryptfs.diriv lies, beside that of the configuration."""
    return copy.with_suffix(".diriv")


def require_names(cipher: Path, copy: Path) -> None:
    """Refuse a volume that would show other names than it holds: an empty database would be made in it.

    Raises VolumeDamaged.
    """
    vector, kept = cipher / NAMES_VECTOR, names_copy(copy)
    present = vector.read_bytes() if vector.is_file() else None
    if present is None or (kept.is_file() and kept.read_bytes() != present):
        raise VolumeDamaged(
            f"{vector} is {'missing' if present is None else 'damaged'}: the names in it cannot be read.",
            remedy=f"Put its copy back: {copying(kept, vector)}"
            if kept.is_file()
            else f"Put {NAMES_VECTOR} back from a copy of {cipher}. {AWAY}",
        )


def hand_over(cipher: Path, owner: Owner) -> None:
    """Make its own files `owner`'s, also one that root put back from a copy."""
    for path in (cipher, cipher / NAMES_VECTOR, cipher / CONFIGURATION):
        os.chown(path, owner.uid, owner.gid)


def copying(source: Path, target: Path) -> str:
    """The command that puts a copy back, as it can be pasted into a shell."""
    return f"cp {shlex.quote(str(source))} {shlex.quote(str(target))}"


def _initialise(folder: Path, key: bytes) -> None:
    arguments = ["-init", "-q", "-scryptn", str(SCRYPT_LOG_N), "--", str(folder)]
    # Read and dropped but for an error: gocryptfs may print the volume's key when it makes one.
    process = start(arguments, key, mark=str(folder), output=subprocess.PIPE)
    try:
        process.communicate(timeout=CREATE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    if process.returncode != 0:
        raise VolumeUnusable(
            f"gocryptfs could not make a volume in {folder} (exit code {process.returncode}).",
            remedy="See that the disk has space and can be written.",
        )


def _how_to_restore(cipher: Path, copy: Path) -> str:
    if copy.is_file():
        return (
            "Mount its disk, if it has one of its own; else put the copy back: "
            f"{copying(copy, cipher / CONFIGURATION)} "
            "(if the volume was deleted on purpose, delete the copy too)."
        )
    return f"Put {CONFIGURATION} back from a copy of {cipher}. {AWAY}"

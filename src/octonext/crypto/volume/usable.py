"""Whether gocryptfs can be used on this machine by this user, and what to do when it cannot."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .errors import VolumeUnusable

PROGRAM = "gocryptfs"
UNMOUNT_PROGRAMS = ("fusermount3", "fusermount")
FUSE_DEVICE = Path("/dev/fuse")
INSTALL = "Install it (Debian: apt install gocryptfs fuse3)"
OTHERWISE = 'or set at_rest = "none" for each database by name: then their files can be read by anybody who gets the disk'  # noqa: E501


def require_usable(device: Path = FUSE_DEVICE) -> None:
    """Raises VolumeUnusable, with the remedy."""
    reason = why_unusable(device)
    if reason is not None:
        raise reason


def why_unusable(device: Path = FUSE_DEVICE) -> VolumeUnusable | None:
    """What stands in the way, or None."""
    if shutil.which(PROGRAM) is None:
        return VolumeUnusable(f"{PROGRAM} is not installed.", remedy=f"{INSTALL}, {OTHERWISE}.")
    if unmount_program() is None:
        return VolumeUnusable(
            f"{UNMOUNT_PROGRAMS[0]} is not installed, which mounts and unmounts volumes.",
            remedy=f"{INSTALL}, {OTHERWISE}.",
        )
    if not device.exists():
        return VolumeUnusable(
            f"This machine has no {device}: its kernel offers no FUSE.",
            remedy=f"Load it (`modprobe fuse`), in a container pass the device in, {OTHERWISE}.",
        )
    # fusermount opens the device with the caller's rights, although it is a setuid program.
    if not os.access(device, os.R_OK | os.W_OK):
        return VolumeUnusable(
            f"{device} is closed to this user (its mode is {device.stat().st_mode & 0o777:04o}).",
            remedy=f"Run `chmod 0666 {device}` as root, as most systems have it, start as root, {OTHERWISE}.",
        )
    return None


def unmount_program() -> str | None:
    """The setuid program that unmounts for everybody."""
    return next(
        (found for found in (shutil.which(name) for name in UNMOUNT_PROGRAMS) if found is not None), None
    )

"""Mounting and unmounting: by fusermount as whoever we are, or, as root for another user, by ourselves.

gocryptfs must not run as root for callers who are somebody else: to create their files it takes their
identity, for a moment, and other requests then run as the wrong user (version 2.3: "Operation not
permitted" in the middle of an initdb). So as root we make the mount and hand the open device to a gocryptfs
that runs as the files' owner; it then holds no privilege either, and /dev/fuse may stay root's alone.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

from .errors import VolumeUnusable
from .process import KEEPER, VOLUME_MARK, Owner
from .usable import FUSE_DEVICE, unmount_program

MOUNT_KIND = "fuse.gocryptfs"
UNMOUNT_TIMEOUT_S = 10.0
READ_BYTES_MAX = 128 * 1024
"""FUSE_MAX_PAGES_PER_REQ of 4 KiB each, which is what gocryptfs itself asks for."""
_MS_NOSUID, _MS_NODEV, _MNT_DETACH = 2, 4, 2
_LIBC = ctypes.CDLL(None, use_errno=True)
KEEP = """
read -r _
shown=$1
shift
while grep -qF " $shown " /proc/self/mountinfo; do
  "$@" || sleep 0.5
done
"""


def mount_for(owner: Owner, cipher: Path, point: Path) -> int:
    """Mount `point` for a gocryptfs that `owner` will run; the device it must inherit, still ours to close.

    Raises VolumeUnusable.
    """
    device = os.open(FUSE_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    options = (
        f"fd={device},rootmode=40000,user_id={owner.uid},group_id={owner.gid},"
        f"allow_other,default_permissions,max_read={READ_BYTES_MAX}"
    )
    names = (os.fsencode(cipher), os.fsencode(point), MOUNT_KIND.encode())
    if _LIBC.mount(*names, _MS_NOSUID | _MS_NODEV, options.encode()) != 0:
        reason = os.strerror(ctypes.get_errno())
        os.close(device)
        raise VolumeUnusable(f"{point} cannot be mounted: {reason}.", remedy="See `dmesg`.")
    return device


def unmount(point: Path, *, lazily: bool = False) -> str:
    """Why not, or nothing. Lazily: out of sight at once, gone when nobody stands in it any more."""
    if os.geteuid() == 0:
        if _LIBC.umount2(os.fsencode(point), _MNT_DETACH if lazily else 0) == 0:
            return ""
        return os.strerror(ctypes.get_errno())
    program = unmount_program()
    if program is None:
        return "no fusermount"
    done = subprocess.run(
        [program, "-u", *(["-z"] if lazily else []), "--", str(point)],
        capture_output=True,
        check=False,
        text=True,
        timeout=UNMOUNT_TIMEOUT_S,
    )
    return done.stderr.strip()


def start_keeper(point: Path) -> subprocess.Popen[bytes]:
    """A shell that unmounts `point` once we are dead and nobody stands in it any more.

    It waits at the other end of a pipe, which the kernel closes however we end: a killed supervisor
    cannot wait for PostgreSQL's last checkpoint, and what was mounted must not stay for ever.
    """
    program = "umount" if os.geteuid() == 0 else (unmount_program() or "fusermount3")
    shown = str(point).replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011")
    options = [] if program == "umount" else ["-u"]
    return subprocess.Popen(
        ["/bin/sh", "-c", KEEP, KEEPER, shown, program, *options, "--", str(point)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), VOLUME_MARK: str(point)},
        start_new_session=True,
    )

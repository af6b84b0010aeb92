"""LUKS and dm-crypt below a mount: /sys tells which device stands on which, `dmsetup` the cipher."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from .mounts import Mount
from .protection import AES_256_XTS, UNKNOWN_CIPHER, Protection

SYS = Path("/sys")
DMSETUP_TIMEOUT_S = 10
DEVICES_MAX = 64
"""Devices below one mount; more is a loop or a mistake."""
_XTS = re.compile(r"(?:capi:)?xts\(aes\)-.*|aes-xts-.*")
_KEY_IN_KEYRING = re.compile(r":(\d+):\w+:.*")

Table = Callable[[str], str | None]
"""The device-mapper table of a device name, without its key; None when it may not be read."""


def look(mount: Mount, _folder: Path, *, sys: Path = SYS, table: Table | None = None) -> Protection | None:
    """What dm-crypt does below this mount, or None when at least one disk below it is plain."""
    devices = disks(mount, sys)
    if not devices:
        return None
    found = [_protection(device, sys, table or dmsetup_table) for device in devices]
    encrypted = [each for each in found if each is not None]
    if len(encrypted) < len(found):
        return None
    return min(encrypted, key=lambda each: each.proven)


def disks(mount: Mount, sys: Path = SYS) -> list[str]:
    """The devices ("MAJOR:MINOR") below a mount's file system; none for tmpfs, overlays and the like."""
    if not mount.device.startswith("0:"):
        return [mount.device]
    # btrfs shows a number of its own, and names one of its devices.
    try:
        found = Path(mount.source).stat()
    except (OSError, ValueError):
        return []
    if not stat.S_ISBLK(found.st_mode):
        return []
    own = f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
    return btrfs_members(own, sys) if mount.kind == "btrfs" else [own]


def btrfs_members(device: str, sys: Path = SYS) -> list[str]:
    """All devices of the btrfs file system that has this one."""
    for folder in (sys / "fs" / "btrfs").glob("*/devices"):
        members = [(each / "dev").read_text(encoding="ascii").strip() for each in folder.iterdir()]
        if device in members:
            return sorted(members)
    return [device]


def crypt_devices(device: str, sys: Path = SYS) -> list[Path] | None:
    """The dm-crypt devices that everything on this device passes through; None when something does not.

    Partitions, LVM volumes and RAID sets are followed down to what they stand on.
    """
    found: list[Path] = []
    waiting = [device]
    for _ in range(DEVICES_MAX):
        if not waiting:
            return found
        folder = (sys / "dev" / "block" / waiting.pop()).resolve()
        if not folder.is_dir():
            return None
        uuid = _text(folder / "dm" / "uuid")
        if uuid.startswith("CRYPT-"):
            found.append(folder)
            continue
        below = [folder.parent] if (folder / "partition").exists() else []
        slaves = folder / "slaves"
        below += sorted(slaves.iterdir()) if slaves.is_dir() else []
        if not below:
            return None
        waiting += [_text(each.resolve() / "dev") for each in below]
    return None


def cipher_of(table: str) -> str:
    """The cipher in a device-mapper table line: START LENGTH crypt CIPHER KEY IV_OFFSET DEVICE OFFSET ...

    The key is shown as zeros of its true length, or as :BYTES:TYPE:NAME when the kernel keeps it.
    """
    words = table.split()
    if len(words) < 5 or words[2] != "crypt":
        return UNKNOWN_CIPHER
    in_keyring = _KEY_IN_KEYRING.fullmatch(words[4])
    bits = int(in_keyring[1]) * 8 if in_keyring else len(words[4]) * 4
    # XTS takes two keys, so 512 bits are AES-256.
    if _XTS.fullmatch(words[3]) and bits in (256, 512):
        return AES_256_XTS if bits == 512 else "AES-128-XTS"
    return f"{words[3]} with {bits} bits"


def dmsetup_table(name: str) -> str | None:
    """The table of a device; only root may read it."""
    program = shutil.which("dmsetup", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if program is None:
        return None
    try:
        # Without --showkeys the key is zeros.
        done = subprocess.run(
            [program, "table", "--target", "crypt", name],
            capture_output=True,
            check=False,
            text=True,
            timeout=DMSETUP_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout.strip() else None


def _protection(device: str, sys: Path, table: Table) -> Protection | None:
    crypts = crypt_devices(device, sys)
    if not crypts:
        return None
    shown = [_of_crypt(folder, table) for folder in crypts]
    return min(shown, key=lambda each: each.proven)


def _of_crypt(folder: Path, table: Table) -> Protection:
    name, uuid = _text(folder / "dm" / "name"), _text(folder / "dm" / "uuid")
    read = table(name)
    cipher = cipher_of(read) if read is not None else UNKNOWN_CIPHER
    if cipher == AES_256_XTS:
        return Protection(kind="luks", cipher=cipher, proven=True, detail=f"/dev/mapper/{name}, {uuid}.")
    if read is None:
        return Protection(
            kind="luks",
            cipher=cipher,
            detail=f"/dev/mapper/{name} is encrypted ({uuid}), but its cipher could not be read.",
            remedy='Start as root with `dmsetup` installed, or say at_rest = "declared".',
        )
    return Protection(
        kind="luks",
        cipher=cipher,
        detail=f"/dev/mapper/{name} uses {cipher}, not AES-256-XTS.",
        remedy="Encrypt it anew: cryptsetup luksFormat --cipher aes-xts-plain64 --key-size 512.",
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

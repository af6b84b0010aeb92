"""gocryptfs: the mount names its encrypted folder, and the configuration in there names the cipher."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from .mounts import Mount
from .protection import AES_256_GCM, UNKNOWN_CIPHER, Protection

MOUNT_KINDS = ("fuse.gocryptfs", "fuse.gocryptfs-reverse")
CONFIGURATION = "gocryptfs.conf"
FORMAT = 2
GCM_FLAG = "GCMIV128"
OTHER_CIPHERS = {"AESSIV": "AES-256-SIV", "XChaCha20Poly1305": "XChaCha20-Poly1305"}


class _Configuration(msgspec.Struct):
    version: int = msgspec.field(name="Version", default=0)
    flags: list[str] = msgspec.field(name="FeatureFlags", default_factory=list)


def cipher_of(configuration: bytes) -> str:
    """Which cipher a gocryptfs.conf chose; gocryptfs knows AES with 256 bits only."""
    try:
        found = msgspec.json.decode(configuration, type=_Configuration)
    except msgspec.DecodeError:
        return UNKNOWN_CIPHER
    others = [name for flag, name in OTHER_CIPHERS.items() if flag in found.flags]
    if others:
        return others[0]
    return AES_256_GCM if found.version == FORMAT and GCM_FLAG in found.flags else UNKNOWN_CIPHER


def look(mount: Mount, folder: Path) -> Protection | None:
    """What gocryptfs does for this mount, or None when it is not gocryptfs's."""
    if mount.kind not in MOUNT_KINDS:
        return None
    if mount.kind != MOUNT_KINDS[0]:
        return Protection(
            kind="none",
            detail=f"{mount.point} is gocryptfs in reverse: it shows encrypted what lies there plain.",
            remedy="Mount a gocryptfs folder forward.",
        )
    try:
        os.statvfs(folder)
    except OSError as error:
        return Protection(
            kind="gocryptfs",
            detail=f"{mount.point} is mounted, but its gocryptfs does not answer ({error.strerror}).",
            remedy="Start it again with `octonext up`, which clears it away.",
        )
    configuration = Path(mount.source) / CONFIGURATION
    try:
        cipher = cipher_of(configuration.read_bytes())
    except OSError as error:
        return Protection(
            kind="gocryptfs",
            cipher=UNKNOWN_CIPHER,
            detail=f"{configuration} cannot be read: {error.strerror}.",
            remedy="Ask as the user who mounted it, or as root.",
        )
    if cipher != AES_256_GCM:
        return Protection(
            kind="gocryptfs",
            cipher=cipher,
            detail=f"{mount.source} does not use AES-256-GCM.",
            remedy="Make it anew with `gocryptfs -init` of version 2, without -aessiv and -xchacha.",
        )
    return Protection(
        kind="gocryptfs", cipher=cipher, proven=True, detail=f"{mount.point} shows what {mount.source} holds."
    )

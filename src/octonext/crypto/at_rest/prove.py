"""Finds out what really protects a database's folders, and whether that is what was configured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from octonext.base.errors import OctoNextError
from octonext.runtime.settings import AtRest

from . import block, fscrypt, gocryptfs
from .mounts import Mount, mount_of
from .protection import Protection, weakest

LINKED_FOLDERS = ("pg_wal", "pg_tblspc", "log")
"""What may lie outside of PGDATA: links, or folders of links."""


class StorageUnprotected(OctoNextError):
    """A database would be served from storage that is not encrypted as the configuration says."""

    code = "storage_unprotected"


def prove(directory: Path, expected: AtRest) -> Protection:
    """What protects `directory`, links in it included, when `expected` is what should.

    Something proven is told as what it is, also where nothing was expected. An operator's word
    ("declared") and "none" are never proven by themselves. Does not raise.
    """
    found = weakest([_look(folder) for folder in sorted(folders_of(directory))])
    if found.proven and expected in (found.kind, "none", "declared"):
        return found
    if expected == "none":
        return Protection(
            kind="none", detail="The configuration says so by name: whoever gets the disk reads it."
        )
    if expected == "declared":
        return Protection(kind="declared", detail="The operator says so; nothing here can prove it.")
    if found.proven:
        return Protection(
            kind=found.kind,
            cipher=found.cipher,
            detail=f"{found.detail} But the configuration says {expected}.",
            remedy=f'Say at_rest = "{found.kind}" for this database.',
        )
    return Protection(
        kind=found.kind,
        cipher=found.cipher,
        detail=found.detail,
        remedy=found.remedy or _remedy(expected, directory),
    )


def require(name: str, protection: Protection, expected: AtRest) -> None:
    """Refuse plain or unproven storage, unless that was said by name. Raises StorageUnprotected."""
    if protection.proven or expected in ("none", "declared"):
        return
    raise StorageUnprotected(
        f"{name} must be on {expected} (AES-256), and that is not proven: {protection.detail}",
        remedy=protection.remedy,
    )


def folders_of(directory: Path) -> set[Path]:
    """The folder itself and every folder that a link in it leads to: the write-ahead log, tablespaces."""
    found = {directory}
    for name in LINKED_FOLDERS:
        place = directory / name
        found |= {each.resolve() for each in (place, *_entries(place)) if _is_link(each)}
    return found


def _look(folder: Path) -> Protection:
    try:
        mount = mount_of(folder)
        if mount is None:
            return Protection(kind="none", detail=f"{folder} is on no mount that this process sees.")
        # Of stacked protections the uppermost is told: it alone is what was asked for.
        for look in (gocryptfs.look, fscrypt.look, block.look):
            found = look(mount, folder)
            if found is not None:
                return found
    except OSError as error:
        return Protection(kind="none", detail=f"{folder} cannot be examined: {error.strerror}.")
    return Protection(kind="none", detail=_plain(folder, mount))


def _plain(folder: Path, mount: Mount) -> str:
    return f"{folder} lies plain on {mount.source} ({mount.kind}, mounted at {mount.point})."


def _remedy(expected: AtRest, directory: Path) -> str:
    others = {
        "gocryptfs": "Let `octonext up` mount it",
        "fscrypt": f"Encrypt an empty {directory} (`fscrypt encrypt`) before the first start",
        "luks": f"Put {directory} on a LUKS volume (aes-xts-plain64, 512 bit key)",
        "pg_tde": "Turn on tables' and log's encryption on that server",
    }
    return f'{others.get(expected, "Encrypt it")}, or set at_rest = "none" for this database by name.'


def _is_link(path: Path) -> bool:
    # A dead mount gives errors of its own, which is_symlink() does not take for an answer.
    try:
        return path.is_symlink()
    except OSError:
        return False


def _entries(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []

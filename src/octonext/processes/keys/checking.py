"""`octonext keys check`: opens every key and says what would be lost with it."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from octonext.base.errors import OctoNextError
from octonext.crypto.envelope import load_shard_key
from octonext.crypto.errors import InvalidKey
from octonext.crypto.keyring import PURPOSES, Keyring
from octonext.crypto.keyring_master import waiting_file
from octonext.runtime.layout import Layout

from .opening import master_source
from .sync import PURPOSE as SYNC

EXPORT = "octonext keys export-recovery --data {data}"


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key: how many generations, since when, whether a recovery document holds all, what it guards."""

    purpose: str
    name: str
    generations: int
    since: str
    exported: bool
    lost: str


@dataclass(slots=True)
class KeyReport:
    """What was found. `problems` want to be put right; `remarks` want to be known."""

    source: str
    fingerprint: str
    exported_at: str | None
    keys: list[KeyLine] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def check_keys(layout: Layout) -> KeyReport:
    """Open the keyring and everything in it. Raises what `Keyring.open` raises."""
    source = master_source(layout)
    keyring = Keyring.open(layout.keys, source)
    report = KeyReport(source.describe(), keyring.fingerprint, keyring.exported_at)
    report.keys += _lines(keyring)
    report.problems += [*_loose(layout.keys), *_unreadable(keyring), *_without_key(layout, keyring)]
    # A backup's key is copied, wrapped, beside the backup itself: the master key is enough for it.
    kept = [line for line in report.keys if line.purpose != "backup"]
    absent = [f"{line.purpose}/{line.name}" for line in kept if not line.exported]
    if report.keys and report.exported_at is None:
        absent.append(f"the present master key ({report.fingerprint})")
    if absent:
        command = EXPORT.format(data=shlex.quote(str(layout.data_dir)))
        report.problems.append(f"No recovery document holds {', '.join(absent)}. Export one: {command}")
    if source.file is not None:
        if source.file.is_relative_to(layout.data_dir):
            report.remarks.append(
                f"The master key lies in {layout.data_dir}, beside what it opens: whoever has the whole disk "
                "has both. Keep it elsewhere with `octonext keys rotate --to SOURCE` (docs/keys.md)."
            )
        if waiting_file(source.file).exists():
            report.remarks.append(
                f"{waiting_file(source.file)} is left from a rotation that was interrupted before it began; "
                "the next rotation replaces it."
            )
    return report


def _lines(keyring: Keyring) -> Iterator[KeyLine]:
    entries = keyring.entries()
    for purpose, name in sorted({(each.purpose, each.name) for each in entries}):
        found = [each for each in entries if (each.purpose, each.name) == (purpose, name)]
        yield KeyLine(
            purpose,
            name,
            len(found),
            max(each.created_at for each in found),
            all(each.exported for each in found),
            PURPOSES.get(purpose, "whatever it encrypts").format(name=name),
        )


def _loose(folder: Path) -> Iterator[str]:
    for path in (folder, *sorted(folder.iterdir())):
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        if path.suffix != ".pub" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            right = 700 if path.is_dir() else 600
            yield f"{path} is open to others (mode {mode:04o}). Run: chmod {right} {path}"
        if found.st_uid not in (os.geteuid(), 0):
            yield f"{path} belongs to another user (uid {found.st_uid}). Run: chown {os.geteuid()} {path}"


def _unreadable(keyring: Keyring) -> Iterator[str]:
    for purpose, name in sorted({(each.purpose, each.name) for each in keyring.entries()}):
        try:
            secrets = keyring.generations(purpose, name)
            if purpose == SYNC:
                for pem in secrets:
                    load_shard_key(pem)
        except (InvalidKey, OctoNextError) as error:
            yield f"{purpose}/{name}: {error}"


def _without_key(layout: Layout, keyring: Keyring) -> Iterator[str]:
    for configuration in sorted(layout.cipher("hq").parent.glob("*/gocryptfs.conf")):
        name = configuration.parent.name
        if keyring.find("volume", name) is None:
            yield (
                f"{configuration.parent} is encrypted, and the keyring has no key for it. Restore a recovery "
                "document that has: `octonext keys init --recover FILE`."
            )

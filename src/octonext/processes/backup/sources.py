"""Which databases of an installation are backed up, where to, and with which programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octonext.base.errors import OctoNextError
from octonext.crypto.keyring import Keyring, keyring_file
from octonext.processes.keys.opening import open_keyring
from octonext.runtime.layout import Layout
from octonext.runtime.settings import Settings

from .folder import BackupFolder

HQ = "hq"
REPORTING = "reporting"


class NotBackedUpHere(OctoNextError):
    """A database that this command does not back up or restore."""

    code = "not_backed_up_here"


@dataclass(frozen=True)
class Vault:
    """The backup folder of an installation with its keys."""

    layout: Layout
    keyring: Keyring

    @classmethod
    def of(cls, layout: Layout) -> Vault:
        """Raises what opening the keyring raises."""
        return cls(layout, open_keyring(layout))

    def folder(self, database: str) -> BackupFolder:
        return BackupFolder(backup_root(self.layout), database, self.keyring, keyring_file(self.layout.keys))


def backup_root(layout: Layout) -> Path:
    """Where backups go."""
    return layout.settings.backup.folder or layout.data_dir / "backups"


def archives(settings: Settings) -> bool:
    """Whether `octonext up` archives the databases' logs: once somebody says where, or how often.

    Without either the log would be kept beside the database, which costs disk and saves nothing.
    """
    return settings.backup.folder is not None or settings.backup.every_hours is not None


def embedded(settings: Settings) -> list[str]:
    """The databases that are backed up here: head office and shards without a dsn."""
    found = [HQ] if settings.hq.embedded else []
    return found + [shard.id for shard in settings.shards if shard.embedded]


def chosen(settings: Settings, databases: Sequence[str]) -> list[str]:
    """The databases named, or all that are backed up here. Raises NotBackedUpHere."""
    known = embedded(settings)
    for name in databases:
        if name == REPORTING:
            raise NotBackedUpHere(
                "reporting is not backed up: it holds nothing that the shards and head office do not have.",
                remedy="Remove its folder while OctoNext is down; it is filled again: docs/backup.md.",
            )
        if name not in known:
            elsewhere = name == HQ or name in {shard.id for shard in settings.shards}
            reason = "is another server's" if elsewhere else "does not exist"
            raise NotBackedUpHere(
                f"The database {name} {reason}.",
                remedy="Back it up with its server's own means: docs/backup.md."
                if elsewhere
                else f"There are: {', '.join(known) or 'none'}.",
            )
    return list(databases) or known

"""The keys of one installation: one per database volume, shard, backup and seal, under one master key.

DATA/keys/keyring.json holds them wrapped; the master key comes from its own source and is never in it.
Whoever has the one without the other has nothing. Losing either loses every key, unless a recovery
document (`keyring_recovery`) was exported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from octonext.base.errors import OctoNextError
from octonext.runtime.secrets import SecretSource, SecretUnavailable

from .keyring_document import (
    KEY_BYTES,
    KEYS_MAX,
    NAME,
    SECRET_BYTES_MAX,
    Document,
    KeyEntry,
    MasterKey,
    decode,
    encode,
    new_document,
    rewrap,
    unwrap,
    wrap,
)
from .keyring_errors import RECOVER, KeyMissing, KeyringExists, KeyringMissing, KeyringUnsafe, MasterKeyWrong
from .keyring_files import locked, read_private, set_aside, write_private
from .keyring_master import (
    new_master,
    put_in_place,
    read_master,
    read_waiting,
    waiting_file,
    write_master,
)
from .keyring_recovery import Recovered

KEYRING_FILE = "keyring.json"

T = TypeVar("T")

PURPOSES = {
    "volume": "all data of the database {name} on this machine",
    "disk": "all data of the reporting store {name}; it can be filled again from the shards",
    "sync": "entries of tills of {name} that were quarantined unread, and what tills still push with it",
    "sealing": "the right to seal {name} on: earlier seals can still be verified, new ones need a new key",
    "backup": "the backup {name}",
    "archive": "the audit archive {name}",
    "till": "the {name} of tills: no new till, and no cashier who signs in online, can open records again",
}
"""What a key is for, and what is lost with it."""


class Keyring:
    """The keyring in `folder`, opened. Its methods may block for a moment, and are safe across processes."""

    __slots__ = ("_document", "_folder", "_master", "_source")

    def __init__(self, folder: Path, source: SecretSource, master: MasterKey, document: Document) -> None:
        """Use `create` or `open`."""
        self._folder = folder
        self._source = source
        self._master = master
        self._document = document

    @classmethod
    def create(cls, folder: Path, master: SecretSource) -> Keyring:
        """Make an empty keyring; the master key, too, when `master` names a file that is not there yet.

        Raises KeyringExists, KeyringUnsafe, MasterKeyMalformed, SecretUnavailable.
        """
        _make_folder(folder)
        with locked(folder):
            path = folder / KEYRING_FILE
            if path.exists():
                raise KeyringExists(
                    f"{path} is already there.", remedy="Look at it with `octonext keys check`."
                )
            if master.file is not None and not master.file.exists():
                write_master(master.file, new_master())
            key = read_master(master)
            document = new_document(key, _now())
            write_private(path, encode(document, key))
        return cls(folder, master, key, document)

    @classmethod
    def open(cls, folder: Path, master: SecretSource) -> Keyring:
        """Open the keyring, and finish a rotation of the master key that was interrupted.

        Raises KeyringMissing, KeyringDamaged, KeyringUnsafe, MasterKeyWrong, MasterKeyMalformed,
        SecretUnavailable.
        """
        key, document = _open(folder, master)
        return cls(folder, master, key, document)

    @classmethod
    def restore(cls, folder: Path, master: SecretSource, recovered: Recovered) -> Keyring:
        """Put back what a recovery document holds. What it replaces is kept beside, for people to look at.

        A keyring that is there and fits the recovered master key stays: it may hold newer keys. A master
        key that comes from a variable or a command is taken from there, whichever it gives now.
        Raises KeyringExists when nothing is to be recovered, and what `open` raises.
        """
        _make_folder(folder)
        with locked(folder):
            path = folder / KEYRING_FILE
            if path.exists():
                _require_broken(folder, master)
            key = recovered.master
            if not _opens(folder, key):
                if master.file is None:
                    key = read_master(master)
                set_aside(path)
                document = rewrap(recovered.document, recovered.master, key)
                held = tuple(replace(each, exported=True) for each in document.keys)
                known = _now() if key.fingerprint == recovered.master.fingerprint else None
                write_private(path, encode(replace(document, exported_at=known, keys=held), key))
            if master.file is not None:
                set_aside(master.file)
                write_master(master.file, key)
        return cls.open(folder, master)

    @property
    def fingerprint(self) -> str:
        """Of the master key; says nothing about it."""
        return self._document.master

    @property
    def exported_at(self) -> str | None:
        """When a recovery document with the present master key was last exported (ISO 8601, UTC)."""
        return self._read().exported_at

    def entries(self) -> list[KeyEntry]:
        """Every generation of every key, without the keys."""
        return list(self._read().keys)

    def names(self, purpose: str) -> list[str]:
        """Which keys of a purpose there are, in order."""
        _require_purpose(purpose)
        return sorted({each.name for each in self._read().keys if each.purpose == purpose})

    def key(self, purpose: str, name: str) -> bytes:
        """The 32 bytes for `name`, made at first use and durable before they are returned.

        Where something encrypted is there already, ask `find` or `require`: a new key opens nothing.
        """
        return self.find(purpose, name) or self._change(lambda document: self._made(document, purpose, name))

    def find(self, purpose: str, name: str) -> bytes | None:
        """The newest generation of a key, or None."""
        found = self.generations(purpose, name)
        return found[0] if found else None

    def require(self, purpose: str, name: str) -> bytes:
        """The newest generation of a key that must be there. Raises KeyMissing."""
        found = self.find(purpose, name)
        if found is None:
            raise KeyMissing(
                f"The keyring holds no key {purpose}/{name}: without it, lost is "
                f"{PURPOSES[purpose].format(name=name)}.",
                remedy=RECOVER,
            )
        return found

    def generations(self, purpose: str, name: str) -> list[bytes]:
        """Every generation of a key, the newest first."""
        _require_purpose(purpose)
        document = self._read()
        return [unwrap(document, self._master, each) for each in document.generations(purpose, name)]

    def put(self, purpose: str, name: str, secret: bytes) -> int:
        """Add `secret` as the newest generation of a key; its number. Older ones stay readable."""
        if not 1 <= len(secret) <= SECRET_BYTES_MAX:
            raise ValueError(f"a secret has 1 to {SECRET_BYTES_MAX} bytes")

        def add(document: Document) -> tuple[Document, int]:
            grown = self._with(document, purpose, name, secret)
            return grown, grown.keys[-1].generation

        return self._change(add)

    def remove(self, purpose: str, name: str) -> None:
        """Forget every generation of a key: what it encrypts is unreadable from now on, for everyone."""
        _require_purpose(purpose)

        def drop(document: Document) -> tuple[Document, None]:
            kept = tuple(each for each in document.keys if (each.purpose, each.name) != (purpose, name))
            return replace(document, keys=kept), None

        self._change(drop)

    def mark_exported(self, entries: Sequence[KeyEntry]) -> None:
        """Note that a recovery document holds these keys."""
        held = {each.binding for each in entries}

        def mark(document: Document) -> tuple[Document, None]:
            keys = (replace(each, exported=each.exported or each.binding in held) for each in document.keys)
            return replace(document, exported_at=_now(), keys=tuple(keys)), None

        self._change(mark)

    def rotate_master(self, new: SecretSource | None = None) -> None:
        """Wrap every key under the master key of `new`; nothing that they encrypt is touched.

        Without `new`, the master key's own file gets a new key; `new` may name a file that is not there
        yet, which is made. Killed at any point, the keyring opens with the old source or the new one.
        Raises what `open` raises, and MasterKeyWrong when `new` gives the present key.
        """
        target = new or self._source
        with locked(self._folder):
            document = self._read_locked()
            made = self._make_master(target, in_place=new is None or new == self._source)
            if made.fingerprint == self._master.fingerprint:
                raise MasterKeyWrong(
                    f"{target.describe()} gives the present master key.", remedy="Give a new one."
                )
            # From here on the new key is the one; its file waits, and `open` would find it.
            rewrapped = rewrap(document, self._master, made)
            write_private(self._folder / KEYRING_FILE, encode(rewrapped, made))
            if target.file is not None and waiting_file(target.file).exists():
                put_in_place(target.file)
        self._source, self._master, self._document = target, made, rewrapped

    def contents(self) -> tuple[MasterKey, bytes]:
        """The master key and the stored keyring: for a recovery document, nothing else."""
        return self._master, encode(self._read(), self._master)

    def __repr__(self) -> str:
        return f"Keyring({str(self._folder)!r}, {len(self._document.keys)} keys)"

    def __reduce__(self) -> Any:
        raise TypeError("a keyring is not serialised")

    def _make_master(self, target: SecretSource, *, in_place: bool) -> MasterKey:
        if target.file is None:
            if in_place:
                raise KeyringUnsafe(
                    f"OctoNext cannot put a new master key into the {target.describe()}.",
                    remedy="Make a new one there and name it: `octonext keys rotate --to SOURCE`.",
                )
            return read_master(target)
        if in_place:
            made = new_master()
            write_master(waiting_file(target.file), made)
            return made
        if not target.file.exists():
            write_master(target.file, new_master())
        return read_master(target)

    def _read(self) -> Document:
        """What is on disk now: another process may have added a key, or rotated the master key."""
        try:
            self._document = _decoded(self._folder, self._master)
        except MasterKeyWrong:
            self._master, self._document = _open(self._folder, self._source)
        return self._document

    def _read_locked(self) -> Document:
        try:
            self._document = _decoded(self._folder, self._master)
        except MasterKeyWrong:
            self._master, self._document = _open_locked(self._folder, self._source)
        return self._document

    def _change(self, change: Callable[[Document], tuple[Document, T]]) -> T:
        with locked(self._folder):
            document, outcome = change(self._read_locked())
            if document is not self._document:
                write_private(self._folder / KEYRING_FILE, encode(document, self._master))
                self._document = document
        return outcome

    def _made(self, document: Document, purpose: str, name: str) -> tuple[Document, bytes]:
        found = document.generations(purpose, name)
        if found:  # another process was quicker
            return document, unwrap(document, self._master, found[0])
        secret = os.urandom(KEY_BYTES)
        return self._with(document, purpose, name, secret), secret

    def _with(self, document: Document, purpose: str, name: str, secret: bytes) -> Document:
        _require_purpose(purpose)
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a key")
        if len(document.keys) >= KEYS_MAX:
            raise KeyringUnsafe(
                f"The keyring holds {KEYS_MAX} keys, and can hold no more.",
                remedy="Remove backups that are not needed: their keys go with them.",
            )
        known = document.generations(purpose, name)
        generation = known[0].generation + 1 if known else 1
        entry = wrap(document, self._master, KeyEntry(purpose, name, generation, _now()), secret)
        return replace(document, keys=(*document.keys, entry))


def keyring_file(folder: Path) -> Path:
    """Where the wrapped keys are."""
    return folder / KEYRING_FILE


def _decoded(folder: Path, master: MasterKey) -> Document:
    path = folder / KEYRING_FILE
    stored = read_private(path)
    if stored is None:
        raise KeyringMissing(
            f"There is no keyring in {folder}.",
            remedy=f"If there never was one, make it: `octonext keys init`. Otherwise: {RECOVER}",
        )
    return decode(stored, master, source=str(path))


def _open(folder: Path, source: SecretSource) -> tuple[MasterKey, Document]:
    """The master key that fits, and the keyring."""
    try:
        key = read_master(source)
        return key, _decoded(folder, key)
    except (MasterKeyWrong, SecretUnavailable):
        # A rotation may be under way, or have been killed: look again when nobody writes.
        if not (folder / KEYRING_FILE).exists():
            raise
        with locked(folder):
            return _open_locked(folder, source)


def _open_locked(folder: Path, source: SecretSource) -> tuple[MasterKey, Document]:
    try:
        key = read_master(source)
        return key, _decoded(folder, key)
    except (MasterKeyWrong, SecretUnavailable):
        waiting = read_waiting(source.file) if source.file is not None else None
        if source.file is None or waiting is None:
            raise
        with suppress(MasterKeyWrong):
            document = _decoded(folder, waiting)
            put_in_place(source.file)
            return waiting, document
        raise  # what waits is no better: it is from a rotation that never got to the keyring


def _require_broken(folder: Path, source: SecretSource) -> None:
    try:
        _open_locked(folder, source)
    except OctoNextError:
        return
    raise KeyringExists(
        f"The keyring in {folder} opens: there is nothing to recover.",
        remedy="Look at it with `octonext keys check`.",
    )


def _opens(folder: Path, key: MasterKey) -> bool:
    try:
        _decoded(folder, key)
    except OctoNextError:
        return False
    return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeyringUnsafe(
            f"{folder} cannot be made: {error.strerror}.", remedy="Start OctoNext as the user who owns it."
        ) from None


def _require_purpose(purpose: str) -> None:
    if purpose not in PURPOSES:
        raise ValueError(f"no key is for {purpose!r}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

"""The sealing keys' files: made once, never replaced, and refused when they are not what they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from octonext.audit.sealing.domain.head import SealingKey
from octonext.crypto.keyring import Keyring
from octonext.processes.sealer.keys import (
    NoSealingKey,
    OtherSealingKey,
    public_key_file,
    public_keys,
    read_public_key,
    sealing_key,
)
from octonext.runtime.layout import Layout
from octonext.runtime.secrets import SecretSource


def keyring_in(folder: Path) -> tuple[Layout, Keyring]:
    layout = Layout(folder)
    layout.keys.mkdir(mode=0o700)
    return layout, Keyring.create(layout.keys, SecretSource(file=layout.keys / "master.key"))


def test_the_public_half_is_written_once_and_read_again(tmp_path: Path) -> None:
    layout, keyring = keyring_in(tmp_path)
    key = sealing_key(layout, keyring, "kw-1")
    assert sealing_key(layout, keyring, "kw-1") == key
    assert public_keys(layout, "kw-1") == {key.id: key.public}
    assert sealing_key(layout, keyring, "hq") != key, "each database has its own"
    assert b"PUBLIC KEY" in public_key_file(layout, "kw-1").read_bytes()


def test_a_new_key_under_an_old_name_is_refused(tmp_path: Path) -> None:
    layout, keyring = keyring_in(tmp_path)
    sealing_key(layout, keyring, "kw-1")
    keyring.remove("sealing", "kw-1")
    with pytest.raises(OtherSealingKey, match="kw-1"):
        sealing_key(layout, keyring, "kw-1")


def test_an_auditor_brings_his_own_file(tmp_path: Path) -> None:
    (tmp_path / "auditor").mkdir()
    layout, keyring = keyring_in(tmp_path)
    key = sealing_key(layout, keyring, "kw-1")
    public_key_file(layout, "kw-1").rename(tmp_path / "auditor" / "sealing-kw-1.pub")
    assert public_keys(layout, "kw-1", tmp_path / "auditor") == {key.id: key.public}
    with pytest.raises(NoSealingKey):
        public_keys(layout, "kw-1")


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_a_file_that_is_no_key_is_refused_with_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "sealing-kw-1.pub"
    file.write_bytes(content)
    with pytest.raises(NoSealingKey, match="no public sealing key"):
        read_public_key(file)


def test_a_key_is_not_shown() -> None:
    assert "seed" not in repr(SealingKey(b"s" * 32))
    assert "ssss" not in repr(SealingKey(b"s" * 32))

"""The keyring: keys are made once, stay readable, and open under one master key only."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import stat
import sys
from pathlib import Path

import pytest

from octonext.crypto.keyring import Keyring, keyring_file
from octonext.crypto.keyring_errors import KeyMissing, KeyringExists, KeyringUnsafe, MasterKeyWrong
from octonext.runtime.secrets import SecretSource


def test_a_key_is_made_at_first_use_and_is_the_same_ever_after(
    keyring: Keyring, folder: Path, master: SecretSource
) -> None:
    assert keyring.find("volume", "hq") is None
    made = keyring.key("volume", "hq")
    assert len(made) == 32
    assert keyring.key("volume", "hq") == made
    assert Keyring.open(folder, master).find("volume", "hq") == made
    assert keyring.key("volume", "kw-1") != made
    assert keyring.key("sealing", "hq") != made
    assert keyring.names("volume") == ["hq", "kw-1"]


def test_older_generations_stay_readable_and_the_newest_comes_first(keyring: Keyring) -> None:
    assert keyring.put("sync", "kw-1", b"first") == 1
    assert keyring.put("sync", "kw-1", b"second") == 2
    assert keyring.generations("sync", "kw-1") == [b"second", b"first"]
    assert keyring.find("sync", "kw-1") == b"second"
    assert keyring.names("sync") == ["kw-1"]


def test_a_removed_key_is_gone_in_every_generation(keyring: Keyring) -> None:
    keyring.put("backup", "one", b"1")
    keyring.put("backup", "one", b"2")
    keyring.remove("backup", "one")
    assert keyring.find("backup", "one") is None
    with pytest.raises(KeyMissing, match="backup/one") as missing:
        keyring.require("backup", "one")
    assert "the backup one" in missing.value.message


def test_what_another_process_added_is_seen(keyring: Keyring, folder: Path, master: SecretSource) -> None:
    other = Keyring.open(folder, master)
    made = other.key("volume", "sa-1")
    assert keyring.key("volume", "sa-1") == made


def _make_a_key(folder: str, master: str, name: str) -> str:
    return Keyring.open(Path(folder), SecretSource(file=Path(master))).key("volume", name).hex()


def test_processes_that_ask_at_once_get_the_same_key_and_lose_none(keyring: Keyring, folder: Path) -> None:
    asked = [(str(folder), str(folder / "master.key"), f"db-{n % 3}") for n in range(12)]
    with multiprocessing.get_context("fork").Pool(6) as pool:
        given = pool.starmap(_make_a_key, asked)
    assert len(set(given)) == 3
    assert keyring.names("volume") == ["db-0", "db-1", "db-2"]
    assert {keyring.key("volume", name).hex() for _, _, name in asked} == set(given)


def test_files_of_keys_are_their_owners_alone_whatever_the_umask(folder: Path, master: SecretSource) -> None:
    before = os.umask(0)
    try:
        Keyring.create(folder, master).key("volume", "hq")
    finally:
        os.umask(before)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "keyring.json": 0o600,
        "keyring.lock": 0o600,
        "master.key": 0o600,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_key_stands_readable_in_a_file_or_is_shown(keyring: Keyring, folder: Path) -> None:
    secrets = [keyring.key("volume", "hq"), keyring.key("disk", "reporting")]
    master_hex = (folder / "master.key").read_text().strip()
    stored = keyring_file(folder).read_text()
    shown = repr(keyring) + repr(keyring.entries()) + repr(keyring.contents()[0]) + str(keyring)
    for secret in [*secrets, bytes.fromhex(master_hex)]:
        assert secret.hex() not in stored + shown
        assert repr(secret) not in shown
    with pytest.raises(TypeError):
        pickle.dumps(keyring)
    with pytest.raises(TypeError):
        pickle.dumps(keyring.contents()[0])


def test_a_second_keyring_is_not_made_over_the_first(keyring: Keyring, folder: Path) -> None:
    before = keyring_file(folder).read_bytes()
    with pytest.raises(KeyringExists):
        Keyring.create(folder, SecretSource(file=folder / "other.key"))
    assert keyring_file(folder).read_bytes() == before


def test_a_master_key_comes_from_a_variable_or_a_command_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTONEXT_TEST_MASTER", "ab" * 32)
    made = Keyring.create(folder, SecretSource(env="OCTONEXT_TEST_MASTER")).key("volume", "hq")
    command = SecretSource(command=(sys.executable, "-c", "print('AB' * 32)"))
    assert Keyring.open(folder, command).find("volume", "hq") == made
    assert not (folder / "master.key").exists()


class TestRotatingTheMasterKey:
    def test_keys_stay_and_the_old_master_key_opens_nothing(
        self, keyring: Keyring, folder: Path, master: SecretSource, tmp_path: Path
    ) -> None:
        made, first = keyring.key("volume", "hq"), keyring.fingerprint
        old = tmp_path / "old.key"
        old.write_bytes((folder / "master.key").read_bytes())
        old.chmod(0o600)
        keyring.rotate_master()
        assert keyring.fingerprint != first
        assert keyring.find("volume", "hq") == made
        assert Keyring.open(folder, master).find("volume", "hq") == made
        with pytest.raises(MasterKeyWrong):
            Keyring.open(folder, SecretSource(file=old))

    def test_it_moves_to_another_source(
        self, keyring: Keyring, folder: Path, master: SecretSource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = keyring.key("volume", "hq")
        monkeypatch.setenv("OCTONEXT_TEST_MASTER", "cd" * 32)
        keyring.rotate_master(SecretSource(env="OCTONEXT_TEST_MASTER"))
        assert Keyring.open(folder, SecretSource(env="OCTONEXT_TEST_MASTER")).find("volume", "hq") == made
        with pytest.raises(MasterKeyWrong):
            Keyring.open(folder, master)

    def test_it_moves_to_a_file_that_is_made(self, keyring: Keyring, folder: Path, tmp_path: Path) -> None:
        made, target = keyring.key("volume", "hq"), SecretSource(file=tmp_path / "elsewhere.key")
        keyring.rotate_master(target)
        assert Keyring.open(folder, target).find("volume", "hq") == made

    def test_the_present_key_is_no_new_one(self, keyring: Keyring, folder: Path, tmp_path: Path) -> None:
        copy = tmp_path / "copy.key"
        copy.write_bytes((folder / "master.key").read_bytes())
        copy.chmod(0o600)
        with pytest.raises(MasterKeyWrong, match="present"):
            keyring.rotate_master(SecretSource(file=copy))

    def test_a_variable_cannot_be_given_a_new_key(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OCTONEXT_TEST_MASTER", "cd" * 32)
        keyring = Keyring.create(folder, SecretSource(env="OCTONEXT_TEST_MASTER"))
        with pytest.raises(KeyringUnsafe) as refused:
            keyring.rotate_master()
        assert "--to" in refused.value.remedy

    def test_a_process_that_has_it_open_goes_on(
        self, keyring: Keyring, folder: Path, master: SecretSource
    ) -> None:
        made = keyring.key("volume", "hq")
        Keyring.open(folder, master).rotate_master()
        assert keyring.find("volume", "hq") == made
        added = keyring.key("volume", "kw-1")
        assert Keyring.open(folder, master).find("volume", "kw-1") == added

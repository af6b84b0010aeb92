"""The keyring: keys are made once, survive everything a crash can do, and open under one master key only."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from octonext.base.errors import OctoNextError
from octonext.crypto import keyring_document
from octonext.crypto.keyring import Keyring, keyring_file
from octonext.crypto.keyring_errors import (
    KeyMissing,
    KeyringDamaged,
    KeyringExists,
    KeyringMissing,
    KeyringUnsafe,
    MasterKeyMalformed,
    MasterKeyWrong,
)
from octonext.crypto.keyring_master import waiting_file
from octonext.runtime.secrets import SecretSource, SecretUnavailable


@pytest.fixture
def master(tmp_path: Path) -> SecretSource:
    return SecretSource(file=tmp_path / "keys" / "master.key")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def keyring(folder: Path, master: SecretSource) -> Keyring:
    return Keyring.create(folder, master)


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


@pytest.mark.usefixtures("keyring")
class TestAMasterKeyThatDoesNotFit:
    def test_a_missing_one(self, folder: Path, master: SecretSource) -> None:
        (folder / "master.key").unlink()
        with pytest.raises(SecretUnavailable, match=r"master\.key cannot be read") as lost:
            Keyring.open(folder, master)
        assert "everything that is encrypted here is lost" in lost.value.remedy
        assert "--recover" in lost.value.remedy

    def test_the_wrong_one(self, keyring: Keyring, folder: Path, master: SecretSource) -> None:
        (folder / "master.key").write_text("00" * 32)
        with pytest.raises(MasterKeyWrong, match=keyring.fingerprint) as wrong:
            Keyring.open(folder, master)
        assert "--recover" in wrong.value.remedy

    @pytest.mark.parametrize("kept", [1, 32, 63])
    def test_a_truncated_one(self, folder: Path, master: SecretSource, kept: int) -> None:
        whole = (folder / "master.key").read_text()
        (folder / "master.key").write_text(whole[:kept])
        with pytest.raises(MasterKeyMalformed, match=f"cut short: {kept} characters") as refused:
            Keyring.open(folder, master)
        assert whole[: max(kept, 8)] not in str(refused.value)

    @pytest.mark.parametrize("text", ["not a key at all, but long enough for one: " + "x" * 40, "zz" * 32])
    def test_one_that_is_none(self, folder: Path, master: SecretSource, text: str) -> None:
        (folder / "master.key").write_text(text)
        with pytest.raises(MasterKeyMalformed) as refused:
            Keyring.open(folder, master)
        assert text not in str(refused.value)

    def test_an_empty_one(self, folder: Path, master: SecretSource) -> None:
        (folder / "master.key").write_text("\n")
        with pytest.raises(SecretUnavailable, match="empty"):
            Keyring.open(folder, master)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
    def test_one_that_others_can_read(self, folder: Path, master: SecretSource, mode: int) -> None:
        (folder / "master.key").chmod(mode)
        with pytest.raises(SecretUnavailable, match=f"{mode:04o}") as refused:
            Keyring.open(folder, master)
        assert "chmod" in refused.value.remedy


@pytest.mark.usefixtures("keyring")
class TestAKeyringThatIsNotWhole:
    def test_a_missing_one(self, folder: Path, master: SecretSource) -> None:
        keyring_file(folder).unlink()
        with pytest.raises(KeyringMissing) as missing:
            Keyring.open(folder, master)
        assert "--recover" in missing.value.remedy

    @pytest.mark.parametrize("damage", ["truncated", "empty", "a flipped bit", "not JSON", "another format"])
    def test_a_damaged_one(self, keyring: Keyring, folder: Path, master: SecretSource, damage: str) -> None:
        keyring.key("volume", "hq")
        path = keyring_file(folder)
        whole = path.read_bytes()
        spot = whole.index(b'"wrapped": "') + 30
        path.write_bytes(
            {
                "truncated": whole[: len(whole) // 2],
                "empty": b"",
                "a flipped bit": whole[:spot]
                + (b"B" if whole[spot : spot + 1] == b"A" else b"A")
                + whole[spot + 1 :],
                "not JSON": b"\x00\xff" * 40,
                "another format": whole.replace(b"octonext keyring", b"something else"),
            }[damage]
        )
        with pytest.raises(KeyringDamaged):
            Keyring.open(folder, master)

    @pytest.mark.parametrize(
        "change", ["a key taken out", "a key swapped", "an older generation made newest"]
    )
    def test_one_that_was_put_together_otherwise(
        self, keyring: Keyring, folder: Path, master: SecretSource, change: str
    ) -> None:
        for name in ("hq", "kw-1"):
            keyring.put("volume", name, os.urandom(32))
        stored = json.loads(keyring_file(folder).read_text())
        if change == "a key taken out":
            stored["keys"].pop()
        elif change == "a key swapped":
            one, other = stored["keys"]
            one["wrapped"], other["wrapped"] = other["wrapped"], one["wrapped"]
        else:
            stored["keys"][0]["generation"] = 7
        keyring_file(folder).write_text(json.dumps(stored))
        with pytest.raises(KeyringDamaged, match="altered"):
            Keyring.open(folder, master)

    def test_one_wrapped_key_in_the_place_of_another_does_not_open_even_when_sealed_anew(
        self, keyring: Keyring
    ) -> None:
        keyring.key("volume", "hq")
        key, stored = keyring.contents()
        document = keyring_document.decode(stored, key, source="it")
        (entry,) = document.keys
        moved = replace(entry, name="kw-1")
        with pytest.raises(KeyringDamaged):
            keyring_document.unwrap(document, key, moved)

    def test_one_of_another_master_key(self, folder: Path, tmp_path: Path) -> None:
        other = SecretSource(file=tmp_path / "other" / "master.key")
        Keyring.create(tmp_path / "other", other)
        with pytest.raises(MasterKeyWrong):
            Keyring.open(folder, other)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
    def test_one_that_others_can_open(self, folder: Path, master: SecretSource, mode: int) -> None:
        keyring_file(folder).chmod(mode)
        with pytest.raises(KeyringUnsafe, match=f"{mode:04o}") as refused:
            Keyring.open(folder, master)
        assert "chmod 600" in refused.value.remedy

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
    def test_one_of_somebody_else(self, folder: Path, master: SecretSource) -> None:
        os.chown(keyring_file(folder), 12_345, -1)
        with pytest.raises(KeyringUnsafe, match="another user"):
            Keyring.open(folder, master)


def test_what_a_killed_writer_left_behind_is_nobodys_keyring(
    keyring: Keyring, folder: Path, master: SecretSource
) -> None:
    made = keyring.key("volume", "hq")
    (folder / "keyring.json.new").write_bytes(keyring_file(folder).read_bytes()[:100])
    opened = Keyring.open(folder, master)
    assert opened.find("volume", "hq") == made
    opened.key("volume", "kw-1")
    assert not (folder / "keyring.json.new").exists()


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


def killed_at(folder: Path, action: str, step: int) -> bool:
    """Run `action` in a process that ends itself with SIGKILL at that step, before or after it is done.

    A step is whatever opens, flushes, renames or removes a file. False: it came to its end before.
    """
    child = os.fork()
    if child == 0:
        try:
            _run_until(folder, action, step)
        finally:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def _run_until(folder: Path, action: str, step: int) -> None:
    left = step

    def ending(done: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            outcome = done(*arguments, **named)
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return outcome

        return counted

    source = SecretSource(file=folder / "master.key")
    keyring = Keyring.open(folder, source) if action != "create" else None
    for module, name in ((os, "fsync"), (os, "open"), (Path, "replace"), (Path, "unlink")):
        setattr(module, name, ending(getattr(module, name)))
    if keyring is None:
        Keyring.create(folder, source)
    elif action == "rotate":
        keyring.rotate_master()
    else:
        keyring.key("volume", "new")
    os._exit(0)


@pytest.mark.parametrize("action", ["rotate", "add"])
def test_a_keyring_opens_after_a_kill_at_any_step(tmp_path: Path, action: str) -> None:
    folder = tmp_path / "keys"
    source = SecretSource(file=folder / "master.key")
    keyring = Keyring.create(folder, source)
    made = keyring.key("volume", "hq")
    steps, masters = 1, {keyring.fingerprint}
    while killed_at(folder, action, steps):
        opened = Keyring.open(folder, source)
        assert opened.find("volume", "hq") == made
        assert not waiting_file(folder / "master.key").exists() or opened.fingerprint in masters
        masters.add(opened.fingerprint)
        opened.remove("volume", "new")
        steps += 1
    assert steps > 10  # there were steps to be killed at
    assert Keyring.open(folder, source).find("volume", "hq") == made
    assert (len(masters) > 1) == (action == "rotate")


def test_a_first_start_that_was_killed_at_any_step_is_made_good(tmp_path: Path) -> None:
    steps = 1
    while killed_at(tmp_path / f"keys-{steps}", "create", steps):
        folder = tmp_path / f"keys-{steps}"
        source = SecretSource(file=folder / "master.key")
        if not keyring_file(folder).exists():
            Keyring.create(folder, source)
        assert Keyring.open(folder, source).entries() == []
        steps += 1
    assert steps > 10


def test_a_full_disk_leaves_the_keyring_as_it_was(
    keyring: Keyring, folder: Path, master: SecretSource
) -> None:
    made = keyring.key("volume", "hq")
    script = (
        "import pathlib, resource, sys\n"
        "from octonext.crypto.keyring import Keyring\n"
        "from octonext.crypto.keyring_errors import KeyringUnsafe\n"
        "from octonext.runtime.secrets import SecretSource\n"
        "import signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "keyring = Keyring.open(folder, SecretSource(file=folder / 'master.key'))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n"
        "try:\n    keyring.key('volume', 'kw-1')\n"
        "except KeyringUnsafe as error:\n    print(error.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True
    )
    assert "cannot be used" in done.stdout
    assert Keyring.open(folder, master).names("volume") == ["hq"]
    assert Keyring.open(folder, master).find("volume", "hq") == made


def test_every_fault_is_one_that_a_person_can_put_right() -> None:
    for fault in (KeyMissing, KeyringDamaged, KeyringExists, KeyringMissing, KeyringUnsafe, MasterKeyWrong):
        assert issubclass(fault, OctoNextError)

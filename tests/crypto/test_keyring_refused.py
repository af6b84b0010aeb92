"""A master key that does not fit and a keyring that is not whole: refused, with a remedy, and never shown."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

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
from octonext.runtime.secrets import SecretSource, SecretUnavailable


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


def test_every_fault_is_one_that_a_person_can_put_right() -> None:
    for fault in (KeyMissing, KeyringDamaged, KeyringExists, KeyringMissing, KeyringUnsafe, MasterKeyWrong):
        assert issubclass(fault, OctoNextError)

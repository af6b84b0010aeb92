"""A recovery document brings every key back with its passphrase, and nothing without."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from octonext.crypto.envelope import Argon2Cost
from octonext.crypto.keyring import Keyring, keyring_file
from octonext.crypto.keyring_errors import KeyringExists, MasterKeyWrong, RecoveryRefused
from octonext.crypto.keyring_recovery import Recovered, read_recovery, write_recovery
from octonext.runtime.secrets import SecretSource

CHEAP = Argon2Cost(time=1, memory_kib=32, lanes=1)
PASSPHRASE = "three old copper lamps"


@pytest.fixture
def keyring(keyring: Keyring) -> Keyring:
    """One with keys in it, one of them in two generations."""
    keyring.key("volume", "hq")
    keyring.put("sync", "kw-1", b"first")
    keyring.put("sync", "kw-1", b"second")
    return keyring


def exported(keyring: Keyring) -> str:
    return write_recovery(*keyring.contents(), PASSPHRASE, title="test", cost=CHEAP)


def recovered(text: str) -> Recovered:
    return read_recovery(text, PASSPHRASE)


def test_it_restores_every_key_where_all_was_lost(keyring: Keyring, tmp_path: Path) -> None:
    text, made = exported(keyring), keyring.key("volume", "hq")
    elsewhere = tmp_path / "elsewhere"
    source = SecretSource(file=elsewhere / "master.key")
    restored = Keyring.restore(elsewhere, source, recovered(text))
    assert restored.find("volume", "hq") == made
    assert restored.generations("sync", "kw-1") == [b"second", b"first"]
    assert all(each.exported for each in restored.entries())
    assert {path.stat().st_mode & 0o777 for path in elsewhere.iterdir()} == {0o600}


def test_the_document_shows_no_key(keyring: Keyring, folder: Path) -> None:
    text = exported(keyring)
    body = base64.b64decode("".join(text.split("-----")[2].split()))
    for secret in (
        (folder / "master.key").read_text().strip(),
        keyring.key("volume", "hq").hex(),
        PASSPHRASE,
    ):
        assert secret not in text
        assert secret.encode() not in body
        assert bytes(secret, "utf-8").hex() not in text


def test_a_printed_and_typed_document_may_have_other_white_space(keyring: Keyring) -> None:
    text = exported(keyring).replace("\n", "\r\n   ")
    assert recovered(text).document.master == keyring.fingerprint


def test_a_wrong_passphrase_opens_nothing(keyring: Keyring) -> None:
    text = exported(keyring)
    with pytest.raises(RecoveryRefused, match="does not open"):
        read_recovery(text, PASSPHRASE + "s")


def test_a_short_passphrase_is_refused(keyring: Keyring) -> None:
    with pytest.raises(RecoveryRefused, match="less than 12"):
        write_recovery(*keyring.contents(), "elevenchars", title="test", cost=CHEAP)


@pytest.mark.parametrize("damage", ["cut", "a line lost", "a character changed", "empty", "dear"])
def test_a_damaged_document_is_refused_whatever_the_damage(keyring: Keyring, damage: str) -> None:
    text = exported(keyring)
    lines = text.splitlines()
    middle = len(lines) - 6
    packed = "".join(text.split("-----")[2].split())
    body = base64.b64decode(packed).replace(b'"time": 1', b'"time": 999999')
    changed = {
        "cut": text[: len(text) // 2],
        "a line lost": "\n".join(lines[:middle] + lines[middle + 1 :]),
        "a character changed": text.replace(lines[middle], lines[middle].swapcase()),
        "empty": "",
        "dear": text.replace("\n".join(lines[-len(packed) // 64 - 3 : -1]), "").split("-----BEGIN")[0]
        + f"-----BEGIN OCTONEXT RECOVERY-----\n{base64.b64encode(body).decode()}\n"
        "-----END OCTONEXT RECOVERY-----",
    }[damage]
    with pytest.raises(RecoveryRefused):
        recovered(changed)


def test_a_keyring_that_opens_is_not_replaced(keyring: Keyring, folder: Path, master: SecretSource) -> None:
    before = keyring_file(folder).read_bytes()
    with pytest.raises(KeyringExists, match="nothing to recover"):
        Keyring.restore(folder, master, recovered(exported(keyring)))
    assert keyring_file(folder).read_bytes() == before


def test_a_keyring_with_newer_keys_is_kept_when_only_the_master_key_was_lost(
    keyring: Keyring, folder: Path, master: SecretSource
) -> None:
    text = exported(keyring)
    newer = keyring.key("backup", "made-later")
    (folder / "master.key").write_text("00" * 32)
    restored = Keyring.restore(folder, master, recovered(text))
    assert restored.find("backup", "made-later") == newer
    assert (folder / "master.key.replaced-1").read_text() == "00" * 32
    assert [each.exported for each in restored.entries()] == [False] * 4


def test_a_damaged_keyring_is_kept_aside(keyring: Keyring, folder: Path, master: SecretSource) -> None:
    text, made = exported(keyring), keyring.key("volume", "hq")
    keyring_file(folder).write_bytes(b"{}")
    assert Keyring.restore(folder, master, recovered(text)).find("volume", "hq") == made
    assert (folder / "keyring.json.replaced-1").read_bytes() == b"{}"


def test_a_document_from_before_a_rotation_still_restores_what_it_holds(
    keyring: Keyring, folder: Path, master: SecretSource, tmp_path: Path
) -> None:
    text, made = exported(keyring), keyring.key("volume", "hq")
    keyring.rotate_master()
    source = SecretSource(file=tmp_path / "new" / "master.key")
    assert Keyring.restore(tmp_path / "new", source, recovered(text)).find("volume", "hq") == made


def test_keys_are_restored_under_the_master_key_that_a_variable_gives_now(
    keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, made = exported(keyring), keyring.key("volume", "hq")
    monkeypatch.setenv("OCTONEXT_TEST_MASTER", "ef" * 32)
    source = SecretSource(env="OCTONEXT_TEST_MASTER")
    assert Keyring.restore(tmp_path / "new", source, recovered(text)).find("volume", "hq") == made
    monkeypatch.setenv("OCTONEXT_TEST_MASTER", "aa" * 32)
    with pytest.raises(MasterKeyWrong):
        Keyring.open(tmp_path / "new", source)

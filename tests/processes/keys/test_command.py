"""`octonext keys` as an operator types it: made, checked, exported, lost, recovered, rotated."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from octonext.crypto.envelope import generate_shard_key, shard_key_to_pem
from octonext.crypto.keyring import Keyring, keyring_file
from octonext.processes.init import write_configuration
from octonext.processes.keys import open_keyring
from octonext.processes.keys.checking import check_keys
from octonext.processes.keys.rotation import RotationRefused, rotate_master
from octonext.processes.keys.sources import SourceInvalid, as_setting, parse_source
from octonext.processes.supervisor.lock import hold
from octonext.runtime.layout import Layout
from octonext.runtime.secrets import SecretSource

PASSPHRASE = "three old copper lamps"
Keys = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    write_configuration(tmp_path / "data", name="test", shards=["kw-1:KW:KW"])
    return Layout(tmp_path / "data")


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def keys(layout: Layout) -> Keys:
    def run(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "octonext.processes.cli", "keys", *words, "--data", str(layout.data_dir)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "200", **(environment or {})},
        )

    return run


def configure(layout: Layout, text: str) -> Layout:
    """The same installation with another table `[keys]` or shard."""
    configuration = layout.config.read_text()
    layout.config.write_text(
        text.replace("{rest}", configuration) if "{rest}" in text else configuration + text
    )
    return Layout(layout.data_dir)


def master_file(layout: Layout) -> Path:
    return layout.keys / "master.key"


def test_a_whole_recovery_drill(layout: Layout, keys: Keys, passphrase: str, tmp_path: Path) -> None:
    made = keys("init")
    assert made.returncode == 0, made.stderr
    assert "export-recovery" in made.stdout
    assert keys("init").returncode == 1
    volume = open_keyring(layout).key("volume", "hq")
    before = keys("check")
    assert before.returncode == 1
    assert "volume/hq" in before.stdout
    assert "all data of the database hq" in before.stdout

    document = tmp_path / "recovery.txt"
    exported = keys("export-recovery", "--out", str(document), "--passphrase-file", passphrase)
    assert exported.returncode == 0, exported.stderr
    assert document.stat().st_mode & 0o777 == 0o600
    assert keys("check").returncode == 0

    (layout.cipher("hq")).mkdir(parents=True)
    (layout.cipher("hq") / "gocryptfs.conf").write_text("{}")
    shutil.rmtree(layout.keys)
    refused = keys("init")
    assert refused.returncode == 1
    assert "encrypted data" in refused.stderr
    assert "--recover" in refused.stderr
    restored = keys("init", "--recover", str(document), "--passphrase-file", passphrase)
    assert restored.returncode == 0, restored.stderr
    assert open_keyring(layout).require("volume", "hq") == volume
    assert keys("check").returncode == 0
    for said in (made, before, exported, refused, restored):
        shown = said.stdout + said.stderr
        assert PASSPHRASE not in shown
        assert volume.hex() not in shown
        assert master_file(layout).read_text().strip() not in shown
        assert "Traceback" not in shown


def test_a_printed_document_is_on_standard_output_alone_and_a_file_is_never_replaced(
    layout: Layout, keys: Keys, passphrase: str
) -> None:
    open_keyring(layout).key("volume", "hq")
    printed = keys("export-recovery", "--passphrase-file", passphrase)
    assert printed.stdout.startswith("OctoNext recovery document")
    assert "It opens" in printed.stderr
    refused = keys("export-recovery", "--out", passphrase, "--passphrase-file", passphrase)
    assert (refused.returncode, Path(passphrase).read_text()) == (1, PASSPHRASE + "\n")


def test_the_settings_source_is_used_and_no_file_is_made(layout: Layout, keys: Keys) -> None:
    layout = configure(layout, '\n[keys]\nmaster = { env = "OCTONEXT_TEST_MASTER" }\n')
    absent = keys("init")
    assert absent.returncode == 1
    assert "OCTONEXT_TEST_MASTER" in absent.stderr
    given = {"OCTONEXT_TEST_MASTER": "7a" * 32}
    assert keys("init", environment=given).returncode == 0
    checked = keys("check", environment=given)
    assert checked.returncode == 0, checked.stdout
    assert "beside what it opens" not in checked.stdout
    assert not master_file(layout).exists()


class TestChecking:
    def test_a_key_made_after_the_export_is_named(self, layout: Layout) -> None:
        keyring = open_keyring(layout)
        keyring.key("volume", "hq")
        keyring.mark_exported(keyring.entries())
        assert check_keys(layout).problems == []
        keyring.key("backup", "later")  # lies wrapped beside its backup
        assert check_keys(layout).problems == []
        keyring.key("archive", "later")
        (problem,) = check_keys(layout).problems
        assert "archive/later" in problem
        assert "volume/hq" not in problem

    def test_after_a_rotation_the_new_master_key_is_in_no_document(self, layout: Layout) -> None:
        keyring = open_keyring(layout)
        keyring.key("volume", "hq")
        keyring.mark_exported(keyring.entries())
        keyring.rotate_master()
        (problem,) = check_keys(layout).problems
        assert f"the present master key ({keyring.fingerprint})" in problem
        keyring.mark_exported(keyring.entries())
        assert check_keys(layout).problems == []

    @pytest.mark.parametrize("name", [".", "keyring.lock", "extra"])
    def test_what_others_can_open_is_named_with_the_remedy(self, layout: Layout, name: str) -> None:
        open_keyring(layout)
        path = layout.keys / name
        path.touch(exist_ok=True)
        path.chmod(0o755)
        (problem,) = check_keys(layout).problems
        assert "0755" in problem
        assert "chmod" in problem

    def test_a_volume_without_its_key_is_named(self, layout: Layout) -> None:
        open_keyring(layout)
        layout.cipher("kw-1").mkdir(parents=True)
        (layout.cipher("kw-1") / "gocryptfs.conf").write_text("{}")
        (problem,) = check_keys(layout).problems
        assert "kw-1" in problem
        assert "--recover" in problem

    def test_a_sync_key_that_is_none_is_named(self, layout: Layout) -> None:
        keyring = open_keyring(layout)
        keyring.put("sync", "kw-1", b"not a key")
        keyring.mark_exported(keyring.entries())
        (problem,) = check_keys(layout).problems
        assert "sync/kw-1" in problem

    def test_a_master_key_beside_its_data_is_remarked(self, layout: Layout) -> None:
        open_keyring(layout)
        (remark,) = check_keys(layout).remarks
        assert "whole disk" in remark


class TestRotatingTheMasterKey:
    def test_in_its_own_file_while_octonext_runs(self, layout: Layout, keys: Keys) -> None:
        made = open_keyring(layout).key("volume", "hq")
        old = master_file(layout).read_text()
        with hold(layout.lock):
            done = keys("rotate")
        assert done.returncode == 0, done.stderr
        new = master_file(layout).read_text()
        assert new != old
        assert new.strip() not in done.stdout + done.stderr
        assert open_keyring(Layout(layout.data_dir)).require("volume", "hq") == made

    def test_to_another_source_only_while_nothing_runs(self, layout: Layout, tmp_path: Path) -> None:
        made = open_keyring(layout).key("volume", "hq")
        target = SecretSource(file=tmp_path / "usb" / "master.key")
        (tmp_path / "usb").mkdir()
        with hold(layout.lock), pytest.raises(RotationRefused, match="OctoNext runs"):
            rotate_master(layout, None, target)
        rotate_master(layout, None, target)
        assert Keyring.open(layout.keys, target).require("volume", "hq") == made

    def test_the_command_says_what_to_write_into_the_settings(
        self, layout: Layout, keys: Keys, tmp_path: Path
    ) -> None:
        made = open_keyring(layout).key("volume", "hq")
        done = keys("rotate", "--to", f"file:{tmp_path / 'new.key'}")
        assert done.returncode == 0, done.stderr
        before = keys("check")
        assert before.returncode == 1
        assert "fingerprint" in before.stderr
        configure(layout, "\n" + done.stdout[done.stdout.index("[keys]") : done.stdout.index("}") + 1] + "\n")
        assert open_keyring(Layout(layout.data_dir)).require("volume", "hq") == made

    def test_from_the_old_source_when_a_kms_gives_the_new_one_already(
        self, layout: Layout, keys: Keys, tmp_path: Path
    ) -> None:
        made = open_keyring(layout).key("volume", "hq")
        kms = tmp_path / "kms"
        kms.write_text("cc" * 32)
        layout = configure(layout, f'\n[keys]\nmaster = {{ command = ["cat", "{kms}"] }}\n')
        assert keys("check").returncode == 1
        done = keys("rotate", "--from", f"file:{layout.keys / 'master.key'}")
        assert done.returncode == 0, done.stderr
        assert open_keyring(layout).require("volume", "hq") == made


class TestRotatingASyncKey:
    def test_a_shard_that_is_not_there_and_one_whose_key_is_configured_are_refused(
        self, layout: Layout, keys: Keys, tmp_path: Path
    ) -> None:
        assert "no shard" in keys("rotate", "--sync", "xx-9").stderr
        pem = tmp_path / "kw-1.pem"
        pem.write_bytes(shard_key_to_pem(generate_shard_key()))
        pem.chmod(0o600)
        refused = keys("accept", "kw-1", "--from", f"file:{pem}")
        assert refused.returncode == 1
        assert "--sync" in refused.stderr
        layout.config.write_text(
            layout.config.read_text().replace(
                'jurisdiction = "KW"', f'jurisdiction = "KW"\nsync_key = {{ file = "{pem}" }}'
            )
        )
        refused = keys("rotate", "--sync", "kw-1")
        assert refused.returncode == 1
        assert "keys accept" in refused.stderr
        assert [keys("accept", "kw-1", "--from", f"file:{pem}").returncode for _ in range(2)] == [0, 0]
        assert open_keyring(Layout(layout.data_dir)).generations("sync", "kw-1") == [pem.read_bytes()]

    def test_without_head_office_the_key_is_made_and_the_next_start_tells_it(
        self, layout: Layout, keys: Keys
    ) -> None:
        for _ in range(2):
            done = keys("rotate", "--sync", "kw-1")
            assert done.returncode == 0, done.stderr
            assert "octonext up" in done.stdout
        assert len(open_keyring(layout).generations("sync", "kw-1")) == 2


def test_a_damaged_keyring_is_a_clear_line_and_no_traceback(layout: Layout, keys: Keys) -> None:
    open_keyring(layout)
    keyring_file(layout.keys).write_bytes(b"\0")
    keyring_file(layout.keys).chmod(0o600)
    for words in (("check",), ("rotate",), ("rotate", "--sync", "kw-1"), ("export-recovery",)):
        done = keys(*words)
        assert done.returncode == 1
        assert "is not a keyring" in done.stderr
        assert "--recover" in done.stderr


@pytest.mark.parametrize("text", ["", "file:", "ab" * 32, "kms:thing", "command:'unclosed"])
def test_what_names_no_source_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SourceInvalid) as refused:
        parse_source(text)
    assert "ab" * 32 not in str(refused.value)


def test_a_source_is_read_as_it_is_written_into_the_settings() -> None:
    command = parse_source("command:kms-read 'key one' --plain")
    assert command.command == ("kms-read", "key one", "--plain")
    assert as_setting(command) == '{ command = ["kms-read", "key one", "--plain"] }'
    assert as_setting(parse_source("env:MASTER")) == '{ env = "MASTER" }'
    assert as_setting(parse_source("file:/etc/master")) == '{ file = "/etc/master" }'


@pytest.mark.parametrize("word", ['say "please"', "back\\slash", "two\nlines", "\x7f", "مفتاح"])
def test_a_source_with_any_sign_in_it_is_the_same_when_the_settings_are_read(word: str) -> None:
    for source, written in (
        (SecretSource(file=Path("/etc") / word), {"file": f"/etc/{word}"}),
        (SecretSource(env=word), {"env": word}),
        (SecretSource(command=("kms-read", word)), {"command": ["kms-read", word]}),
    ):
        assert tomllib.loads(f"master = {as_setting(source)}")["master"] == written

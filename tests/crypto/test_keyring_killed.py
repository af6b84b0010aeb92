"""A keyring survives a kill at any step and a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from octonext.crypto.keyring import Keyring, keyring_file
from octonext.crypto.keyring_master import waiting_file
from octonext.runtime.secrets import SecretSource


def test_what_a_killed_writer_left_behind_is_nobodys_keyring(
    keyring: Keyring, folder: Path, master: SecretSource
) -> None:
    made = keyring.key("volume", "hq")
    (folder / "keyring.json.new").write_bytes(keyring_file(folder).read_bytes()[:100])
    opened = Keyring.open(folder, master)
    assert opened.find("volume", "hq") == made
    opened.key("volume", "kw-1")
    assert not (folder / "keyring.json.new").exists()


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

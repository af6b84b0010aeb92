"""A keyring of a test's own, with its master key in a file beside it, and a folder for encrypted volumes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from octonext.crypto.keyring import Keyring
from octonext.crypto.volume import unmount_below, why_unusable
from octonext.runtime.secrets import SecretSource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def master(folder: Path) -> SecretSource:
    return SecretSource(file=folder / "master.key")


@pytest.fixture
def keyring(folder: Path, master: SecretSource) -> Keyring:
    return Keyring.create(folder, master)


@pytest.fixture
def volume_folder() -> Iterator[Path]:
    """A folder for volumes; whatever a failed test left mounted below it goes away with it."""
    reason = why_unusable()
    if reason is not None:
        pytest.skip(f"encrypted volumes cannot be used here: {reason.message}")
    with tempfile.TemporaryDirectory(
        prefix="octonext-volume-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:
        yield Path(name)
        unmount_below(Path(name))

"""fscrypt on a real ext4 file system, made in a file and mounted for the test; needs root."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from octonext.crypto.at_rest import fscrypt, prove

ADD_KEY = 0xC0506617
"""FS_IOC_ADD_ENCRYPTION_KEY = _IOWR('f', 23, struct fscrypt_add_key_arg)."""
SET_POLICY = 0x800C6613
"""FS_IOC_SET_ENCRYPTION_POLICY = _IOR('f', 19, struct fscrypt_policy_v1)."""
IDENTIFIED = 2  # FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER
AES_256_XTS, AES_256_CTS, ADIANTUM = 1, 4, 9
PADDING_32, DIRECT_KEY = 3, 4


@pytest.fixture
def encrypting(tmp_path: Path) -> Iterator[tuple[Path, bytes]]:
    """An ext4 file system with a key added; the key's identifier."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a file system")
    if shutil.which("mkfs.ext4") is None or not Path("/sys/fs/ext4/features/encryption").exists():
        pytest.skip("no mkfs.ext4, or a kernel without fscrypt")
    image, point = tmp_path / "image", tmp_path / "point"
    point.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-O", "encrypt", str(image)], check=True)
    mounted = subprocess.run(
        ["mount", "-o", "loop", str(image), str(point)], capture_output=True, check=False, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no loop devices here: {mounted.stderr.strip()}")
    try:
        yield point, _add_key(point)
    finally:
        subprocess.run(["umount", str(point)], check=True)


def _add_key(point: Path) -> bytes:
    raw = bytes(range(64))
    asked = bytearray(struct.pack("=II32sII32s", IDENTIFIED, 0, bytes(32), len(raw), 0, bytes(32)) + raw)
    descriptor = os.open(point, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, ADD_KEY, asked)
    except OSError as error:
        pytest.skip(f"the kernel takes no encryption key here: {error.strerror}")
    finally:
        os.close(descriptor)
    return bytes(asked[8:24])


def _encrypted(folder: Path, identifier: bytes, contents: int, names: int, flags: int) -> Path:
    folder.mkdir()
    policy = struct.pack("=5B3x16s", 2, contents, names, flags, 0, identifier)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        buffer = ctypes.create_string_buffer(policy, len(policy))
        if libc.ioctl(descriptor, ctypes.c_ulong(SET_POLICY), buffer) != 0:
            pytest.skip(f"the kernel takes no such policy: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(descriptor)
    return folder


def test_a_folder_with_aes_256_is_proven_and_its_neighbour_is_not(encrypting: tuple[Path, bytes]) -> None:
    point, identifier = encrypting
    folder = _encrypted(point / "hq", identifier, AES_256_XTS, AES_256_CTS, PADDING_32)
    found = prove(folder, "fscrypt")
    assert (found.kind, found.cipher, found.proven) == ("fscrypt", "AES-256-XTS", True)
    (folder / "below").mkdir()
    assert prove(folder / "below", "fscrypt").proven
    assert not prove(point, "fscrypt").proven
    assert fscrypt.policy(point) is None
    # Expected of something else it is refused with the word that would be right.
    other = prove(folder, "luks")
    assert not other.proven
    assert 'at_rest = "fscrypt"' in other.remedy


def test_a_folder_with_another_cipher_is_not_proven(encrypting: tuple[Path, bytes]) -> None:
    point, identifier = encrypting
    folder = _encrypted(point / "hq", identifier, ADIANTUM, ADIANTUM, PADDING_32 | DIRECT_KEY)
    found = prove(folder, "fscrypt")
    assert (found.cipher, found.proven) == ("Adiantum", False)

"""fscrypt: the kernel tells a folder's encryption policy (Documentation/filesystems/fscrypt.rst)."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path

from .mounts import Mount
from .protection import AES_256_XTS, UNKNOWN_CIPHER, Protection

GET_POLICY_EX = 0xC0096616
"""FS_IOC_GET_ENCRYPTION_POLICY_EX = _IOWR('f', 22, __u8[9])."""
POLICY_BYTES = 24
"""struct fscrypt_policy_v2, the longest policy there is."""
MODES = {
    1: AES_256_XTS,
    4: "AES-256-CBC-CTS",
    5: "AES-128-CBC-ESSIV",
    6: "AES-128-CBC-CTS",
    7: "SM4-XTS",
    8: "SM4-CBC-CTS",
    9: "Adiantum",
    10: "AES-256-HCTR2",
}
_NO_POLICY = (errno.ENODATA, errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


def contents_cipher(answer: bytes) -> str:
    """The cipher of files' contents in what the kernel wrote: __u64 size, then the policy."""
    (size,) = struct.unpack_from("=Q", answer)
    # Both versions begin with `version` and `contents_encryption_mode`.
    if not 2 <= size <= len(answer) - 8 or answer[8] not in (0, 2):
        return UNKNOWN_CIPHER
    return MODES.get(answer[9], UNKNOWN_CIPHER)


def look(mount: Mount, folder: Path) -> Protection | None:
    """The policy of this folder, or None when it has none. Raises OSError when it cannot be opened."""
    answer = policy(folder)
    if answer is None:
        return None
    cipher = contents_cipher(answer)
    if cipher != AES_256_XTS:
        return Protection(
            kind="fscrypt",
            cipher=cipher,
            detail=f"The policy of {folder} on {mount.source} does not use AES-256-XTS for contents.",
            remedy="Make a folder with contents AES-256-XTS and move the database there.",
        )
    return Protection(
        kind="fscrypt", cipher=cipher, proven=True, detail=f"The policy of {folder} on {mount.source}."
    )


def policy(folder: Path) -> bytes | None:
    """What the kernel answers to FS_IOC_GET_ENCRYPTION_POLICY_EX; None when there is no policy."""
    asked = bytearray(struct.pack("=Q", POLICY_BYTES) + bytes(POLICY_BYTES))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, GET_POLICY_EX, asked)
    except OSError as error:
        if error.errno in _NO_POLICY:
            return None
        raise
    finally:
        os.close(descriptor)
    return bytes(asked)

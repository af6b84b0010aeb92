"""A month that retention moved into a file: what the database says of it, signed with the sealing key.

A row in a database explains no missing rows by itself: whoever drops a partition can write one beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .head import SealingKey

TITLE = "octonext-archive 1"


@dataclass(frozen=True)
class Archived:
    """One partition that is in an archive file, and nowhere else."""

    table: str
    partition: str
    from_at: int
    until_at: int
    """Microseconds since 2000, as a manifest keeps them."""
    row_count: int
    file_name: str
    file_sha256: bytes
    tree_size: int
    """Of the newest head in the file."""
    signature: bytes = b""

    def statement(self, database: str) -> bytes:
        """What is signed: lines of a name, a space and a value, the first saying what it is."""
        lines = (
            TITLE,
            f"database {database}",
            f"table {self.table}",
            f"partition {self.partition}",
            f"from {self.from_at}",
            f"until {self.until_at}",
            f"rows {self.row_count}",
            f"sha256 {self.file_sha256.hex()}",
            f"size {self.tree_size}",
            f"file {self.file_name}",
        )
        return "".join(f"{line}\n" for line in lines).encode()

    def signed(self, database: str, key: SealingKey) -> bytes:
        """The signature of `key`."""
        return Ed25519PrivateKey.from_private_bytes(key.seed).sign(self.statement(database))

    def signed_by(self, database: str, keys: Iterable[bytes]) -> bool:
        """Whether one of these public keys (32 bytes) signed it."""
        for public in keys:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(self.signature, self.statement(database))
            except (InvalidSignature, ValueError):
                continue
            return True
        return False

"""Proof files: JSON that shows, to somebody who has only a public key, that a row is under a signed head, or
that one head continues another. Nothing else is needed to check them, no database and no network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from octonext.base.errors import OctoNextError

from .head import BadHead, SignedHead, key_id, signed_by
from .merkle import continues, includes
from .rows import TABLES, BadRow, time_of

INCLUSION = "octonext-inclusion-1"
CONSISTENCY = "octonext-consistency-1"
PROOF_BYTES_MAX = 64 * 1024 * 1024
"""A row holds a till's entry at most, and a change the largest row of master data."""


class BadProof(OctoNextError):
    """A proof file cannot be read, or proves nothing."""

    code = "bad_proof"


class ProvenHead(msgspec.Struct, frozen=True):
    """A signed head as it stands in a proof: its lines, and the signature in hexadecimal."""

    head: str
    signature: str

    @classmethod
    def of(cls, signed: SignedHead) -> ProvenHead:
        return cls(signed.encoded.decode("ascii"), signed.signature.hex())

    def read(self) -> SignedHead:
        """Raises BadProof."""
        try:
            return SignedHead.read(self.head.encode("ascii"), bytes.fromhex(self.signature))
        except (BadHead, ValueError) as error:
            raise BadProof(f"The head in the proof cannot be read: {error}.") from None


class Inclusion(msgspec.Struct, frozen=True, tag_field="proof", tag=INCLUSION, forbid_unknown_fields=True):
    """That a row is a leaf of a head's tree."""

    table: str
    row: str
    record: str
    """The row's columns as PostgreSQL's binary record, hexadecimal."""
    json: list[str | None]
    index: int
    path: list[str]
    signed: ProvenHead
    public_key: str


class Consistency(
    msgspec.Struct, frozen=True, tag_field="proof", tag=CONSISTENCY, forbid_unknown_fields=True
):
    """That the tree of one head begins with the tree of an older one."""

    old: ProvenHead
    new: ProvenHead
    path: list[str]
    public_key: str


@dataclass(frozen=True)
class Proven:
    """What a proof that holds says."""

    statement: str
    key: str
    """Id of the key that signed."""
    database: str


def write(proof: Inclusion | Consistency) -> bytes:
    """The file's bytes."""
    return msgspec.json.format(msgspec.json.encode(proof), indent=2) + b"\n"


def read(text: bytes) -> Inclusion | Consistency:
    """Raises BadProof."""
    if len(text) > PROOF_BYTES_MAX:
        raise BadProof("The file is too large for a proof.")
    try:
        return msgspec.json.decode(text, type=Inclusion | Consistency)
    except msgspec.DecodeError as error:
        raise BadProof(f"The file is no proof: {error}.") from None


def check(proof: Inclusion | Consistency, keys: Mapping[str, bytes] | None = None) -> Proven:
    """Check a proof with the keys that the reader trusts, by id; without any, with the key inside the proof,
    which then proves only that whoever holds that key said so. Raises BadProof.
    """
    if keys is None:
        public = _bytes(proof.public_key)
        keys = {key_id(public): public}
    if isinstance(proof, Inclusion):
        return _check_inclusion(proof, keys)
    old, new = _signed(proof.old, keys), _signed(proof.new, keys)
    if old.head.database != new.head.database:
        raise BadProof("The two heads are of different databases.")
    path = _path(proof.path)
    if not continues(old.head.size, old.head.root, new.head.size, new.head.root, path):
        raise BadProof(f"Head {new.number} does not continue head {old.number}: its past was rewritten.")
    return Proven(
        f"head {new.number} ({new.head.size} leaves) continues head {old.number} ({old.head.size} leaves)",
        new.head.key,
        new.head.database,
    )


def _check_inclusion(proof: Inclusion, keys: Mapping[str, bytes]) -> Proven:
    signed = _signed(proof.signed, keys)
    table = TABLES.get(proof.table)
    if table is None:
        raise BadProof(f"There is no sealed table {proof.table[:80]!r}.")
    record = _bytes(proof.record)
    try:
        key, at = table.name_of(record)
        leaf = table.leaf(record, proof.json)
    except (BadRow, ValueError) as error:
        raise BadProof(f"The row in the proof cannot be read: {error}.") from None
    if len(proof.json) != len(table.json_columns) or table.key_text(key) != proof.row:
        raise BadProof("The row in the proof is not the one that it names.")
    if not includes(leaf, proof.index, signed.head.size, _path(proof.path), signed.head.root):
        raise BadProof(f"The row is not leaf {proof.index} of head {signed.number}.")
    return Proven(
        f"{proof.table} {proof.row}, written {time_of(at):%Y-%m-%d %H:%M:%S.%f} UTC, is leaf {proof.index} "
        f"of head {signed.number}, sealed {signed.head.sealed_at:%Y-%m-%d %H:%M:%S} UTC",
        signed.head.key,
        signed.head.database,
    )


def _signed(proven: ProvenHead, keys: Mapping[str, bytes]) -> SignedHead:
    signed = proven.read()
    public = keys.get(signed.head.key)
    if public is None or not signed_by(signed, public):
        raise BadProof(f"Head {signed.number} is not signed by the key that it is checked with.")
    return signed


def _path(steps: Sequence[str]) -> list[bytes]:
    return [_bytes(step) for step in steps]


def _bytes(text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise BadProof("The proof holds something that is not hexadecimal.") from None

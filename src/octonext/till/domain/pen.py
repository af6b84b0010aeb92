"""Writes entries: gives each its place, its time and its hash, and seals it with the shift's key.

Pure: the wall clock and the nonces come from whoever holds the pen. An entry exists only after the
journal has it; until then the pen can be put back to where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from octonext.base.clock import hybrid_tick
from octonext.crypto.chain import GENESIS, link
from octonext.crypto.envelope import seal_entry
from octonext.sales.card_numbers import find_card_number
from octonext.sales.entries import ENTRY_BYTES_MAX, LINES_MAX, AnyEntry, decode_entry, encode_entry
from octonext.till.errors import CardNumberRefused, EntryInvalid, EntryTooLong


class Place(NamedTuple):
    """The end of a journal: last seq (0 for none), its hash, and the last hybrid time."""

    seq: int = 0
    hash: bytes = GENESIS
    hlc: int = 0


class Sealed(NamedTuple):
    """An entry as the journal keeps it and a push carries it."""

    seq: int
    key_id: str
    hash: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that has no place yet: its kind and members, without seq, shift, cashier and times."""

    kind: type[Any]
    members: dict[str, Any]
    #: The till's wall clock when it happened, with offset; None for now.
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """An entry in its place: what it says, and its sealed form."""

    entry: AnyEntry
    sealed: Sealed


@dataclass(slots=True)
class Pen:
    """Writes the entries of one shift of one till."""

    device: int
    shift: UUID
    cashier: UUID
    key: bytes = field(repr=False)
    place: Place

    @property
    def key_id(self) -> str:
        """The id of the shift's key is the shift's own."""
        return str(self.shift)

    def write(self, draft: Draft, *, at: datetime, nonce: bytes) -> Written:
        """The next entry. `at` is aware; `nonce` is 12 bytes and never used twice.

        Raises `EntryTooLong` for what no push could carry, `EntryInvalid` and `CardNumberRefused` for what
        a shard would quarantine; the pen then stays where it is.
        """
        at = draft.at or at
        seq = self.place.seq + 1
        hlc = hybrid_tick(self.place.hlc, int(at.timestamp() * 1000))
        entry: AnyEntry = draft.kind(
            seq=seq, shift=self.shift, cashier=self.cashier, at=at, hlc=hlc, **draft.members
        )
        plaintext = encode_entry(entry)
        _check_length(len(draft.members.get("lines", ())), len(plaintext))
        _check_bounds(plaintext)
        _check_cards(entry)
        ciphertext = seal_entry(
            self.key,
            device=self.device,
            shift=self.key_id,
            seq=seq,
            plaintext=plaintext,
            nonce=nonce,
        )
        self.place = Place(seq, link(self.place.hash, plaintext), hlc)
        return Written(entry, Sealed(seq, self.key_id, self.place.hash, ciphertext))


def _check_length(lines: int, size: int) -> None:
    """Once journaled, an entry that fits no frame would hold up every entry after it."""
    if lines <= LINES_MAX and size <= ENTRY_BYTES_MAX:
        return
    raise EntryTooLong(
        f"This makes {lines:,} lines and {size:,} bytes; "
        f"an entry has at most {LINES_MAX:,} lines and {ENTRY_BYTES_MAX:,} bytes.",
        remedy="Split it: fewer lines at a time.",
    )


def _check_cards(entry: AnyEntry) -> None:
    """Before anything is paid or written: what is in a journal stays there."""
    field = find_card_number(entry)
    if field is not None:
        raise CardNumberRefused(
            f"{field} holds what looks like a payment card number.",
            remedy="Write the terminal's reference instead; card numbers are never kept.",
        )


def _check_bounds(plaintext: bytes) -> None:
    """Read the entry as the shard will: building one checks no bound, decoding it checks them all."""
    try:
        decode_entry(plaintext)
    except msgspec.ValidationError as error:
        raise EntryInvalid(f"This cannot be written down: {error}.") from None

"""The part of a till's journal that a connection still has to send, and what it may send of it now.

Holds seqs, hashes, key ids and sizes, never bytes. Credits belong to one connection, and so does an
`Outbox`: a new connection begins with a new one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from octonext.sync.messages import (
    FRAME_BYTES_MAX,
    PUSH_ENTRIES_DEFAULT,
    PUSH_ENTRIES_MAX,
    PUSH_KEYS_MAX,
    Credits,
)

from .steps import Outgoing

#: Entries kept in view; the rest stay in the journal until asked for.
WINDOW_ENTRIES = 2 * PUSH_ENTRIES_MAX

# What a frame costs beside the base64 of its ciphertexts: hash, key id and JSON of an entry; a
# wrapped key; the frame itself. Rounded up.
_ENTRY_FRAME_BYTES = 160
_KEY_FRAME_BYTES = 300
_PUSH_FRAME_BYTES = 512


@dataclass(frozen=True, slots=True)
class Push:
    """A run of entries to send, what it costs in credits, and the keys the shard has not seen."""

    first: int
    last: int
    prev: bytes
    entries: int
    bytes: int
    key_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The next entry fits no frame, whatever the credits."""

    seq: int
    size: int


class Outbox:
    """Entries after a place the shard is known to hold (`seq`, `hash`)."""

    def __init__(self) -> None:
        self.seq = 0
        self.hash = b""
        self._window: deque[Outgoing] = deque()
        self._known_keys: set[str] = set()
        self._required_keys: set[str] = set()
        self._entries_allowed = 0
        self._bytes_allowed = 0
        self._push_entries = PUSH_ENTRIES_DEFAULT

    def grant(self, given: Credits) -> None:
        """Add what the server gives back; its size of a push counts from now on."""
        self._entries_allowed += given.entries
        self._bytes_allowed += given.bytes
        self._push_entries = min(max(1, given.push_entries), PUSH_ENTRIES_MAX)

    def take_back(self, push: Push) -> None:
        """The push was refused and nothing of it stored, so what it cost comes back."""
        self._entries_allowed += push.entries
        self._bytes_allowed += push.bytes

    def load(self, seq: int, own_hash: bytes, key_id: str | None, entries: Iterable[Outgoing]) -> None:
        """Look at the journal from `seq` on. The key in use there is one the shard was given."""
        if key_id is not None and key_id not in self._required_keys:
            self._known_keys.add(key_id)
        self.seq, self.hash = seq, own_hash
        self._window = deque(entries)

    def require_keys(self, key_ids: Iterable[str] | None) -> None:
        """The shard misses these keys (None: it did not say which)."""
        self._required_keys.update(self._known_keys if key_ids is None else key_ids)
        self._known_keys -= self._required_keys

    @property
    def empty(self) -> bool:
        """Whether nothing is in view; the journal may hold more."""
        return not self._window

    def own_hash(self, seq: int) -> bytes | None:
        """The till's own hash of entry `seq`, or None when it is not in view."""
        if seq == self.seq:
            return self.hash
        place = seq - self.seq - 1
        return self._window[place].hash if 0 <= place < len(self._window) else None

    def advance(self, seq: int) -> None:
        """The shard holds everything in view up to `seq`, keys included."""
        while self._window and self._window[0].seq <= seq:
            entry = self._window.popleft()
            self.seq, self.hash = entry.seq, entry.hash
            self._known_keys.add(entry.key_id)
            # Only now: a push that carried it may be refused, and then it is as missing as before.
            self._required_keys.discard(entry.key_id)

    def next_push(self) -> Push | TooLarge | None:
        """The longest run that credits, limits and a frame allow, paid from the credits.

        None when the credits do not cover another entry.
        """
        frame, spent, count = _PUSH_FRAME_BYTES, 0, 0
        new_keys: dict[str, None] = {}
        for entry in islice(self._window, min(self._push_entries, max(0, self._entries_allowed))):
            cost = _ENTRY_FRAME_BYTES + 4 * (-(-entry.size // 3))
            new_key = entry.key_id not in self._known_keys and entry.key_id not in new_keys
            if new_key:
                cost += _KEY_FRAME_BYTES
            if frame + cost > FRAME_BYTES_MAX and count == 0:
                return TooLarge(entry.seq, entry.size)
            too_many_keys = new_key and len(new_keys) == PUSH_KEYS_MAX
            if frame + cost > FRAME_BYTES_MAX or spent + entry.size > self._bytes_allowed or too_many_keys:
                break
            if new_key:
                new_keys[entry.key_id] = None
            frame += cost
            spent += entry.size
            count += 1
        if count == 0:
            return None
        self._entries_allowed -= count
        self._bytes_allowed -= spent
        return Push(self.seq + 1, self.seq + count, self.hash, count, spent, tuple(new_keys))

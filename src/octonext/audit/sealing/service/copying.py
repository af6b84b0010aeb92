"""Copying heads to where those who can bend the database cannot reach: one target at a time."""

from __future__ import annotations

from typing import Protocol

from octonext.runtime.postgres import Connection

from .. import store
from ..domain.head import SignedHead
from ..errors import WentBack
from ..store import StoredHead


class Target(Protocol):
    """A place for copies; it keeps what it once took, and says up to where it has them."""

    name: str

    async def newest(self, database: str, public: bytes) -> tuple[int, bytes] | None:
        """Number and hash of the newest head of that database that is here and that this key signed."""

    async def put(self, database: str, heads: list[StoredHead]) -> None:
        """Keep these heads, in order; when it returns they are durable."""

    def abort(self) -> None:
        """Let go of whatever connection there is."""


async def copy(connection: Connection, database: str, target: Target, public: bytes) -> int:
    """Bring one page of heads to a target; how many. `public` is the database's sealing key.

    Raises WentBack when the target knows another chain of that key: what somebody else wrote there is for
    `octonext audit verify` to find, and stops no sealing.
    """
    newest = await target.newest(database, public)
    heads = await store.heads_after(connection, 0 if newest is None else newest[0])
    if newest is not None and await store.head_hash(connection, newest[0]) != newest[1]:
        heads = _resumed(heads, newest[1])
        if not heads:
            raise WentBack(
                database,
                f"{target.name} holds head {newest[0]} of {database}, which is not the one there now.",
            )
    if heads:
        await target.put(database, heads)
    return len(heads)


def _resumed(heads: list[StoredHead], lost_end: bytes) -> list[StoredHead]:
    """The heads from the one on that accepts the loss of a chain ending in `lost_end`."""
    for place, each in enumerate(heads):
        if SignedHead.read(each.encoded, each.signature).head.previous == lost_end:
            return heads[place:]
    return []

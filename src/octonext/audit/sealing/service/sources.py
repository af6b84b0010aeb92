"""Where a verifier finds heads: in the database itself, and in the copies of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

from octonext.runtime.postgres import Connection

from .. import remote, store
from ..domain.head import BadHead, SignedHead
from ..store import StoredHead


class CopySource(Protocol):
    """Copies of heads of one database, in the order of their numbers."""

    name: str

    async def newest(self) -> int:
        """The highest number that is here; 0 without one."""

    async def page(self, after: int) -> list[StoredHead]:
        """The next heads behind a number; empty at the end."""

    async def holds(self, digest: bytes) -> bool:
        """Whether a head with that hash is here."""


class DatabaseCopies:
    """The copies that another database holds."""

    def __init__(self, name: str, connection: Connection, database: str) -> None:
        self.name = name
        self._connection = connection
        self._database = database

    async def newest(self) -> int:
        found = await store.newest_copy(self._connection, self._database)
        return 0 if found is None else found[0]

    async def page(self, after: int) -> list[StoredHead]:
        return await store.copies_after(self._connection, self._database, after)

    async def holds(self, digest: bytes) -> bool:
        return await store.holds_copy(self._connection, self._database, digest)


class FileCopies:
    """The copies in a file. Read whole: it is what an auditor brings along."""

    def __init__(self, path: Path, database: str) -> None:
        self.name = path.name
        found: dict[int, StoredHead] = {}
        for named, head in remote.read_file(path):
            if named == database:
                found.setdefault(head.number, head)
        self._heads = [found[number] for number in sorted(found)]
        self._hashes = {each.hash for head in self._heads if (each := _readable(head)) is not None}

    async def newest(self) -> int:
        return self._heads[-1].number if self._heads else 0

    async def page(self, after: int) -> list[StoredHead]:
        return [head for head in self._heads if head.number > after][: store.HEADS_PAGE]

    async def holds(self, digest: bytes) -> bool:
        return digest in self._hashes


class Reader:
    """One source's heads one after the other, with a look at the next one. Ends with `last`: what comes to a
    copy while a database is verified is newer than what is verified.
    """

    def __init__(self, source: CopySource, last: int) -> None:
        self.source = source
        self.last = last
        self._heads = _heads(source, last)
        self.next: StoredHead | None = None

    async def advance(self) -> None:
        self.next = await anext(self._heads, None)

    async def take(self, number: int) -> StoredHead | None:
        """The head with that number, if it is the next one."""
        if self.next is None or self.next.number != number:
            return None
        taken = self.next
        await self.advance()
        return taken


async def readers(sources: Sequence[CopySource]) -> list[Reader]:
    """A reader of each source, standing at its first head."""
    made = [Reader(source, await source.newest()) for source in sources]
    for each in made:
        await each.advance()
    return made


async def _heads(source: CopySource, last: int) -> AsyncIterator[StoredHead]:
    after = 0
    while after < last and (page := await source.page(after)):
        for each in page:
            if each.number <= last:
                yield each
        after = page[-1].number


def _readable(head: StoredHead) -> SignedHead | None:
    try:
        return SignedHead.read(head.encoded, head.signature)
    except BadHead:
        return None

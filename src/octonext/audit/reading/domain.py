"""What a reader asks of the trail, what a row of it looks like, and how many databases make one list.

The list is newest first, by (at, database, transaction, number): a key that every row has for ever, so a
page begins where the last one ended however many rows came meanwhile.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import islice
from typing import Annotated, Any, Literal

import msgspec

from octonext.edge.errors import InvalidRequest

HEAD_OFFICE = "hq"
NUMBER_MAX = 2**63 - 1
TEXT_CHARACTERS_MAX = 200
KEY_BYTES_MAX = 2_000
KEY_MEMBERS_MAX = 16

Operation = Literal["insert", "update", "delete", "event"]
ActorKind = Literal["user", "token", "device", "process", "operator", "anonymous", "none", "malformed"]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_CHARACTERS_MAX)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Filter:
    """Which rows of the trail; None is any. `since` is the first moment, `until` the first one after."""

    database: str | None = None
    region: str | None = None
    table: str | None = None
    key: dict[str, Any] | None = None
    operation: Operation | None = None
    event: str | None = None
    user: str | None = None
    actor: ActorKind | None = None
    device: int | None = None
    ip: IPv4Network | IPv6Network | None = None
    transaction: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def told(self) -> dict[str, Any]:
        """What was asked, for the event that records the reading: only what is set, as texts."""
        asked: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if value is not None:
                asked[name] = value if isinstance(value, (dict, int)) else str(value)
        return asked


class Actor(msgspec.Struct, kw_only=True):
    """Who said to be acting. What it is worth stands beside it, in `connection`."""

    kind: str
    id: str | None
    name: str | None
    ip: str | None
    device_id: int | None
    key_thumbprint: str | None
    user_agent: str | None
    app_version: str | None
    request_id: str | None
    claim: str | None


class DatabaseConnection(msgspec.Struct, kw_only=True):
    """What the database itself knew of the connection that made the change.

    `login_role` is who logged in, whatever became of the other roles; `address` is null for a Unix socket;
    `replication_role` "replica" means that ordinary triggers and foreign keys were put to sleep.
    """

    login_role: str | None
    session_role: str
    set_role: str
    address: str | None
    application: str
    pid: int
    replication_role: str


class Entry(msgspec.Struct, kw_only=True):
    """One row of the trail.

    `transaction` is the transaction's number (a text: it may be longer than a JavaScript number holds).
    `before` and `after` hold the changed columns of an update, the whole row of an insert or a delete, and
    `after` the detail of an event. `actor` and `connection` are null when nothing tells who it was.
    """

    database: str
    region: str | None
    at: datetime
    transaction: str
    number: int
    operation: str
    table: str
    event: str | None
    key: Any
    before: Any
    after: Any
    actor: Actor | None
    connection: DatabaseConnection | None

    @property
    def place(self) -> Place:
        return Place(self.at, self.database, int(self.transaction), self.number)


class Missing(msgspec.Struct):
    """A database whose rows are not in the answer, and why."""

    database: str
    reason: str


class TrailPage(msgspec.Struct):
    """Rows, newest first; where the next page begins; and what is missing from this one."""

    items: list[Entry]
    next_cursor: str | None = None
    incomplete: list[Missing] = []


@dataclass(frozen=True, order=True)
class Place:
    """Where a row stands in the list of every database."""

    at: datetime
    database: str
    transaction: int
    number: int

    def text(self) -> str:
        """For a cursor; exact to the microsecond that a row has."""
        micros = (self.at - _EPOCH) // _MICROSECOND
        return f"{micros} {self.transaction} {self.number} {self.database}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Raises InvalidRequest."""
        try:
            micros, transaction, number, database = text.split(" ")
            place = cls(
                _EPOCH + _MICROSECOND * int(micros), database, _natural(transaction), _natural(number)
            )
        except (ValueError, OverflowError):
            raise InvalidRequest("The cursor is not one that this API gave.") from None
        return place

    def bound(self, database: str) -> tuple[datetime, int, int]:
        """The first (at, transaction, number) of `database` that is NOT behind this place, newest first."""
        if database == self.database:
            return self.at, self.transaction, self.number
        # At the same moment the databases follow each other by name, the last one first.
        return (self.at, NUMBER_MAX, NUMBER_MAX) if database < self.database else (self.at, 0, 0)


def newest_first(pages: Iterable[Sequence[Entry]], limit: int) -> list[Entry]:
    """The first `limit` rows of lists that are each newest first."""
    return list(islice(heapq.merge(*pages, key=lambda entry: entry.place, reverse=True), limit))


def masked(value: Any, mask: Callable[[str], str]) -> Any:
    """JSON with every text in it, names of members too, as `mask` shows it."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [masked(each, mask) for each in value]
    if isinstance(value, dict):
        return {mask(name): masked(each, mask) for name, each in value.items()}
    return value


def network(text: str | None) -> IPv4Network | IPv6Network | None:
    """An address or a range such as 10.1.0.0/16. Raises InvalidRequest."""
    try:
        # An address within a range means the range, as in PostgreSQL's own operator.
        return None if text is None else ip_network(text, strict=False)
    except ValueError:
        raise InvalidRequest(
            f"{text[:60] if text else ''!r} is no address and no range of addresses.",
            remedy="Such as 10.1.2.3 or 10.1.0.0/16.",
        ) from None


def row_key(text: str | None) -> dict[str, Any] | None:
    """A row's key as JSON, such as {"product_id": "…"}. Raises InvalidRequest."""
    if text is None:
        return None
    try:
        key = msgspec.json.decode(text, type=dict[str, str | int | bool | None])
    except (msgspec.MsgspecError, ValueError):
        key = {}
    if not 1 <= len(key) <= KEY_MEMBERS_MAX:
        raise InvalidRequest(
            "The key must be a JSON object of the columns of a primary key.",
            remedy='Such as {"branch_id": 7}; a row of the trail shows its own.',
        )
    return key


def moment(value: datetime | None) -> datetime | None:
    """Raises InvalidRequest for a time without a zone: whose day would it be?"""
    if value is not None and value.tzinfo is None:
        raise InvalidRequest(
            "A time needs its offset from UTC.", remedy="Such as 2026-03-31T00:00:00Z or …+03:00."
        )
    return value


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > NUMBER_MAX:
        raise ValueError(text)
    return int(text)

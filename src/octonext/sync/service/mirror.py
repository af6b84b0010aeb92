"""The gateway's picture of one shard's tills and branches, kept current from the shard's own copy.

Read from the shard and never from head office: head office may be down while tills sign in, and a
gateway that starts meanwhile must serve them all the same.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from octonext.runtime.postgres import Connection
from octonext.shards.lane import Lane

from ..domain import START, BranchRules, Cursor, MarkedCursor
from ..store import (
    ReferenceRow,
    customer_head,
    customer_mark,
    reference_changes,
    reference_head,
    reference_mark,
)

Key = TypeVar("Key")
Value = TypeVar("Value", bound=Struct)

#: Rows read in one go while catching up.
PAGE_ROWS = 2_000


class Device(Struct, frozen=True, kw_only=True):
    """A till as head office describes it."""

    device_id: int
    branch_id: int
    #: How receipts name it.
    code: str = ""
    status: Literal["pending", "enrolled", "revoked"]
    public_key: str | None = None
    #: Why it was revoked.
    reason: Literal["revoked", "stolen"] | None = None
    #: What its share is derived from, see crypto.device_share.
    share_key: str | None = None
    share_generation: int = 1

    @property
    def ending(self) -> str:
        """What a revoked till is told: the reason in one word, a colon, a sentence for people."""
        if self.reason == "stolen":
            return "stolen: Head office was told that this till is stolen."
        return "revoked: Head office has ended this till."

    def public_spki(self) -> bytes | None:
        """Return the till's public key as DER, None if it has not enrolled."""
        try:
            return base64.b64decode(self.public_key or "", validate=True) or None
        except binascii.Error:
            return None


class Branch(Struct, frozen=True, kw_only=True):
    """A branch as far as ingest needs it."""

    branch_id: int
    #: How receipts name it.
    code: str = ""
    shard_id: str
    currency: str
    time_zone: str
    jurisdiction: str


class Tax(Struct, frozen=True):
    """A tax rate of a jurisdiction."""

    jurisdiction: str
    tax_code: str
    rate_ppm: int


class Mirror:
    """Devices, branches and taxes of one shard; `refresh` brings it up to date."""

    def __init__(self, shard_id: str) -> None:
        self.shard_id = shard_id
        #: False until the first refresh: until then nobody can be called unknown.
        self.is_loaded = False
        #: The newest row that tills can be brought to.
        self.head: MarkedCursor = START
        #: The same of the shard's customers.
        self.customers: MarkedCursor = START
        self._cursor: Cursor = (0, 0)
        #: What the shard's history was at our cursor; empty while it was not told.
        self._mark = ""
        self._devices: dict[int, Device] = {}
        self._branches: dict[int, Branch] = {}
        self._taxes: dict[str, Tax] = {}
        self._rules: dict[int, BranchRules] = {}
        #: Branch and device by their codes; None until somebody asks.
        self._places: dict[tuple[str, str], tuple[int, int]] | None = None
        self._revoked: list[Device] = []

    async def refresh(self, lane: Lane) -> bool:
        """Read what changed. Returns whether tills have something new to fetch.

        Raises ShardUnavailable.
        """
        newest, mark, customers = await lane.run(self._look, readonly=True)
        head = newest.place
        if head < self._cursor or (self._mark and mark != self._mark):
            # The shard was restored from a copy: what it takes over now may come to lie behind us.
            self._cursor = (0, 0)
        while self._cursor < head:
            after = self._cursor
            rows = await lane.run(
                lambda connection, after=after: reference_changes(  # type: ignore[misc]
                    connection, after, limit=PAGE_ROWS
                ),
                readonly=True,
            )
            self.apply(rows)
            if len(rows) < PAGE_ROWS:
                self._cursor = max(self._cursor, head)
        # rows that came in meanwhile have brought us beyond the head that the mark belongs to
        self._mark = newest.mark if self._cursor == head else ""
        has_news = newest != self.head or customers != self.customers
        self.head, self.customers = newest, customers
        self.is_loaded = True
        return has_news

    async def _look(self, connection: Connection) -> tuple[MarkedCursor, str, MarkedCursor]:
        """The newest row with its mark, the mark at our own cursor, and the newest customer."""
        head = await reference_head(connection)
        mark = await reference_mark(connection, head[0])
        own = mark if head[0] == self._cursor[0] else await reference_mark(connection, self._cursor[0])
        customer = await customer_head(connection)
        known = MarkedCursor(customer, await customer_mark(connection, customer[0]))
        return MarkedCursor(head, mark), own, known

    def apply(self, rows: Iterable[ReferenceRow]) -> None:
        """Take in rows of the reference feed, oldest first; kinds of no use here are passed over."""
        for row in rows:
            self._cursor = max(self._cursor, row.cursor)
            if row.kind == "device":
                self._take_device(int(row.key), row.payload)
            elif row.kind == "branch":
                _replace(self._branches, int(row.key), row.payload, Branch)
            elif row.kind == "tax":
                _replace(self._taxes, row.key, row.payload, Tax)
        self._rules = {}
        self._places = None

    def take_revoked(self) -> list[Device]:
        """Return the tills that were revoked since this was last asked."""
        revoked, self._revoked = self._revoked, []
        return revoked

    def _take_device(self, device_id: int, payload: str | None) -> None:
        _replace(self._devices, device_id, payload, Device)
        device = self._devices.get(device_id)
        if self.is_loaded and device is not None and device.status == "revoked":
            self._revoked.append(device)

    def device(self, device_id: int) -> Device | None:
        return self._devices.get(device_id)

    def has_branch(self, branch_id: int) -> bool:
        """Return whether `branch_id` lives on this shard (the copy may name branches elsewhere)."""
        branch = self._branches.get(branch_id)
        return branch is not None and branch.shard_id == self.shard_id

    def codes(self, device_id: int) -> tuple[str, str] | None:
        """Return the codes of a till's branch and of the till, as receipts have them; None if unknown."""
        device = self._devices.get(device_id)
        branch = None if device is None else self._branches.get(device.branch_id)
        return None if device is None or branch is None else (branch.code, device.code)

    def place(self, branch_code: str, device_code: str) -> tuple[int, int] | None:
        """Return branch and device that have these codes, None if this shard has no such till."""
        if self._places is None:
            self._places = {
                codes: (device.branch_id, device.device_id)
                for device in self._devices.values()
                if (codes := self.codes(device.device_id)) is not None
            }
        return self._places.get((branch_code, device_code))

    def has_branch_code(self, code: str) -> bool:
        """Return whether a branch of this shard has this code."""
        return any(branch.code == code and self.has_branch(key) for key, branch in self._branches.items())

    def rules(self, branch_id: int) -> BranchRules:
        """Return what ingest needs to know of a branch of this shard. Raises KeyError."""
        rules = self._rules.get(branch_id)
        if rules is None:
            branch = self._branches[branch_id]
            rules = self._rules[branch_id] = BranchRules(
                branch_id=branch_id,
                currency=branch.currency,
                time_zone=branch.time_zone,
                tax_rates={
                    tax.tax_code: tax.rate_ppm
                    for tax in self._taxes.values()
                    if tax.jurisdiction == branch.jurisdiction
                },
                shard_branches=tuple(sorted(b for b in self._branches if self.has_branch(b))),
            )
        return rules


def _replace(known: dict[Key, Value], key: Key, payload: str | None, form: type[Value]) -> None:
    if payload is None:
        known.pop(key, None)
    else:
        known[key] = msgspec.json.decode(payload, type=form)

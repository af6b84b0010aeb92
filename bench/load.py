"""Load prepared ahead of time: whole journals of sales, sealed, chained and signed before the clock starts.

So a client costs next to nothing while it is measured. Everything comes from a seed but keys, nonces and
signatures.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from octonext.base.ids import uuid7
from octonext.crypto.chain import GENESIS, link
from octonext.crypto.envelope import new_nonce, new_shift_key, seal_entry, wrap_for_shard
from octonext.crypto.signature import DevicePrivateKey, generate_device_key, public_spki, sign
from octonext.sales.entries import Line, Payment, Sale, ShiftOpened, encode_entry
from octonext.sync.domain import BranchRules, OpenedEntry, Postings, translate
from octonext.sync.messages import Head, Hello, Push, PushedEntry, PushedKey, hello_message, push_message

CURRENCY = "SAR"
TIME_ZONE = "Asia/Riyadh"
TAX_CODE = "SA-S"
RATE_PPM = 150_000
#: Products of a branch, of which a few sell most: the weight of the n-th is 1/n.
PRODUCTS = 2_000
LINES = 3
#: When the prepared journals begin; a till's clock is evidence only, so any day will do.
BEGAN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PreparedPush:
    """One push as it goes over the wire, and as it goes into SQL without a gateway."""

    push: Push
    #: What the gateway makes of it; empty unless asked for.
    postings: Postings | None

    @property
    def sales(self) -> int:
        return len(self.push.entries)


class Assortment:
    """What a branch sells: products with prices, drawn by popularity."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._products = [
            (uuid7(1_700_000_000_000 + n, self._random.randbytes(10)), self._random.randrange(100, 20_000))
            for n in range(PRODUCTS)
        ]
        self._weights = [1 / n for n in range(1, PRODUCTS + 1)]

    def basket(self) -> list[Line]:
        """Return LINES lines, tax included in the price."""
        chosen = self._random.choices(self._products, self._weights, k=LINES)
        return [self._line(product, price) for product, price in chosen]

    def tender(self) -> str:
        return self._random.choice(("cash", "mada"))

    def _line(self, product: UUID, price: int) -> Line:
        pieces = self._random.choice((1, 1, 1, 2, 3))
        total = price * pieces
        tax = (2 * total * RATE_PPM // (1_000_000 + RATE_PPM) + 1) // 2
        return Line(
            product=product,
            quantity=pieces * 1000,
            unit_price=price,
            tax_code=TAX_CODE,
            rate_ppm=RATE_PPM,
            tax=tax,
            total=total,
        )


@dataclass
class PreparedTill:
    """A till with a key of its own whose journal is written by `pushes`."""

    branch: int
    device: int
    assortment: Assortment
    shard_public: bytes
    private: DevicePrivateKey = field(default_factory=generate_device_key)
    seq: int = 0
    head_hash: bytes = GENESIS
    _shift: UUID = field(default_factory=lambda: UUID(int=0))
    _key: bytes = b""

    @property
    def keys(self) -> dict[str, bytes]:
        """The shift's key by its id, as a gateway has opened it."""
        return {str(self._shift): self._key}

    def pushes(self, count: int, entries: int, *, rules: BranchRules | None = None) -> Iterator[PreparedPush]:
        """Write `count` pushes of `entries` sales each; the first one opens the shift besides.

        With `rules` each push also carries its rows for `ingest_push`.
        """
        for _ in range(count):
            yield self._push(entries, rules)

    def hello(self, nonce: bytes, head: Head) -> Hello:
        """Return the greeting of a till whose journal ends at `head`."""
        return Hello(
            device=self.device,
            branch=self.branch,
            head=head,
            clock_ms=int(datetime.now(UTC).timestamp() * 1000),
            signature=sign(self.private, hello_message(nonce, self.device, head.seq, head.hash)),
        )

    def enrolment(self) -> dict[str, object]:
        """Return the row of the reference feed that makes the shard know this till."""
        payload = {
            "device_id": self.device,
            "branch_id": self.branch,
            "code": f"T{self.device:05}",
            "status": "enrolled",
            "public_key": base64.b64encode(public_spki(self.private)).decode(),
        }
        return {"kind": "device", "key": str(self.device), "payload": payload}

    def _push(self, count: int, rules: BranchRules | None) -> PreparedPush:
        first, prev = self.seq + 1, self.head_hash
        keys: list[PushedKey] = []
        plain: list[bytes] = []
        if not self._key:
            keys.append(self._open_shift())
            plain.append(self._shift_opened())
        while len(plain) < count:
            plain.append(self._sale(first + len(plain)))
        key_id = str(self._shift)
        entries, opened, digest = [], [], hashlib.sha256()
        for seq, data in enumerate(plain, first):
            sealed = seal_entry(
                self._key, device=self.device, shift=key_id, seq=seq, plaintext=data, nonce=new_nonce()
            )
            self.head_hash = link(self.head_hash, data)
            digest.update(len(sealed).to_bytes(4, "big") + sealed)
            entries.append(PushedEntry(k=key_id, h=self.head_hash, c=sealed))
            if rules is not None:
                opened.append(OpenedEntry(seq, self.head_hash, key_id, sealed, data))
        self.seq = first + len(plain) - 1
        message = push_message(self.device, first, self.head_hash, digest.digest())
        push = Push(first=first, prev=prev, entries=entries, keys=keys, signature=sign(self.private, message))
        if rules is None:
            return PreparedPush(push, None)
        now = datetime.now(UTC)
        return PreparedPush(push, translate(opened, rules, received_at=now, clock_offset=timedelta(0)))

    def _open_shift(self) -> PushedKey:
        self._shift = uuid7(int(BEGAN.timestamp() * 1000), self.device.to_bytes(10, "big"))
        self._key = new_shift_key()
        key_id = str(self._shift)
        wrapped = wrap_for_shard(self._key, self.shard_public, device=self.device, key_id=key_id)
        return PushedKey(id=key_id, wrapped=wrapped)

    def _shift_opened(self) -> bytes:
        entry = ShiftOpened(**self._common(self.seq + 1), currency=CURRENCY, opening_float=50_000)
        return encode_entry(entry)

    def _sale(self, seq: int) -> bytes:
        lines = self.assortment.basket()
        total = sum(line.total for line in lines)
        return encode_entry(
            Sale(
                **self._common(seq),
                currency=CURRENCY,
                lines=lines,
                payments=[Payment(tender=self.assortment.tender(), amount=total)],
                total=total,
                tax=sum(line.tax for line in lines),
            )
        )

    def _common(self, seq: int) -> dict[str, Any]:
        return {
            "seq": seq,
            "shift": self._shift,
            "cashier": UUID(int=self.branch),
            "at": BEGAN + timedelta(seconds=20 * seq),
            "hlc": seq,
        }


def rules_of(branch: int, branches: Sequence[int]) -> BranchRules:
    """Return the rules by which the gateway books the sales of a prepared branch."""
    return BranchRules(branch, CURRENCY, TIME_ZONE, {TAX_CODE: RATE_PPM}, tuple(branches))


async def enrol(
    connection: asyncpg.Connection, shard_id: str, branches: Sequence[int], tills: Sequence[PreparedTill]
) -> None:
    """Make a shard know branches, their tax and their tills, as the relay would."""
    rows: list[dict[str, object]] = [
        {
            "kind": "tax",
            "key": "SA:standard",
            "payload": {
                "jurisdiction": "SA",
                "tax_class": "standard",
                "tax_code": TAX_CODE,
                "rate_ppm": RATE_PPM,
            },
        }
    ]
    rows += [
        {
            "kind": "branch",
            "key": str(branch),
            "payload": {
                "branch_id": branch,
                "shard_id": shard_id,
                "currency": CURRENCY,
                "time_zone": TIME_ZONE,
                "jurisdiction": "SA",
            },
        }
        for branch in branches
    ]
    rows += [till.enrolment() for till in tills]
    cursor = await connection.fetchrow("SELECT xid::text, id FROM feed_cursor WHERE feed = 'bench'")
    xid, row_id = (cursor["xid"], cursor["id"]) if cursor else ("0", 0)
    applied = await connection.fetchval(
        "SELECT apply_reference('bench', $1::text::xid8, $2::bigint, $1::text::xid8, $2::bigint + 1, $3)",
        xid,
        row_id,
        json.dumps(rows),
    )
    if applied < 0:
        raise RuntimeError("the shard's reference copy was written by somebody else meanwhile")

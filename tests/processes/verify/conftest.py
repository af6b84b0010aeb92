"""A shop's day on a real shard: real tills with journals on disk, booked through the sync service."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest_asyncio

from application_role import as_application
from octonext.base.clock import SystemClock
from octonext.crypto.envelope import Argon2Cost, generate_shard_key, shard_public_spki
from octonext.crypto.signature import generate_device_key, private_from_der, private_to_der, public_spki
from octonext.processes.verify.domain.findings import Findings, Verdict
from octonext.processes.verify.journals import BadJournal, find_journals
from octonext.processes.verify.service import Work, check_shard
from octonext.processes.verify.shard import reading
from octonext.runtime.metrics import Registry
from octonext.runtime.postgres import close_pool, open_pool
from octonext.sales.entries import (
    AdjustmentLine,
    CashierSignedIn,
    CashMoved,
    CountLine,
    CustomerSaved,
    DrawerOpened,
    Line,
    Payment,
    PriceOverridden,
    ReceiptReference,
    ReceiptReprinted,
    Return,
    Sale,
    ShiftClosed,
    StockAdjusted,
    StockCounted,
    Void,
)
from octonext.shards.lane import Lane, LaneMetrics
from octonext.sync.messages import Ack
from octonext.sync.metrics import SyncMetrics
from octonext.sync.service import ShardSync, TillSession
from octonext.till.domain.pen import Draft
from octonext.till.remote.frames import build_hello, build_push
from octonext.till.service import Till
from octonext.till.store import Identity, Journal
from unguarded import unguarded

SHARD_KEY = generate_shard_key()
CASHIER = UUID("01900000-0000-7000-8000-000000000001")
MILK = UUID("01900000-0000-7000-8000-00000000000a")
RICE = UUID("01900000-0000-7000-8000-00000000000b")
CUSTOMER = UUID("01900000-0000-7000-8000-0000000000c1")
PIN = "0000"
CHEAP = Argon2Cost(time=1, memory_kib=8, lanes=1)
NONCE = b"n" * 32
REFRESH_TIMEOUT_S = 30


def line(product: UUID, quantity: int, total: int, **more: Any) -> Line:
    """A line in Riyadh: 15 % of VAT in the price."""
    tax = (total * 150_000 * 2 + 1_150_000) // (2 * 1_150_000)
    return Line(
        product=product,
        quantity=quantity * 1000,
        unit_price=total // quantity,
        tax_code="SA-S",
        rate_ppm=150_000,
        tax=tax,
        total=total,
        **more,
    )


def receipt(*lines: Line, tender: str = "cash", **more: Any) -> dict[str, Any]:
    """The members of a sale or a return that is paid in one tender."""
    total = sum(each.total for each in lines)
    return {
        "currency": "SAR",
        "lines": list(lines),
        "payments": [Payment(tender=tender, amount=total)],
        "total": total,
        "tax": sum(each.tax for each in lines),
        **more,
    }


@dataclass
class Shop:
    """A shard `sa-1` with the branches 1 and 2, and tills that are enrolled on it."""

    dsn: str
    owner: asyncpg.Pool
    sync: ShardSync
    folder: Path
    tills: list[Till] = field(default_factory=list)

    async def enrol(self, device: int, branch: int = 1) -> Till:
        key = generate_device_key()
        identity = Identity(
            device_id=device,
            device_code=f"T{device:02}",
            branch_id=branch,
            branch_code=f"B{branch:02}",
            branch_name_en="Shop",
            branch_name_ar="",
            shard_id="sa-1",
            shard_public_key=shard_public_spki(SHARD_KEY),
            jurisdiction="SA",
            currency="SAR",
            time_zone="Asia/Riyadh",
            url="https://127.0.0.1:1",
            device_key=private_to_der(key),
            device_share=b"s" * 32,
        )
        spki = base64.b64encode(public_spki(key)).decode()
        device_row = {"device_id": device, "branch_id": branch, "status": "enrolled", "public_key": spki}
        await self.put("device", str(device), device_row)
        # The watermark is the server's: a transaction in any of its databases may hold the row back a moment.
        async with asyncio.timeout(REFRESH_TIMEOUT_S):
            while self.sync.mirror.device(device) is None:
                await self.sync.refresh()
        journal = Journal.create(self.folder / f"till-{device}", identity)
        self.tills.append(Till(journal, cost=CHEAP))
        return self.tills[-1]

    async def put(self, kind: str, key: str, payload: object) -> None:
        """A row of head office's, as the relay brings it."""
        row = await self.owner.fetchrow("SELECT xid::text, id FROM feed_cursor WHERE feed = 'reference'")
        xid, at = (row["xid"], row["id"]) if row else ("0", 0)
        applied = await self.owner.fetchval(
            "SELECT apply_reference('reference', $1::text::xid8, $2, $1::text::xid8, $2::bigint + 1, $3)",
            xid,
            at,
            json.dumps([{"kind": kind, "key": key, "payload": payload}]),
        )
        assert applied == 1

    async def push(self, till: Till, last: int | None = None) -> None:
        """Hand over what the shard does not have, and note its ack, as the till's line does."""
        journal, identity = till.journal, till.identity
        private = private_from_der(identity.device_key)
        hello = build_hello(
            private,
            nonce=NONCE,
            device=identity.device_id,
            branch=identity.branch_id,
            head=journal.place,
            cursors={},
            app="test",
            clock_ms=int(datetime.now(UTC).timestamp() * 1000),
        )
        session = await self.sync.open_session(hello, NONCE)
        assert isinstance(session, TillSession), session
        entries = journal.entries(session.acked.seq + 1, last or journal.place.seq)
        push = build_push(
            private,
            device=identity.device_id,
            prev=session.acked.hash,
            entries=entries,
            keys=journal.wrapped_keys(),
        )
        ack = await self.sync.push(session, push)
        assert isinstance(ack, Ack), ack
        journal.mark_acked(ack.acked.seq, ack.acked.hash, ack.first, ack.outcomes)

    def close_journals(self) -> None:
        for till in self.tills:
            till.journal.close()
        self.tills.clear()

    async def damage(self, *statements: str) -> None:
        """What a wrong hand, or a bug, could do as the schema's owner."""
        async with unguarded(self.owner):
            for statement in statements:
                done = await self.owner.execute(statement)
                assert not done.endswith(" 0"), f"nothing was damaged by {statement}"

    async def verify(self, *, journals: bool = False) -> dict[str, Verdict]:
        """The verdict of every check that one shard (and its tills' journals) can answer."""
        work = Work(Findings())
        if journals:
            for found in find_journals([self.folder]):
                assert not isinstance(found, BadJournal), found
                work.journals[found.branch, found.device] = found
        async with reading("sa-1", self.dsn) as reader:
            await check_shard(reader, work)
        return {verdict.check: verdict for verdict in work.findings.verdicts()}

    async def broken(self, *, journals: bool = False) -> dict[str, list[str]]:
        """The places of every check that does not hold."""
        verdicts = await self.verify(journals=journals)
        return {
            name: [finding.place for finding in verdict.findings]
            for name, verdict in verdicts.items()
            if verdict.state == "broken"
        }


#: What the first till's journal holds, by name: 1-1-<seq>.
DAY = {
    "opened": 1,
    "stocked": 2,
    "sale": 3,
    "card": 4,
    "returned": 5,
    "returned without receipt": 6,
    "void": 7,
    "overridden": 8,
    "drawer": 9,
    "moved": 10,
    "counted": 11,
    "damaged": 12,
    "quarantined": 13,
    "customer": 14,
    "exchanged": 15,
    "exchanged for": 16,
    "reprinted": 17,
    "taken over": 18,
    "closed": 19,
}


def write_day(till: Till) -> None:
    """A day with one entry of every kind, one of them with figures that do not agree."""
    till.begin_shift(CASHIER, PIN, 20_000)
    stock = [AdjustmentLine(product=product, quantity=100_000) for product in (MILK, RICE)]
    sold = receipt(line(MILK, 3, 1725), line(RICE, 1, 2300), note="for the office")
    device, branch = till.identity.device_id, till.identity.branch_id
    original = ReceiptReference(branch=branch, device=device, seq=DAY["sale"])
    discounted = msgspec.structs.replace(
        line(MILK, 1, 500, discount=75, discount_reason="a | dent", discount_approved_by=CASHIER),
        unit_price=575,
    )
    exchanged = receipt(discounted, line(RICE, 1, 2300), tender="exchange", customer=CUSTOMER)
    exchanged["payments"] = [
        Payment(tender="exchange", amount=575),
        Payment(tender="on_account", amount=exchanged["total"] - 575),
    ]
    wrong = receipt(line(MILK, 1, 575), tender="card") | {"total": 600}
    till.record(
        [
            Draft(StockAdjusted, {"reason": "opening", "lines": stock}),
            Draft(Sale, sold),
            Draft(Sale, receipt(line(RICE, 2, 4600), tender="mada")),
            Draft(Return, receipt(line(MILK, 1, 575, original_line=1), original=original)),
            Draft(Return, receipt(line(MILK, 1, 575), tender="card", original=None, approved_by=CASHIER)),
            Draft(Void, {"scope": "line", "amount": 500, "product": RICE, "reason": "too | dear"}),
            Draft(PriceOverridden, {"product": RICE, "price_before": 2300, "price_after": 2000}),
            Draft(DrawerOpened, {"reason": None, "approved_by": CASHIER}),
            Draft(CashMoved, {"currency": "SAR", "amount": -5_000, "reason": "bank"}),
            Draft(StockCounted, {"lines": [CountLine(product=MILK, counted=98_500)]}),
            Draft(
                StockAdjusted, {"reason": "damage", "lines": [AdjustmentLine(product=RICE, quantity=-500)]}
            ),
            Draft(Sale, wrong),
            Draft(CustomerSaved, {"customer": CUSTOMER, "name": "فهد | Fahad", "phone": "+966 500 000 000"}),
            Draft(Return, receipt(line(MILK, 1, 575), tender="exchange", original=original)),
            Draft(Sale, exchanged),
            Draft(ReceiptReprinted, {"receipt": original}),
            Draft(CashierSignedIn, {}),
        ]
    )
    expected = 20_000 + 4025 - 575 - 5_000
    till.record([Draft(ShiftClosed, {"currency": "SAR", "counted": expected + 5, "expected": expected})])


@pytest_asyncio.fixture
async def empty_shop(new_shard: Callable[[], Awaitable[str]], tmp_path: Path) -> AsyncIterator[Shop]:
    """A shard without any till yet."""
    dsn = await new_shard()
    owner = await open_pool(dsn, application_name="octonext-test", max_size=4)
    await owner.execute("SELECT ensure_month_partitions(current_date, 2)")
    clock, registry = SystemClock(), Registry()
    app_dsn = as_application(dsn)
    lane = Lane("sa-1", app_dsn, clock=clock, metrics=LaneMetrics(registry))
    sync = ShardSync(lane, [SHARD_KEY], clock=clock, metrics=SyncMetrics(registry))
    shop = Shop(app_dsn, owner, sync, tmp_path)
    for branch in (1, 2):
        await shop.put(
            "branch",
            str(branch),
            {
                "branch_id": branch,
                "shard_id": "sa-1",
                "code": f"B{branch:02}",
                "currency": "SAR",
                "time_zone": "Asia/Riyadh",
                "jurisdiction": "SA",
            },
        )
    tax = {"jurisdiction": "SA", "tax_class": "standard", "tax_code": "SA-S", "rate_ppm": 150_000}
    await shop.put("tax", "SA:standard", tax)
    yield shop
    shop.close_journals()
    await lane.close()
    await close_pool(owner)


@pytest_asyncio.fixture
async def shop(empty_shop: Shop) -> Shop:
    """Two tills of two branches after the same day, everything on the shard."""
    for device, branch in ((1, 1), (2, 2)):
        till = await empty_shop.enrol(device, branch)
        write_day(till)
        await empty_shop.push(till)
    return empty_shop

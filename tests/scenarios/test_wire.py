"""Pushes that come twice, out of order, altered or from a clone, on real lines to a real gateway."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from msgspec.structs import replace as replace_struct

from octonext.crypto.envelope import NONCE_BYTES, TAG_BYTES
from octonext.crypto.tls import client_context
from octonext.sales.entries import Payment, encode_entry
from octonext.sync.messages import (
    FRAME_BYTES_MAX,
    Ack,
    FromServer,
    Nack,
    Push,
    PushedEntry,
    PushedKey,
    Refused,
    SignedIn,
    SignIn,
)
from octonext.till.fleet import Fleet

from .conftest import Installation, ask_shard
from .neighbours import selling, selling_undisturbed
from .raw_till import DEADLINE_S, RawTill, line_of, take_till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("wire")]

#: How often two connections of one device take the line from each other.
FENCED_TIMES = 50
#: Entries sent at once by a till that forgets what its credits are.
ENTRIES_BEYOND_CREDITS = 1500
#: Where the tills of the tests stand, in their order.
SHARDS_OF_TILLS = ("kw-1", "sa-1", "kw-1", "sa-1", "kw-1", "sa-1", "kw-1", "kw-1")
#: What a clock may say: the edges of calendars, of columns, and a flat battery.
CLOCKS = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(1850, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2300, 1, 1, tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))),
)
NUMBERS = (
    b"%d" % (2**63 - 1),
    b"%d" % -(2**63),
    b"%d" % 2**64,
    b"1e308",
    b"-0.0",
    b"1E400",
    b"9" * 5000,
    b"null",
)
#: As many as fit a frame.
MANY_LINES = 800


@pytest.fixture(scope="module")
def tills(shared_installation: Installation) -> Iterator[RawTill]:
    """Tills that belong to no fleet, each used once."""
    taken = [take_till(shared_installation, shard_id) for shard_id in SHARDS_OF_TILLS]
    return iter(taken)


@pytest.fixture
def till(tills: Iterator[RawTill]) -> RawTill:
    """One of them, with a shift open and three sales made."""
    till = next(tills)
    till.open_shift()
    for _ in range(3):
        till.sell()
    return till


async def test_a_push_that_comes_again_is_answered_as_the_first_time_and_booked_once(
    shared_installation: Installation, till: RawTill, shared_fleet: Fleet
) -> None:
    async with selling(shared_installation, shared_fleet):
        async with line_of(shared_installation) as line:
            await line.hello(till)
            first = await line.push(till.push())
            assert first.outcomes == ["posted"] * 4
            assert await line.push(till.push()) == first
        # The till never heard the answer, and comes back on two lines at once.
        till.sell()
        answers = await asyncio.gather(*(push_on_own_line(shared_installation, till) for _ in range(2)))
        assert {"ack", "fenced"} >= {kind_of(answer) for answer in answers}
        assert "ack" in {kind_of(answer) for answer in answers}
        for name in ("gateway-0", f"postgres-{till.identity.shard_id}"):
            pid = shared_installation.pid(name)
            shared_installation.kill(name)
            await shared_installation.wait_until_back(name, pid)
            again = await push_until_taken(shared_installation, till)
            assert again.outcomes == ["posted"] * 5
            assert again.acked == till.head
        assert await sales_of(shared_installation, till) == 4


async def test_what_is_missing_or_altered_is_refused_with_its_reason_and_the_true_push_is_taken(
    shared_installation: Installation, till: RawTill, shared_fleet: Fleet
) -> None:
    async with selling_undisturbed(shared_installation, shared_fleet):
        async with line_of(shared_installation) as line:
            refused = await line.greet(till, signature=bytes(64))
            assert isinstance(refused, Nack)
            assert refused.reason == "bad_signature"
            assert await line.is_hung_up_on() == 1002
        async with line_of(shared_installation) as line:
            await line.hello(till)
            gap = await line.refused(till.push(3))
            assert (gap.reason, gap.expected) == ("gap", 1)
            for reason, push in altered(till):
                refused = await line.refused(push)
                assert refused.reason == reason, refused
            assert (await line.push(till.push())).acked == till.head
            # The end of a history that is not the shard's: a hash that follows from nothing is no fork.
            till.sell()
            assert (await line.push(till.push(till.seq))).outcomes == ["posted"]
        assert await sales_of(shared_installation, till) == 4


async def test_what_cannot_be_opened_is_kept_byte_for_byte_and_does_not_hold_up_what_follows(
    shared_installation: Installation, till: RawTill, shared_fleet: Fleet
) -> None:
    async with selling_undisturbed(shared_installation, shared_fleet):
        async with line_of(shared_installation) as line:
            await line.hello(till)
            assert (await line.push(till.push(1, 1))).outcomes == ["posted"]
            # Damaged on the till's own disk, before it was signed: each part of the sealed entry.
            for seq, place in ((2, 0), (3, NONCE_BYTES + 5), (4, -TAG_BYTES)):
                damaged = bytearray(till.entries[seq - 1].ciphertext)
                damaged[place] ^= 1
                till.entries[seq - 1] = replace(till.entries[seq - 1], ciphertext=bytes(damaged))
                assert (await line.push(till.push(seq, seq))).outcomes == ["quarantined"]
            till.sell()
            assert (await line.push(till.push(5))).outcomes == ["posted"]
            # A shift whose wrapped key was damaged: never to be opened, and not in the way either.
            till.open_shift()
            till.sell()
            [key] = till.wrapped([str(till.shift)])
            entries = [entry.pushed() for entry in till.entries[5:]]
            ack = await line.push(till.signed(6, entries, [flipped(key)]))
            assert ack.outcomes == ["quarantined"] * 2
            till.open_shift()
            till.sell()
            assert (await line.push(till.push(8))).outcomes == ["posted"] * 2
        kept = await ask_shard(
            shared_installation,
            till.identity.shard_id,
            "SELECT seq, ciphertext FROM device_journal"  # noqa: S608 -- a number of our own
            f" WHERE device_id = {till.device} AND outcome = 'quarantined' ORDER BY seq",
        )
        assert [row["seq"] for row in kept] == [2, 3, 4, 6, 7]
        assert all(row["ciphertext"] == till.entries[row["seq"] - 1].ciphertext for row in kept)


async def test_a_cloned_till_is_found_and_both_histories_are_kept(
    shared_installation: Installation, till: RawTill, shared_fleet: Fleet
) -> None:
    async with selling_undisturbed(shared_installation, shared_fleet):
        async with line_of(shared_installation) as line:
            await line.hello(till)
            await line.push(till.push())
        clone = till.clone()
        for each in (till, clone):
            each.sell()
            each.sell()
        async with line_of(shared_installation) as line:
            await line.hello(till)
            assert (await line.push(till.push(5))).outcomes == ["posted"] * 2
        async with line_of(shared_installation) as line:
            found = await line.greet(clone)
            assert isinstance(found, Nack)
            assert found.reason == "fork"
            assert await line.is_hung_up_on() == 1002
        # It sells on, is longer than the first now, and its hello tells nothing wrong.
        clone.sell()
        async with line_of(shared_installation) as line:
            await line.hello(clone)
            refused = await line.refused(clone.push(5))
            assert refused.reason == "fork"
            assert await line.is_hung_up_on() == 1002
        async with line_of(shared_installation) as line:
            assert (await line.hello(till)).acked == till.head
            till.sell()
            assert (await line.push(till.push(7))).acked == till.head
        assert await sales_of(shared_installation, till) == 6
        kept = await ask_shard(
            shared_installation,
            till.identity.shard_id,
            f"SELECT seq, hash FROM journal_fork WHERE device_id = {till.device} ORDER BY seq",  # noqa: S608
        )
        assert {row["seq"]: row["hash"] for row in kept} == {seq: clone.hash_at(seq) for seq in (5, 6, 7)}


async def test_a_till_that_forgets_its_credits_or_fights_itself_harms_nobody(
    shared_installation: Installation, till: RawTill, shared_fleet: Fleet
) -> None:
    async with selling_undisturbed(shared_installation, shared_fleet):
        for _ in range(ENTRIES_BEYOND_CREDITS - till.seq):
            till.sell()
        async with line_of(shared_installation) as line:
            welcome = await line.hello(till)
            assert welcome.credits.entries < till.seq
            frames = [till.push(first, first + 49) for first in range(1, till.seq, 50)]
            sending = asyncio.create_task(send_all(line, frames))
            for frame in frames:
                assert (await line.receive_a(Ack)).first == frame.first
            await sending
        fenced = 0
        for _ in range(FENCED_TIMES):
            till.sell()
            async with line_of(shared_installation) as older, line_of(shared_installation) as newer:
                await older.hello(till)
                await newer.hello(till)
                fenced += (await older.refused(till.push(till.seq))).reason == "fenced"
                assert (await newer.push(till.push(till.seq))).acked == till.head
        assert fenced == FENCED_TIMES
        assert await sales_of(shared_installation, till) == till.seq - 1


async def test_a_clock_off_by_ages_holds_up_no_sale_and_no_report(
    shared_installation: Installation, till: RawTill, shared_fleet: Fleet
) -> None:
    async with selling_undisturbed(shared_installation, shared_fleet):
        for clock_ms in (None, -(2**53), 0, 2**53):
            async with line_of(shared_installation) as line:
                await line.hello(till, **({} if clock_ms is None else {"clock_ms": clock_ms}))
                first = till.seq + 1 if clock_ms is not None else 1
                for at in CLOCKS:
                    till.open_shift(at)
                    till.sell(at)
                    till.close_shift(at)
                ack = await line.push(till.push(first))
                assert ack.outcomes.count("quarantined") == 0
                # A wrong clock while a shift opens is for somebody to look at.
                cases = 0 if clock_ms is None else len(CLOCKS)
                assert ack.outcomes.count("posted_with_case") == cases
        assert await sales_of(shared_installation, till) == 4 * len(CLOCKS) + 3
    wrong = await ask_shard(
        shared_installation,
        till.identity.shard_id,
        "SELECT seq FROM sale WHERE device_id ="  # noqa: S608 -- a number of our own
        f" {till.device} AND (occurred_at > posted_at OR NOT isfinite(till_at) OR till_at < '1970-01-01')",
    )
    assert wrong == []


async def test_numbers_and_texts_at_their_edges_end_booked_or_quarantined_and_hold_up_nothing(
    shared_installation: Installation, till: RawTill, shared_fleet: Fleet
) -> None:
    async with (
        selling_undisturbed(shared_installation, shared_fleet),
        line_of(shared_installation) as line,
    ):
        await line.hello(till)
        assert (await line.push(till.push())).outcomes == ["posted"] * 4
        first = till.seq + 1
        for name in ("quantity", "unit_price", "tax", "total", "rate_ppm", "hlc", "seq", "v", "amount"):
            for value in NUMBERS:
                sale = encode_entry(till.sale())
                till.write(
                    re.sub(rb'"%b":\d+' % name.encode(), b'"%b":%b' % (name.encode(), value), sale, count=1)
                )
        for wrong in (b"", b"\0" * 1000, b"[" * 50_000, b'"\xff\xfe"', b"{}", till.entries[0].plaintext):
            till.write(wrong)
        for start in range(first, till.seq + 1, 32):
            ack = await line.push(till.push(start, start + 31))
            assert set(ack.outcomes) == {"quarantined"}
        line_of_goods = till.sale().lines[0]
        till.write(
            till.sale(
                lines=[line_of_goods] * MANY_LINES,
                payments=[Payment(tender="cash", amount=MANY_LINES * 1000)],
                total=MANY_LINES * 1000,
            )
        )
        till.sell(note="\u202e" * 200)
        assert (await line.push(till.push(till.seq - 1))).outcomes == ["posted"] * 2
        till.write(b"x" * FRAME_BYTES_MAX)
        refused = await line.refused(till.push(till.seq))
        assert refused.reason == "bad_frame"


async def send_all(line: object, frames: list[Push]) -> None:
    for frame in frames:
        await line.send(frame)  # type: ignore[attr-defined]


async def push_on_own_line(installation: Installation, till: RawTill) -> FromServer:
    async with line_of(installation) as line:
        await line.hello(till)
        await line.send(till.push())
        return await line.receive()


async def push_until_taken(installation: Installation, till: RawTill) -> Ack:
    """As a till does: what is overloaded or not back yet is tried again."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with line_of(installation) as line:
                    if isinstance(await line.greet(till), Nack):
                        continue
                    await line.send(till.push())
                    if isinstance(answer := await line.receive(), Ack):
                        return answer
            except OSError:
                pass
            await asyncio.sleep(0.05)


def kind_of(answer: FromServer) -> str:
    return answer.reason if isinstance(answer, Nack) else "ack"


def altered(till: RawTill) -> Iterator[tuple[str, Push]]:
    """Every part of a push with one bit that flipped on the way, and what the gateway says to it."""
    true = till.push()
    last = true.entries[-1]
    yield "bad_signature", replace_struct(true, signature=flip(true.signature, 0))
    yield "bad_signature", replace_struct(true, signature=flip(true.signature, 40))
    for place in (0, NONCE_BYTES + 5, -TAG_BYTES):
        yield "bad_signature", with_last(true, c=flip(last.c, place))
    yield "bad_signature", with_last(true, h=flip(last.h, 0))
    yield "bad_chain", replace_struct(true, prev=flip(true.prev, 0))
    # Signed by the till itself, which got its own hashes wrong.
    entries = [*true.entries[:-1], with_last(true, h=flip(last.h, 31)).entries[-1]]
    yield "bad_chain", till.signed(1, entries)
    middle = replace_struct(true.entries[1], h=flip(true.entries[1].h, 0))
    yield "bad_chain", replace_struct(true, entries=[true.entries[0], middle, *true.entries[2:]])
    yield "unknown_key", replace_struct(true, keys=[])
    yield "unknown_key", with_last(true, k="another")


def with_last(push: Push, **changes: object) -> Push:
    entry: PushedEntry = replace_struct(push.entries[-1], **changes)
    return replace_struct(push, entries=[*push.entries[:-1], entry])


def flipped(key: PushedKey) -> PushedKey:
    return replace_struct(key, wrapped=flip(key.wrapped, -1))


def flip(data: bytes, place: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


async def sales_of(installation: Installation, till: RawTill) -> int:
    query = f"SELECT count(*) AS sales FROM sale WHERE device_id = {till.device}"  # noqa: S608
    [row] = await ask_shard(installation, till.identity.shard_id, query)
    sales: int = row["sales"]
    return sales


async def test_a_pin_gives_a_till_the_share_of_its_enrolment_until_the_till_is_reported_stolen(
    shared_installation: Installation, till: RawTill
) -> None:
    headers = {"Authorization": f"Bearer {shared_installation.secret}"}
    tls = client_context(shared_installation.layout.root_certificate)
    url = f"{shared_installation.state.gateways[0]}/api/v1"
    async with (
        httpx.AsyncClient(base_url=url, verify=tls, headers=headers, timeout=DEADLINE_S) as office,
        line_of(shared_installation) as line,
    ):
        branch = (await office.get(f"/branches/{till.identity.branch_id}")).json()
        body = {"region_id": branch["region_id"], "code": "77", "name_en": "Seventy-seven", "pin": "482139"}
        cashier = (await office.post("/cashiers", json=body)).json()
        await line.hello(till)
        known = "SELECT FROM reference WHERE kind = 'cashier' AND key = $1"
        async with asyncio.timeout(DEADLINE_S):
            while not await ask_shard(shared_installation, till.identity.shard_id, known, cashier["user_id"]):
                await asyncio.sleep(0.05)
        await line.send(SignIn(id=1, cashier="77", pin="482138"))
        assert (await line.receive_a(Refused)).reason == "wrong_pin"
        await line.send(SignIn(id=2, cashier="77", pin="482139"))
        answer = await line.receive_a(SignedIn)
        assert (str(answer.cashier), answer.share) == (cashier["user_id"], till.identity.device_share)
        revoked = await office.post(f"/tills/{till.device}/revoke", json={"reason": "stolen"})
        assert revoked.status_code == 200
        told = await line.receive_a(Nack)
        assert (told.reason, told.detail.partition(":")[0]) == ("revoked", "stolen")
        await line.is_hung_up_on()
    async with line_of(shared_installation) as line:
        again = await line.greet(till)
        assert isinstance(again, Nack)
        assert again.reason == "revoked"

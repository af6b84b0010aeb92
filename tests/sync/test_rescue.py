"""A till hands over the journal of another one, verbatim: lost, broken, or ended by head office."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from octonext.crypto.envelope import new_shift_key, shard_public_spki, wrap_for_shard
from octonext.crypto.signature import public_spki
from octonext.runtime.actor import Actor, device_actor
from octonext.sync.asking import answer
from octonext.sync.messages import (
    Ack,
    Nack,
    Push,
    PushedEntry,
    PushedKey,
    Refused,
    Rescue,
    Rescued,
    RescuedPush,
)
from octonext.sync.receipt_messages import FindReceipt
from octonext.sync.service import TillSession

from .conftest import MILK, SHARD_KEY, JournalWriter, Shard


@pytest.fixture
def helper() -> JournalWriter:
    return JournalWriter(device=2)


def asked(of: JournalWriter, push: Push | None = None, **more: Any) -> Rescue:
    push = push or of.push()
    body = RescuedPush(
        first=push.first, prev=push.prev, entries=push.entries, keys=push.keys, signature=push.signature
    )
    members: dict[str, Any] = {"id": 5, "device": of.device, "push": body} | more
    return Rescue(**members)


def actor(till: JournalWriter) -> Actor:
    return device_actor(till.device, public_spki(till.private), app="test", ip="10.0.0.2", user_agent=None)


async def rescue(shard: Shard, helper: JournalWriter, request: Rescue) -> Rescued | Refused:
    return await shard.sync.rescue(await shard.connect(helper), request, actor(helper))


async def refusal(shard: Shard, helper: JournalWriter, request: Rescue) -> Refused:
    answer = await rescue(shard, helper, request)
    assert isinstance(answer, Refused), answer
    assert answer.id == request.id
    return answer


async def day(till: JournalWriter) -> None:
    till.open_shift()
    for _ in range(3):
        till.sell((MILK, 1))


async def test_a_till_that_was_never_heard_is_booked_whole_and_the_trail_says_by_whom(
    shard: Shard, till: JournalWriter, helper: JournalWriter
) -> None:
    await shard.enrol(till, helper)
    await day(till)
    answer = await rescue(shard, helper, asked(till))
    assert isinstance(answer, Rescued), answer
    assert (answer.id, answer.acked, answer.outcomes) == (5, till.head, ["posted"] * 4)
    assert await shard.value("SELECT count(*) FROM sale WHERE device_id = 1") == 3
    # a second time it is known, and nothing new is noted
    assert await rescue(shard, helper, asked(till)) == answer
    events = await shard.pool.fetch(
        "SELECT t.device_id, t.actor_ip::text AS ip, c.after::text AS detail FROM audit_change c"
        " JOIN audit_transaction t USING (xid, at) WHERE c.key ->> 'event' = 'journal_rescued'"
    )
    assert [(row["device_id"], msgspec.json.decode(row["detail"])) for row in events] == [
        (2, {"branch_id": 1, "device_id": 1, "first_seq": 1, "last_seq": 4, "revoked": False})
    ]
    assert await shard.cases() == []
    # the till itself comes back and goes on as if it had been there
    session = await shard.connect(till)
    assert session.acked == till.head
    till.sell((MILK, 1))
    assert isinstance(await shard.sync.push(session, till.push(5)), Ack)


async def test_a_living_till_is_not_fenced_and_both_may_push_the_same_at_once(
    shard: Shard, till: JournalWriter, helper: JournalWriter
) -> None:
    await shard.enrol(till, helper)
    session, by = await shard.connect(till), await shard.connect(helper)
    await day(till)
    for _ in range(40):
        till.sell((MILK, 1))

    async def itself() -> list[Any]:
        return [await shard.sync.push(session, till.push(n, n + 3)) for n in range(1, till.seq - 2, 4)]

    async def handed_over() -> list[Any]:
        pushes = [till.push(n, n + 1) for n in range(1, till.seq, 2)]
        return [await shard.sync.rescue(by, asked(till, push), actor(helper)) for push in pushes]

    own, rescued = await asyncio.gather(itself(), handed_over())
    assert all(isinstance(each, Ack) for each in own), own
    # what came before its predecessor was booked by the till itself is told what is expected
    assert all(isinstance(each, Rescued) or each.reason == "gap" for each in rescued), rescued
    assert any(isinstance(each, Rescued) for each in rescued)
    assert isinstance(await shard.sync.push(session, till.push()), Ack)
    assert await shard.value("SELECT count(*) FROM sale") == 43
    assert await shard.value("SELECT -on_hand FROM stock_balance") == 43_000
    assert await shard.cases() == []


async def test_what_a_revoked_till_sold_is_booked_and_somebody_is_told_once(
    shard: Shard, till: JournalWriter, helper: JournalWriter
) -> None:
    await shard.enrol(helper)
    await shard.enrol(till, status="revoked")
    await day(till)
    nonce = b"n" * 32
    turned_away = await shard.sync.open_session(till.hello(nonce), nonce)
    assert isinstance(turned_away, Nack)
    first = await rescue(shard, helper, asked(till, till.push(1, 2)))
    second = await rescue(shard, helper, asked(till, till.push(3)))
    assert isinstance(first, Rescued)
    assert isinstance(second, Rescued)
    assert await shard.cases() == ["rescued_after_revocation"]
    assert await shard.value("SELECT case_count FROM device_head WHERE device_id = 1") == 1
    assert await shard.value("SELECT count(*) FROM device_journal WHERE outcome = 'posted'") == 4


async def test_a_journal_is_only_taken_from_its_own_branch_and_from_a_till_that_is_known(
    shard: Shard, till: JournalWriter
) -> None:
    stranger = JournalWriter(branch=2, device=3)
    await shard.enrol(till, stranger)
    await day(till)
    assert (await refusal(shard, stranger, asked(till))).reason == "other_branch"
    assert (await refusal(shard, stranger, asked(till, device=99))).reason == "unknown_device"
    assert await shard.value("SELECT count(*) FROM device_journal") == 0


async def test_what_is_damaged_forged_or_out_of_order_is_refused_and_changes_nothing(
    shard: Shard, till: JournalWriter, helper: JournalWriter
) -> None:
    await shard.enrol(till, helper)
    await day(till)
    later = await refusal(shard, helper, asked(till, till.push(3)))
    assert (later.reason, later.expected) == ("gap", 1)
    assert (await refusal(shard, helper, asked(till, till.push(keys=False)))).reason == "unknown_key"
    flipped = till.push()
    entries = [*flipped.entries]
    sealed = bytes([entries[1].c[0] ^ 1]) + entries[1].c[1:]
    entries[1] = PushedEntry(k=entries[1].k, h=entries[1].h, c=sealed)
    damaged = msgspec.structs.replace(flipped, entries=entries)
    assert (await refusal(shard, helper, asked(till, damaged))).reason == "bad_signature"
    # signed by the till that hands it over instead of the one that wrote it
    forged = JournalWriter(device=1)
    forged.entries, forged.keys, forged.shift = till.entries, till.keys, till.shift
    assert (await refusal(shard, helper, asked(till, forged.push()))).reason == "bad_signature"
    wrong = [PushedEntry(k=e.k, h=bytes(31) + bytes([n]), c=e.c) for n, e in enumerate(till.push().entries)]
    broken = till.signed(1, wrong, till.push().keys)
    assert (await refusal(shard, helper, asked(till, broken))).reason == "bad_chain"
    assert await shard.value("SELECT count(*) FROM device_journal") == 0
    assert isinstance(await rescue(shard, helper, asked(till)), Rescued)


async def test_another_history_is_kept_as_a_fork(
    shard: Shard, till: JournalWriter, helper: JournalWriter
) -> None:
    await shard.enrol(till, helper)
    await day(till)
    clone = JournalWriter(private=till.private)
    await day(clone)
    assert isinstance(await shard.sync.push(await shard.connect(till), till.push()), Ack)
    assert (await refusal(shard, helper, asked(clone))).reason == "fork"
    assert await shard.cases() == ["fork"]


async def test_the_clock_of_the_rescued_till_is_corrected_as_it_was_last_measured(
    shard: Shard, till: JournalWriter, helper: JournalWriter
) -> None:
    await shard.enrol(till, helper)
    nonce, wrong = b"n" * 32, datetime.now(UTC) - timedelta(hours=5)
    hello = till.hello(nonce, clock_ms=int(wrong.timestamp() * 1000))
    assert isinstance(await shard.sync.open_session(hello, nonce), TillSession)
    till.open_shift()
    template = msgspec.json.decode(till.entries.pop()[0])
    till.write(msgspec.json.encode(template | {"at": wrong.isoformat()}))
    assert isinstance(await rescue(shard, helper, asked(till)), Rescued)
    opened_at = await shard.value("SELECT opened_at FROM shift")
    assert abs(opened_at - datetime.now(UTC)) < timedelta(minutes=2)


async def test_a_till_that_was_ended_meanwhile_hands_nothing_over_and_is_told_nothing(
    shard: Shard, till: JournalWriter, helper: JournalWriter
) -> None:
    await shard.enrol(till, helper)
    await day(till)
    session = await shard.connect(helper)
    await shard.enrol(helper, status="revoked")
    for request in (asked(till), FindReceipt(id=1, branch=1, device=1, seq=1)):
        answered = await answer(None, shard.sync, session, request, actor(helper))
        assert isinstance(answered, Nack)
        assert answered.reason == "revoked"
    assert await shard.value("SELECT count(*) FROM device_journal") == 0


async def test_whoever_hands_a_journal_over_cannot_spoil_it_with_keys_that_are_not_the_tills(
    shard: Shard, till: JournalWriter, helper: JournalWriter
) -> None:
    await shard.enrol(till, helper)
    await day(till)
    first_shift = till.push(1, 4)
    till.open_shift()
    spoilt = [
        PushedKey(
            id=key_id,
            wrapped=wrap_for_shard(new_shift_key(), shard_public_spki(SHARD_KEY), device=1, key_id=key_id),
        )
        for key_id in till.keys
    ]
    # another key for the entries themselves, and right keys with a wrong one for entries still to come
    replaced = await refusal(shard, helper, asked(till, msgspec.structs.replace(first_shift, keys=spoilt)))
    assert replaced.reason == "unknown_key"
    added = msgspec.structs.replace(first_shift, keys=[*first_shift.keys, spoilt[1]])
    assert isinstance(await rescue(shard, helper, asked(till, added)), Rescued)
    answer = await shard.sync.push(await shard.connect(till), till.push(5))
    assert isinstance(answer, Ack)
    assert answer.outcomes == ["posted"]
    assert await shard.value("SELECT count(*) FROM device_journal WHERE outcome = 'quarantined'") == 0

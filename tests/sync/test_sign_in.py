"""A cashier signs in online: the right PIN gives the till its share, wrong ones lock out, all is recorded."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from octonext.base.clock import SystemClock
from octonext.base.ids import new_uuid7
from octonext.crypto.device_share import DeviceShares, device_share
from octonext.crypto.envelope import Argon2Cost
from octonext.crypto.secrets import hash_secret, verify_secret
from octonext.edge.limits import Limit
from octonext.identity import slow_hashing
from octonext.runtime.actor import Actor
from octonext.sync.messages import Nack, Refused, SignedIn, SignIn, encode
from octonext.sync.service import TillSession, sign_in
from octonext.sync.service.sign_in import LIMITS, SignIns

from .conftest import SHARE_KEY as KEY
from .conftest import JournalWriter, Shard
from .gateway import Gateway

PIN = "482139"
CHEAP = Argon2Cost(time=1, memory_kib=8, lanes=1)
ONLY_BY_CODE = replace(LIMITS, device_free=1000, device_most=2000)
TILL = Actor(kind="device", id="1", device_id=1, ip="10.1.2.3")


@pytest.fixture
def desk() -> SignIns:
    return SignIns(DeviceShares(lambda: [KEY]), SystemClock())


async def put_cashier(shard: Shard, code: str = "17", pin: str = PIN, **changes: Any) -> UUID:
    user_id: UUID = changes.pop("user_id", new_uuid7())
    fields = {"user_id": str(user_id), "code": code, "branch_ids": [], "active": True}
    await shard.put_reference(
        "cashier", str(user_id), fields | {"pin_hash": hash_secret(pin, CHEAP)} | changes
    )
    return user_id


@pytest_asyncio.fixture
async def session(shard: Shard, till: JournalWriter) -> TillSession:
    """A connected till, in whose branch cashier 17 works."""
    await shard.enrol(till)
    await put_cashier(shard)
    return await shard.connect(till)


async def ask(
    desk: SignIns, shard: Shard, session: TillSession, code: str = "17", pin: str = PIN
) -> SignedIn | Refused | Nack:
    return await desk.answer(shard.sync, session, SignIn(id=7, cashier=code, pin=pin), TILL)


async def refused(
    desk: SignIns, shard: Shard, session: TillSession, code: str = "17", pin: str = PIN
) -> Refused:
    answer = await ask(desk, shard, session, code, pin)
    assert isinstance(answer, Refused), answer
    assert answer.id == 7
    return answer


async def events(shard: Shard, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    rows = await shard.pool.fetch(
        "SELECT c.key ->> 'event' AS kind, c.after::text AS detail FROM audit_change c"
        " JOIN audit_transaction t ON t.at = c.at AND t.xid = c.xid"
        " WHERE c.key ->> 'event' = ANY ($1) AND t.device_id = 1 AND host(t.actor_ip) = '10.1.2.3'"
        " ORDER BY c.xid, c.id",
        kinds,
    )
    return [(row["kind"], json.loads(row["detail"])) for row in rows]


async def wait_over(shard: Shard) -> None:
    """What waiting does, without waiting."""
    await shard.pool.execute("UPDATE sign_in_count SET free_at = now()")


async def fail(desk: SignIns, shard: Shard, session: TillSession, times: int, code: str = "17") -> Refused:
    for _ in range(times):
        await wait_over(shard)
        answer = await refused(desk, shard, session, code=code, pin="0000")
        assert answer.reason == "wrong_pin"
    return answer


async def test_the_right_pin_gives_the_till_the_share_that_it_always_has(
    shard: Shard, till: JournalWriter, desk: SignIns
) -> None:
    await shard.enrol(till)
    user_id = await put_cashier(shard)
    session = await shard.connect(till)
    share = device_share(KEY, device=1, generation=1)
    assert len(share) == 32
    assert await ask(desk, shard, session) == SignedIn(id=7, cashier=user_id, share=share)
    assert await ask(SignIns(DeviceShares(lambda: [KEY]), SystemClock()), shard, session) == SignedIn(
        id=7, cashier=user_id, share=share
    )
    where = {"branch_id": 1, "device_id": 1, "cashier": str(user_id)}
    assert await events(shard, "cashier_signed_in") == [("cashier_signed_in", where)] * 2


async def test_a_share_follows_the_key_that_the_till_was_enrolled_with_and_its_generation(
    shard: Shard, session: TillSession
) -> None:
    rotated = SignIns(DeviceShares(lambda: [bytes(32), KEY]), SystemClock())
    answer = await ask(rotated, shard, session)
    assert isinstance(answer, SignedIn)
    assert answer.share == device_share(KEY, device=1, generation=1)
    shares = {device_share(KEY, device=1, generation=2), device_share(KEY, device=2, generation=1)}
    assert answer.share not in shares
    assert len(shares) == 2


async def test_a_share_whose_key_is_lost_is_unavailable_and_not_another_one(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    await put_cashier(shard)
    answer = await refused(SignIns(DeviceShares(list), SystemClock()), shard, await shard.connect(till))
    assert answer.reason == "unavailable"


async def test_a_wrong_pin_and_an_unknown_code_are_told_alike_and_take_the_same_work(
    shard: Shard, till: JournalWriter, desk: SignIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shard.enrol(till)
    user_id = await put_cashier(shard)
    await put_cashier(shard, "18", active=False)
    await put_cashier(shard, "19", branch_ids=[2])
    hashes: list[str] = []
    real = verify_secret

    def observed(pin: str, known: str) -> bool:
        hashes.append(known)
        return real(pin, known)

    monkeypatch.setattr(slow_hashing, "verify_secret", observed)
    session = await shard.connect(till)
    answers = [await refused(desk, shard, session, pin="0000")]
    answers += [await refused(desk, shard, session, code=code) for code in ("18", "19", "20")]
    assert answers == [answers[0]] * 4
    assert answers[0].reason == "wrong_pin"
    assert len(hashes) == 4
    assert all("$m=19456,t=2,p=1$" in each for each in hashes[1:])
    told = await events(shard, "cashier_sign_in_failed")
    assert [detail["cashier"] for _, detail in told] == [str(user_id), None, None, None]
    assert "482139" not in json.dumps(told)


async def test_a_cashier_of_the_tills_own_branch_signs_in(
    shard: Shard, till: JournalWriter, desk: SignIns
) -> None:
    await shard.enrol(till)
    await put_cashier(shard, branch_ids=[1, 2])
    assert isinstance(await ask(desk, shard, await shard.connect(till)), SignedIn)


async def test_the_fifth_wrong_pin_in_a_row_costs_a_minute_and_each_further_one_twice_as_long(
    shard: Shard, session: TillSession, desk: SignIns
) -> None:
    assert (await fail(desk, shard, session, 4)).retry_after_ms is None
    assert (await fail(desk, shard, session, 1)).retry_after_ms == 60_000
    # even the right PIN, and without any Argon2id
    locked = await refused(desk, shard, session)
    assert locked.reason == "locked_out"
    assert 50_000 < (locked.retry_after_ms or 0) <= 60_000
    assert (await fail(desk, shard, session, 1)).retry_after_ms == 120_000
    assert (await fail(desk, shard, session, 1)).retry_after_ms == 240_000
    await wait_over(shard)
    assert isinstance(await ask(desk, shard, session), SignedIn)
    assert (await fail(desk, shard, session, 1)).retry_after_ms is None, "a right PIN ends the row"


async def test_the_twentieth_wrong_pin_locks_out_for_a_day_until_head_office_gives_a_new_one(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    user_id = await put_cashier(shard)
    session = await shard.connect(till)
    desk = SignIns(DeviceShares(lambda: [KEY]), SystemClock(), ONLY_BY_CODE)
    assert (await fail(desk, shard, session, 20)).retry_after_ms == 24 * 3600 * 1000
    assert (await refused(desk, shard, session)).reason == "locked_out"
    assert [kind for kind, _ in await events(shard, "cashier_locked_out")] == ["cashier_locked_out"]
    await put_cashier(shard, pin="5555", user_id=user_id)
    assert isinstance(await ask(desk, shard, session, pin="5555"), SignedIn)


async def test_a_lock_out_is_over_after_a_day_and_the_count_begins_anew(
    shard: Shard, session: TillSession
) -> None:
    desk = SignIns(DeviceShares(lambda: [KEY]), SystemClock(), ONLY_BY_CODE)
    await fail(desk, shard, session, 20)
    await shard.pool.execute(
        "UPDATE sign_in_count SET free_at = free_at - i, failed_at = failed_at - i"
        " FROM (VALUES (interval '24 h')) AS t (i)"
    )
    assert (await fail(desk, shard, session, 1)).retry_after_ms is None


async def test_a_till_is_locked_out_whatever_codes_it_tries_until_head_office_unlocks_it(
    shard: Shard, till: JournalWriter, desk: SignIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "ASKED", Limit("till_sign_in", attempts=1000, window_s=60))
    await shard.enrol(till)
    await put_cashier(shard)
    session = await shard.connect(till)
    for number in range(9):
        assert (await fail(desk, shard, session, 1, f"A{number}")).retry_after_ms is None
    # whoever knows one PIN gets no further with the others
    assert isinstance(await ask(desk, shard, session), SignedIn)
    assert (await fail(desk, shard, session, 1, "B1")).retry_after_ms == 60_000
    for number in range(20):
        answer = await fail(desk, shard, session, 1, f"C{number}")
    assert answer.retry_after_ms == 24 * 3600 * 1000
    assert (await refused(desk, shard, session)).reason == "locked_out"
    assert [kind for kind, _ in await events(shard, "till_locked_out")] == ["till_locked_out"]
    await shard.enrol(till, unlocked_at="2026-11-22T10:00:00Z")
    assert isinstance(await ask(desk, shard, session), SignedIn)


async def test_guesses_at_the_same_time_count_like_guesses_one_after_the_other(
    shard: Shard, session: TillSession, desk: SignIns
) -> None:
    answers = await asyncio.gather(*(refused(desk, shard, session, pin="0000") for _ in range(12)))
    assert sorted(answer.reason for answer in answers) == ["locked_out"] * 7 + ["wrong_pin"] * 5


async def test_a_till_that_asks_without_end_is_told_to_wait_even_with_the_right_pin(
    shard: Shard, session: TillSession, desk: SignIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "ASKED", Limit("till_sign_in", attempts=2, window_s=60))
    assert isinstance(await ask(desk, shard, session), SignedIn)
    assert isinstance(await ask(desk, shard, session), SignedIn)
    answer = await refused(desk, shard, session)
    assert (answer.reason, (answer.retry_after_ms or 0) > 1000) == ("locked_out", True)


async def test_a_fenced_connection_and_a_revoked_till_get_no_share(
    shard: Shard, till: JournalWriter, desk: SignIns
) -> None:
    await shard.enrol(till)
    await put_cashier(shard)
    older = await shard.connect(till)
    newer = await shard.connect(till)
    answer = await ask(desk, shard, older)
    assert isinstance(answer, Nack)
    assert answer.reason == "fenced"
    await shard.enrol(till, status="revoked", reason="stolen", share_generation=2)
    answer = await ask(desk, shard, newer)
    assert isinstance(answer, Nack)
    assert (answer.reason, answer.detail.partition(":")[0]) == ("revoked", "stolen")


async def test_a_shard_that_is_away_refuses_for_now(
    shard: Shard, till: JournalWriter, desk: SignIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shard.enrol(till)
    session = await shard.connect(till)
    await shard.lane.close()
    answer = await refused(desk, shard, session)
    assert answer.reason == "unavailable"
    assert answer.retry_after_ms


async def test_the_gateways_role_counts_only_by_the_functions_and_a_hand_is_recorded(
    shard: Shard, till: JournalWriter, desk: SignIns, shard_app_database: asyncpg.Pool
) -> None:
    await shard.enrol(till)
    await put_cashier(shard)
    await fail(desk, shard, await shard.connect(till), 1)
    for statement in ("DELETE FROM sign_in_count", "UPDATE sign_in_count SET failures = 0"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await shard_app_database.execute(statement)
    recorded = "SELECT count(*) FROM audit_change WHERE table_name = 'sign_in_count'"
    before = await shard.value(recorded)
    await shard.pool.execute("DELETE FROM sign_in_count")
    assert await shard.value(recorded) == before + 2


async def test_a_cashier_signs_in_over_the_wire_and_the_conversation_goes_on(
    gateway: Gateway, shard: Shard, till: JournalWriter, desk: SignIns
) -> None:
    gateway.sync.sign_ins = desk
    await shard.enrol(till)
    user_id = await put_cashier(shard)
    async with gateway.line() as line:
        await line.hello(till)
        await line.send(SignIn(id=1, cashier="17", pin="0000"))
        answer = await line.receive()
        assert isinstance(answer, Refused)
        assert (answer.id, answer.reason) == (1, "wrong_pin")
        await line.send(SignIn(id=2, cashier="17", pin=PIN))
        signed_in = await line.receive()
        assert isinstance(signed_in, SignedIn)
        assert (signed_in.id, signed_in.cashier) == (2, user_id)
        assert json.loads(encode(signed_in))["t"] == "signed_in"


async def test_nobody_signs_in_before_the_till_has_said_who_it_is(
    gateway: Gateway, shard: Shard, till: JournalWriter, desk: SignIns
) -> None:
    gateway.sync.sign_ins = desk
    await shard.enrol(till)
    await put_cashier(shard)
    async with gateway.line() as line:
        await line.receive()
        await line.send(SignIn(id=1, cashier="17", pin=PIN))
        answer = await line.receive()
        assert isinstance(answer, Nack)
        assert answer.reason == "bad_frame"
        assert await line.is_hung_up_on()


@pytest.mark.parametrize("reason", ["revoked", "stolen"])
async def test_a_connected_till_that_is_revoked_is_told_why_and_hung_up_on_while_others_go_on(
    gateway: Gateway, shard: Shard, till: JournalWriter, reason: str
) -> None:
    other = JournalWriter(device=2)
    await shard.enrol(till, other)
    async with gateway.line() as line, gateway.line() as neighbour:
        await line.hello(till)
        await neighbour.hello(other)
        await shard.enrol(till, status="revoked", reason=reason)
        await gateway.sync.refresh(shard.sync)
        answer = await line.receive()
        assert isinstance(answer, Nack)
        assert (answer.reason, answer.detail.partition(":")[0]) == ("revoked", reason)
        assert await line.is_hung_up_on()
        other.open_shift()
        await neighbour.send(other.push())
        assert (await neighbour.receive()).__struct_config__.tag == "ack"


def test_neither_pin_nor_share_shows_where_a_message_is_logged() -> None:
    assert PIN not in repr(SignIn(id=1, cashier="17", pin=PIN))
    assert "xxxx" not in repr(SignedIn(id=1, cashier=new_uuid7(), share=b"x" * 32))


async def test_another_branch_of_the_region_where_the_cashier_does_not_work_clears_no_count(
    shard: Shard, till: JournalWriter, desk: SignIns
) -> None:
    elsewhere = JournalWriter(branch=2, device=2)
    await shard.enrol(till, elsewhere)
    await put_cashier(shard, branch_ids=[1])
    here, there = await shard.connect(till), await shard.connect(elsewhere)
    await fail(desk, shard, here, 4)
    assert (await fail(desk, shard, there, 1)).retry_after_ms == 60_000
    assert (await fail(desk, shard, here, 1)).retry_after_ms == 120_000


async def test_a_till_forgets_wrong_pins_of_yesterday_though_people_signed_in_all_the_time(
    shard: Shard, session: TillSession, desk: SignIns
) -> None:
    for number in range(9):
        await fail(desk, shard, session, 1, f"A{number}")
    await shard.pool.execute("UPDATE sign_in_count SET failed_at = failed_at - interval '20 h'")
    assert isinstance(await ask(desk, shard, session), SignedIn)
    await shard.pool.execute("UPDATE sign_in_count SET failed_at = failed_at - interval '5 h'")
    assert (await fail(desk, shard, session, 1, "B1")).retry_after_ms is None

"""Customers: saved at tills, kept on their shard, last word wins, and in no report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from octonext.sales.entries import CustomerSaved, Payment, Sale
from octonext.sync.messages import Ack

from .conftest import MILK, JournalWriter, Shard

FAHAD = UUID("01900000-0000-7000-8000-0000000000f1")
SECRETS: dict[str, Any] = {
    "name": "فهد Somebody",
    "phone": "+965 5000 1111",
    "email": "f@example.com",
    "note": "likes tea",
}


def save(till: JournalWriter, at: datetime | None = None, **more: Any) -> int:
    members: dict[str, Any] = till.common(at) | {"customer": FAHAD, "name": "Fahad"} | more
    return till.write(CustomerSaved(**members))


async def pushed(shard: Shard, till: JournalWriter, first: int = 1) -> list[str]:
    answer = await shard.sync.push(await shard.connect(till), till.push(first))
    assert isinstance(answer, Ack), answer
    return list(answer.outcomes)


async def test_a_customer_is_what_was_said_last_and_all_of_it(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    save(till, phone="+965 5000 1111", note="regular")
    save(till, name="Fahad A.", email="f@example.com")
    assert await pushed(shard, till) == ["posted"] * 3
    row = await shard.pool.fetchrow("SELECT * FROM customer")
    assert row is not None
    assert (row["customer_id"], row["name"], row["phone"], row["email"], row["note"], row["seq"]) == (
        FAHAD, "Fahad A.", None, "f@example.com", None, 3,
    )  # fmt: skip


async def test_the_later_saving_of_two_tills_counts_whichever_arrives_first(
    shard: Shard, till: JournalWriter
) -> None:
    other, now = JournalWriter(branch=2, device=2), datetime.now(UTC)
    await shard.enrol(till, other)
    till.open_shift()
    other.open_shift()
    save(till, now - timedelta(minutes=1), name="later")
    save(other, now - timedelta(hours=9), name="earlier")
    await pushed(shard, till)
    await pushed(shard, other)
    assert await shard.value("SELECT name FROM customer") == "later"
    save(other, now, name="latest")
    await pushed(shard, other, 3)
    assert await shard.value("SELECT name FROM customer") == "latest"


async def test_a_clock_that_was_set_back_does_not_bring_back_a_tills_older_word(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    save(till, name="first")
    await pushed(shard, till)
    save(till, datetime.now(UTC) - timedelta(days=1), name="second")
    await pushed(shard, till, 3)
    assert await shard.value("SELECT name FROM customer") == "second"


async def test_a_sale_on_account_needs_somebody_who_owes_it(shard: Shard, till: JournalWriter) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1), tender="on_account")
    template = msgspec.json.decode(till.entries[-1][0], type=Sale)
    named = msgspec.structs.replace(template, seq=till.seq + 1, customer=FAHAD)
    till.write(named)
    split = [Payment(tender="cash", amount=200), Payment(tender="on_account", amount=300)]
    till.write(msgspec.structs.replace(template, seq=till.seq + 1, payments=split))
    assert await pushed(shard, till) == ["posted", "posted_with_case", "posted", "posted_with_case"]
    assert await shard.cases() == ["on_account_without_customer"] * 2
    assert await shard.value("SELECT customer_id FROM sale WHERE seq = 3") == FAHAD


async def test_a_quarantined_customer_is_not_kept_and_holds_up_nobody(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    for field in ("name", "phone", "email", "vat_number", "note"):
        members: dict[str, Any] = {field: "4111 1111 1111 1111"}
        save(till, **members)
    save(till)
    assert await pushed(shard, till) == ["posted", *["quarantined"] * 5, "posted"]
    assert await shard.value("SELECT seq FROM customer") == 7


async def test_nothing_of_a_customer_is_in_any_view_that_leaves_the_shard(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    save(till, **SECRETS, vat_number="311111111100003")
    template = msgspec.json.decode(till.entries[till.sell((MILK, 1)) - 1][0], type=Sale)
    till.write(msgspec.structs.replace(template, seq=till.seq + 1, customer=FAHAD, note="for Somebody"))
    assert await pushed(shard, till) == ["posted"] * 4
    views = await shard.pool.fetch("SELECT viewname FROM pg_views WHERE viewname LIKE 'reporting%'")
    assert len(views) >= 7
    shown = ""
    for view in views:
        rows = await shard.pool.fetch(f"SELECT to_jsonb(v)::text AS text FROM {view['viewname']} v")  # noqa: S608
        shown += "".join(row["text"] for row in rows)
    assert str(MILK) in shown
    assert [text for text in (*SECRETS.values(), str(FAHAD), "311111111100003") if text in shown] == []
    uses = await shard.value(
        "SELECT count(*) FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid"
        " JOIN pg_class v ON v.oid = r.ev_class"
        " WHERE d.refobjid = 'customer'::regclass AND v.relname LIKE 'reporting%'"
    )
    assert uses == 0


async def test_the_trail_says_that_a_customer_was_changed_by_hand_and_not_what_about_them(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    save(till, **SECRETS)
    await pushed(shard, till)
    assert await shard.value("SELECT count(*) FROM audit_change WHERE table_name = 'customer'") == 0
    await shard.pool.execute("UPDATE customer SET name = 'Another', phone = NULL")
    [change] = await shard.pool.fetch(
        "SELECT operation, key::text, before::text, after::text FROM audit_change"
        " WHERE table_name = 'customer'"
    )
    assert change["operation"] == "update"
    assert str(FAHAD) in change["key"]
    for text in ("Somebody", "Another", SECRETS["phone"]):
        assert text not in change["before"] + change["after"]


async def test_the_gateways_role_cannot_write_customers(shard: Shard) -> None:
    async def forget(connection: Any) -> None:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM customer")
        raise LookupError

    with pytest.raises(LookupError):
        await shard.lane.run(forget)

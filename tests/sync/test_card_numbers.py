"""A till of somebody else's sends card numbers: the sale is a fact and kept, the number is shown nowhere."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
import pytest

from octonext.crypto.envelope import open_entry
from octonext.processes.verify.domain.derivation import JournalEntry, derive
from octonext.processes.verify.domain.findings import Findings
from octonext.processes.verify.domain.walk import Chain, judge_entry
from octonext.runtime.card_scan import scan_database
from octonext.runtime.postgres import connect
from octonext.sales.entries import (
    AdjustmentLine,
    CashMoved,
    DrawerOpened,
    Line,
    Payment,
    Return,
    Sale,
    StockAdjusted,
    Void,
)
from octonext.sync.messages import Ack, Nack

from .conftest import RICE, JournalWriter, Shard

CARD = "4111 1111 1111 1111"


def line(**more: Any) -> Line:
    return Line(
        product=RICE, quantity=1000, unit_price=500, tax_code="KW-N", rate_ppm=0, tax=0, total=500, **more
    )


def receipt(*, payment: dict[str, Any] | None = None, of: Line | None = None) -> dict[str, Any]:
    return {
        "currency": "KWD",
        "lines": [of or line()],
        "payments": [msgspec.structs.replace(Payment(tender="cash", amount=500), **(payment or {}))],
        "total": 500,
        "tax": 0,
    }


ENTRIES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "note": (Sale, receipt() | {"note": f"card {CARD}"}),
    "payments[0].reference": (Sale, receipt(payment={"reference": "٤١١١ ١١١١ ١١١١ ١١١١"})),
    "payments[0].tender": (Sale, receipt(payment={"tender": "4111-1111-1111-1111"})),
    "lines[0].note": (Sale, receipt(of=line(note=CARD))),
    "lines[0].tax_code": (
        Sale,
        receipt(of=msgspec.structs.replace(line(), tax_code="4111111111111111")),
    ),
    "lines[0].discount_reason": (Sale, receipt(of=line(discount_reason=CARD))),
    "reason of a return": (Return, receipt() | {"reason": CARD}),
    "note of a return": (Return, receipt() | {"note": CARD}),
    "reason of a void": (Void, {"scope": "cart", "amount": 500, "reason": CARD}),
    "reason of a drawer": (DrawerOpened, {"reason": CARD}),
    "reason of cash": (CashMoved, {"currency": "KWD", "amount": 5, "reason": CARD}),
    "note of goods": (
        StockAdjusted,
        {"reason": "found", "lines": [AdjustmentLine(product=RICE, quantity=1000)], "note": CARD},
    ),
    "reason of goods": (
        StockAdjusted,
        {"reason": "4111111111111111", "lines": [AdjustmentLine(product=RICE, quantity=1000)]},
    ),
}


async def journal(shard: Shard) -> list[JournalEntry]:
    rows = await shard.pool.fetch(
        "SELECT branch_id, device_id, seq, hash, key_id, kind, bytes, outcome::text, reason, received_at"
        " FROM device_journal ORDER BY seq"
    )
    return [JournalEntry(*row.values()) for row in rows]


@pytest.mark.parametrize("name", ENTRIES)
async def test_the_entry_is_quarantined_sealed_and_a_case(
    shard: Shard, till: JournalWriter, name: str
) -> None:
    await shard.enrol(till)
    till.open_shift()
    kind, members = ENTRIES[name]
    seq = till.write(kind(**till.common(), **members))
    till.sell((RICE, 1))
    answer = await shard.sync.push(await shard.connect(till), till.push())
    assert isinstance(answer, Ack), answer
    assert answer.outcomes == ["posted", "quarantined", "posted"]

    row = await shard.pool.fetchrow("SELECT * FROM device_journal WHERE seq = $1", seq)
    assert row["reason"].startswith("card_number: ")
    assert name.split(" of ", maxsplit=1)[0] in row["reason"]
    assert row["bytes"] is None
    plain, _, sealed, _ = till.entries[seq - 1]
    assert row["ciphertext"] == sealed
    # Kept, and readable for whoever holds the shard's key.
    opened = open_entry(till.key, device=1, shift=str(till.shift), seq=seq, sealed=row["ciphertext"])
    assert opened == plain
    assert await shard.cases() == ["quarantined"]


async def test_no_sql_of_the_shard_shows_the_number_anywhere(
    shard: Shard, shard_dsn: str, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    for kind, members in ENTRIES.values():
        till.write(kind(**till.common(), **members))
    till.write(b'{"kind":"unheard_of","text":"%b"}' % CARD.encode())
    till.write(b'{"kind":"sale","currency":"' + CARD.encode() + b'"}')
    answer = await shard.sync.push(await shard.connect(till), till.push())
    assert isinstance(answer, Ack), answer
    assert set(answer.outcomes[1:]) == {"quarantined"}

    owner = await connect(shard_dsn, application_name="octonext-test", statement_timeout_ms=0)
    try:
        assert await scan_database(owner) == []
    finally:
        await owner.close()
    findings = Findings()
    chain = Chain("kw-1", findings)
    entries = await journal(shard)
    for entry in entries:
        chain.follow(entry)
    for derived in derive(entries, shard.sync.mirror.rules(1), {}):
        if derived.entry.outcome == "quarantined":
            judge_entry("kw-1", derived, {}, findings)
    assert not any(verdict.findings for verdict in findings.verdicts())


async def test_the_scan_finds_what_was_put_there_by_other_means(
    shard: Shard, shard_database: asyncpg.Pool, shard_dsn: str, till: JournalWriter
) -> None:
    await shard.enrol(till)
    evidence = '{"shown": {"to": ["nobody", "4111 1111 1111 1111"]}, "barcode": "4111111111111111"}'
    await shard_database.execute(
        "INSERT INTO opened_case (branch_id, device_id, seq, kind, evidence)"
        " VALUES (1, 1, 1, 'other', $1::jsonb), (1, 1, 2, '5555555555554444', '{}')",
        evidence,
    )
    owner = await connect(shard_dsn, application_name="octonext-test", statement_timeout_ms=0)
    try:
        found = await scan_database(owner)
    finally:
        await owner.close()
    places = sorted(each.place.split(" in ")[0] for each in found if each.place.startswith("opened_case"))
    assert places == ["opened_case.evidence (shown.to[1])", "opened_case.kind"]
    assert all("4111 1111" not in each.shown and "55554444" not in each.shown for each in found)


@pytest.mark.parametrize(
    "hidden",
    [{"memo": CARD}, {"deep": [{"memo": "4111\u200b1111\u200b1111\u200b1111"}]}, {CARD: 1}],
    ids=["a field", "nested", "a name"],
)
async def test_a_field_that_this_version_does_not_know_hides_none(
    shard: Shard, till: JournalWriter, hidden: dict[str, Any]
) -> None:
    """Unknown fields are not read, but the bytes of an entry are kept."""
    await shard.enrol(till)
    till.open_shift()
    known = msgspec.to_builtins(Sale(**till.common(), **receipt()))
    till.write(msgspec.json.encode(known | {"memo": "order 41-17"}))
    till.write(msgspec.json.encode(known | {"seq": till.seq + 1} | hidden))
    session = await shard.connect(till)
    answer = await shard.sync.push(session, till.push())
    assert isinstance(answer, Ack)
    assert answer.outcomes[-2:] == ["posted", "quarantined"]
    last = (await journal(shard))[-1]
    assert last.bytes is None
    assert last.reason is not None
    assert last.reason.startswith("card_number: an unknown field")


async def test_what_a_till_calls_itself_is_kept_without_a_card_number(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    hello = till.hello(bytes(32), app=f"till {CARD}")
    session = await shard.sync.open_session(hello, bytes(32), ip="10.0.0.1", user_agent="agent")
    assert not isinstance(session, Nack)
    kept = await shard.pool.fetchval(
        "SELECT string_agg(t::text, ' ') FROM"
        " (SELECT d::text FROM device_head d UNION ALL SELECT a::text FROM audit_transaction a) AS t (t)"
    )
    assert "till" in kept
    assert "4111 1111" not in kept

"""Every check that a shard can answer holds after a real day, and fails for exactly what it is there for."""

# ruff: noqa: S608 -- the statements are this file's own; nobody else puts a word into them

from __future__ import annotations

import pytest

from .conftest import DAY, Shop
from .places import AT, CARD, ENTRIES, RETURNED, SALE, VOID, place

FORK = "INSERT INTO journal_fork (branch_id, device_id, seq, hash, prev, key_id, bytes)"
#: Where a wrong balance of stock is shown: a line of a receipt is its movement too.
STOCK = "sa-1 1"


async def test_a_day_in_two_shops_holds_and_everything_was_looked_at(shop: Shop) -> None:
    verdicts = await shop.verify(journals=True)

    broken = {name: verdict.findings for name, verdict in verdicts.items() if verdict.state == "broken"}
    assert broken == {}
    looked = {name for name, verdict in verdicts.items() if verdict.state == "holds" and verdict.examined}
    made = {name for name, verdict in verdicts.items() if verdict.state == "holds"}
    assert made - looked == {"forks"}  # there are none
    assert verdicts["sale-lines"].examined == 12  # receipts of both tills
    assert verdicts["till-events"].examined == 16  # of both tills
    assert verdicts["journal-chain"].examined == 2 * ENTRIES


async def test_an_empty_shard_holds(empty_shop: Shop) -> None:
    assert await empty_shop.broken() == {}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        pytest.param(
            f"UPDATE sale SET total = total + 1, net = net + 1, paid = paid + 1 WHERE {AT}{SALE}",
            {"sales": ["sale"], "receipt-sums": ["sale"]},
            id="a sale's total",
        ),
        pytest.param(
            f"UPDATE sale SET cashier_id = gen_random_uuid() WHERE {AT}{SALE}",
            {"sales": ["sale"]},
            id="a sale's cashier",
        ),
        pytest.param(
            f"UPDATE sale SET customer_id = gen_random_uuid() WHERE {AT}{DAY['exchanged for']}",
            {"sales": ["exchanged for"]},
            id="whose sale it is",
        ),
        pytest.param(
            f"UPDATE till_event SET detail = '{{}}' WHERE {AT}{DAY['exchanged for']}",
            {"till-events": ["exchanged for"]},
            id="why there was a discount",
        ),
        pytest.param(
            f"UPDATE till_event SET detail = '{{}}' WHERE {AT}{DAY['reprinted']}",
            {"till-events": ["reprinted"]},
            id="which receipt was copied",
        ),
        pytest.param(
            f"UPDATE sale SET original_seq = 4 WHERE {AT}{RETURNED}",
            {"sales": ["returned"]},
            id="the receipt of a return",
        ),
        pytest.param(
            f"UPDATE sale_line SET quantity = quantity + 1 WHERE {AT}{SALE} AND line_no = 2",
            {"sale-lines": ["sale"], "stock-movements": ["sale"], "stock-balances": [STOCK]},
            id="a line's quantity",
        ),
        pytest.param(
            f"UPDATE sale_line SET net = net - 1, tax = tax + 1 WHERE {AT}{SALE} AND line_no = 1",
            {"sale-lines": ["sale"], "sale-taxes": ["sale"], "receipt-sums": ["sale"]},
            id="a line's tax",
        ),
        pytest.param(
            f"UPDATE sale_line SET product_id = gen_random_uuid() WHERE {AT}{RETURNED}",
            {"sale-lines": ["returned"], "stock-movements": ["returned"], "stock-balances": [STOCK]},
            id="a line's product",
        ),
        pytest.param(
            f"DELETE FROM sale_line WHERE {AT}{SALE} AND line_no = 2",
            {
                "sale-lines": ["sale"],
                "sale-taxes": ["sale"],
                "receipt-sums": ["sale"],
                "stock-movements": ["sale"],
                "stock-balances": [STOCK],
            },
            id="a line is gone",
        ),
        pytest.param(
            f"DELETE FROM sale_payment WHERE {AT}{CARD}",
            {"sale-payments": ["card"], "receipt-sums": ["card"]},
            id="a payment is gone",
        ),
        pytest.param(
            f"UPDATE sale_payment SET tender = 'cash' WHERE {AT}{CARD}",
            {"sale-payments": ["card"]},
            id="a payment's tender",
        ),
        pytest.param(
            f"UPDATE stock_adjustment SET reason = 'theft' WHERE {AT}{DAY['damaged']}",
            {"stock-movements": ["damaged"]},
            id="a movement's reason",
        ),
        pytest.param(
            f"DELETE FROM till_event WHERE {AT}{VOID}", {"till-events": ["void"]}, id="an event is gone"
        ),
        pytest.param(
            "UPDATE till_event SET detail = detail || '{\"amount\": 1}' WHERE " + f"{AT}{VOID}",
            {"till-events": ["void"]},
            id="an event's amount",
        ),
        pytest.param(
            f"UPDATE sale_payment SET posted_at = posted_at + interval '1 ms' WHERE {AT}{CARD}",
            {"one-transaction": ["card"]},
            id="a payment of another transaction",
        ),
        pytest.param(
            f"UPDATE sale SET occurred_at = posted_at + interval '61 s' WHERE {AT}{CARD}",
            {"till-clocks": ["card"]},
            id="a sale in the future",
        ),
        pytest.param(
            f"UPDATE sale SET business_date = business_date + 1 WHERE {AT}{CARD}",
            {"till-clocks": ["card"]},
            id="a sale on another day",
        ),
        pytest.param(
            f"UPDATE device_journal SET outcome = 'posted_with_case' WHERE {AT}{CARD}",
            {"outcomes": ["card"]},
            id="an outcome without a case",
        ),
        pytest.param(
            f"UPDATE device_journal SET outcome = 'posted' WHERE {AT}{DAY['returned without receipt']}",
            {"outcomes": ["returned without receipt"]},
            id="a case without its outcome",
        ),
        pytest.param(
            f"DELETE FROM sale WHERE {AT}{CARD}",
            {"sales": ["card"], "receipt-sums": ["card"]},
            id="a sale is gone",
        ),
        pytest.param(
            f"DELETE FROM opened_case WHERE {AT}{DAY['returned without receipt']}",
            {"outcomes": ["returned without receipt"], "journal-heads": ["closed"]},
            id="a case is gone",
        ),
        pytest.param(
            f"UPDATE device_journal SET outcome = 'posted_with_case', reason = NULL WHERE {AT}{VOID}",
            {"outcomes": ["void"]},
            id="an outcome is another",
        ),
        pytest.param(
            # The note of a sale is in the journal only: no posting changes with it.
            "UPDATE device_journal SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), 'office',"
            f" 'orfice'), 'UTF8') WHERE {AT}{SALE}",
            {"journal-chain": ["sale"]},
            id="a byte of the journal",
        ),
    ],
)  # fmt: skip
async def test_one_wrong_thing_is_found_where_it_is(
    shop: Shop, statement: str, found: dict[str, list[str]]
) -> None:
    await shop.damage(statement)

    broken = {check: sorted(set(places)) for check, places in (await shop.broken()).items()}
    assert broken == {
        check: [place(name) if name in DAY else name for name in names] for check, names in found.items()
    }


@pytest.mark.parametrize(
    ("statement", "check", "words"),
    [
        (
            "UPDATE stock_balance SET on_hand = on_hand + 1 WHERE branch_id = 1 AND on_hand = 98500",
            "stock-balances",
            "on hand 98501, movements come to 98500",
        ),
        (
            "UPDATE account_balance SET debit = debit + 1 WHERE branch_id = 2 AND account = 1020",
            "account-balances",
            "account 1020 SAR",
        ),
        (
            "UPDATE shift SET cash_expected = cash_expected + 1 WHERE branch_id = 1",
            "shifts",
            "the journal makes",
        ),
        ("DELETE FROM shift WHERE branch_id = 1", "shifts", "stored is no such shift"),
        (
            "UPDATE device_head SET seq = seq + 1 WHERE device_id = 1",
            "journal-heads",
            f"the head says entry {ENTRIES + 1}",
        ),
        (
            "UPDATE device_head SET quarantined_count = 0 WHERE device_id = 1",
            "journal-heads",
            "quarantined 0 and 1",
        ),
        ("DELETE FROM device_key WHERE device_id = 1", "journal-keys", "is not kept"),
        (
            f"{FORK} VALUES (1, 1, 3, sha256('other'), sha256('prev'), 'k', 'x')",
            "forks",
            "without a case",
        ),
        (
            f"{FORK} SELECT 1, 1, seq, hash, hash, key_id, bytes FROM device_journal WHERE {AT}{SALE}",
            "forks",
            "the journal holds the same entry",
        ),
        (
            "INSERT INTO opened_case (branch_id, device_id, seq, kind) VALUES (1, 1, 99, 'unknown_tax')",
            "outcomes",
            "no such entry",
        ),
        (
            "INSERT INTO shift (branch_id, device_id, shift_id, currency) VALUES (1, 9, uuidv7(), 'SAR')",
            "shifts",
            "has no entry",
        ),
    ],
)
async def test_wrong_sums_and_registers_are_found(shop: Shop, statement: str, check: str, words: str) -> None:
    await shop.damage(statement)

    verdict = (await shop.verify())[check]
    assert verdict.state == "broken"
    assert words in " ".join(finding.what for finding in verdict.findings)
    others = set(await shop.broken()) - {check}
    # a case more is a case that the head did not count
    assert others <= {"journal-heads"}

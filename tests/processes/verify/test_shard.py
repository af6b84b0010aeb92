"""Every check that a shard can answer holds after a real day, and fails for exactly what it is there for."""

# ruff: noqa: S608 -- the statements are this file's own; nobody else puts a word into them

from __future__ import annotations

import pytest

from octonext.crypto.chain import link
from octonext.processes.verify.domain.findings import Findings
from octonext.processes.verify.service import Work, check_shard
from octonext.processes.verify.shard import reading

from .conftest import CASHIER, DAY, PIN, Shop, write_day

AT = "branch_id = 1 AND device_id = 1 AND seq = "
FORK = "INSERT INTO journal_fork (branch_id, device_id, seq, hash, prev, key_id, bytes)"
#: Where a wrong balance of stock is shown: a line of a receipt is its movement too.
STOCK = "sa-1 1"
ENTRIES = DAY["closed"]
SALE, CARD, RETURNED, VOID = DAY["sale"], DAY["card"], DAY["returned"], DAY["void"]


def place(name: str) -> str:
    return f"sa-1 1-1-{DAY[name]}"


async def test_a_day_in_two_shops_holds_and_everything_was_looked_at(shop: Shop) -> None:
    verdicts = await shop.verify(journals=True)

    broken = {name: verdict.findings for name, verdict in verdicts.items() if verdict.state == "broken"}
    assert broken == {}
    looked = {name for name, verdict in verdicts.items() if verdict.state == "holds" and verdict.examined}
    made = {name for name, verdict in verdicts.items() if verdict.state == "holds"}
    assert made - looked == {"forks"}  # there are none
    assert verdicts["sale-lines"].examined == 12  # receipts of both tills
    assert verdicts["till-events"].examined == 14
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


async def test_a_movement_that_is_gone_is_missed_in_the_stock_too(shop: Shop) -> None:
    await shop.damage(f"DELETE FROM stock_adjustment WHERE {AT}{DAY['damaged']}")
    assert await shop.broken() == {"stock-movements": [place("damaged")], "stock-balances": ["sa-1 1"]}


async def test_a_movement_that_is_there_twice_is_found_even_if_the_stock_follows_it(shop: Shop) -> None:
    doubled = f"{AT}{DAY['damaged']}"
    await shop.damage(
        "INSERT INTO stock_adjustment SELECT (jsonb_populate_record(moved, jsonb_build_object('line_no',"
        f" moved.line_no + 90))).* FROM stock_adjustment moved WHERE {doubled}"
    )
    assert await shop.broken() == {"stock-movements": [place("damaged")], "stock-balances": ["sa-1 1"]}

    await shop.damage(
        "UPDATE stock_balance b SET on_hand = on_hand + m.quantity FROM stock_adjustment m"
        " WHERE m.branch_id = b.branch_id AND m.product_id = b.product_id AND m.line_no > 90"
    )
    assert await shop.broken() == {"stock-movements": [place("damaged")]}


async def test_a_ledger_line_on_another_account_is_missed_in_both_balances(shop: Shop) -> None:
    await shop.damage(f"UPDATE ledger_line SET account = 1110 WHERE {AT}{DAY['moved']} AND account = 1020")
    broken = await shop.broken()
    assert broken == {"ledger-lines": [place("moved")], "account-balances": ["sa-1 1-1"] * 2}


async def test_a_ledger_entry_out_of_balance_is_found(shop: Shop) -> None:
    await shop.damage(f"UPDATE ledger_line SET debit = debit + 1 WHERE {AT}{CARD} AND debit > 0")
    broken = await shop.broken()
    assert set(broken) == {"ledger-lines", "ledger-balanced", "account-balances"}
    assert broken["ledger-balanced"] == [place("card")]


async def test_an_entry_that_is_gone_leaves_a_gap_and_postings_of_nobody(shop: Shop) -> None:
    await shop.damage(f"DELETE FROM device_journal WHERE {AT}{CARD}")
    verdicts = await shop.verify()
    assert [finding.what for finding in verdicts["journal-chain"].findings] == ["entry 5 follows entry 3"]
    for table in ("sales", "sale-lines", "sale-payments", "sale-taxes", "stock-movements", "ledger-lines"):
        assert [finding.place for finding in verdicts[table].findings] == [place("card")]
        assert "the journal does not have" in verdicts[table].findings[0].what


async def test_an_entry_that_is_there_twice_is_found(shop: Shop) -> None:
    await shop.damage(
        "INSERT INTO device_journal SELECT branch_id, device_id, seq, hash, key_id, kind, bytes, ciphertext,"
        " outcome, reason, till_at, hlc, received_at + interval '1 us' FROM device_journal"
        f" WHERE {AT}{DAY['drawer']}"
    )
    verdicts = await shop.verify()
    assert [finding.what for finding in verdicts["journal-chain"].findings] == ["entry 9 is there twice"]


async def test_a_sale_that_is_booked_twice_is_found(shop: Shop) -> None:
    columns = (
        "branch_id, device_id, seq, kind, shift_id, cashier_id, till_at, occurred_at, business_date,"
        " currency, total, net, tax, discount, rounding, paid, line_count, foreign_original"
    )
    await shop.damage(
        f"INSERT INTO sale ({columns}, posted_at) SELECT {columns}, posted_at + interval '1 us'"
        f" FROM sale WHERE {AT}{CARD}"
    )
    verdicts = await shop.verify()
    assert "the journal makes 1 rows, booked are 2" in verdicts["sales"].findings[0].what
    assert verdicts["one-transaction"].findings[0].place == place("card")


async def test_what_was_quarantined_may_not_be_booked(shop: Shop) -> None:
    await shop.damage(f"UPDATE stock_adjustment SET seq = {DAY['quarantined']} WHERE {AT}{DAY['damaged']}")
    broken = await shop.broken()
    assert broken == {"stock-movements": [place("damaged"), place("quarantined")]}


async def test_an_entry_that_the_rules_would_not_book_is_found(shop: Shop) -> None:
    await shop.damage(
        f"UPDATE device_journal SET outcome = 'posted', reason = NULL WHERE {AT}{DAY['quarantined']}",
        f"DELETE FROM opened_case WHERE {AT}{DAY['quarantined']}",
        "UPDATE device_head SET quarantined_count = 0, case_count = case_count - 1 WHERE device_id = 1",
    )
    verdicts = await shop.verify()
    assert [finding.place for finding in verdicts["outcomes"].findings] == [place("quarantined")]
    assert "the rules say: figures_disagree" in verdicts["outcomes"].findings[0].what


async def test_a_sound_entry_that_was_called_quarantined_is_found(shop: Shop) -> None:
    """Everything agrees with it, the case and the sums included: only the rules know better."""
    await shop.damage(
        f"UPDATE device_journal SET outcome = 'quarantined', reason = 'damaged' WHERE {AT}{VOID}",
        f"DELETE FROM till_event WHERE {AT}{VOID}",
        f"INSERT INTO opened_case (branch_id, device_id, seq, kind) VALUES (1, 1, {VOID}, 'quarantined')",
        "UPDATE device_head SET quarantined_count = quarantined_count + 1, case_count = case_count + 1"
        " WHERE device_id = 1",
    )
    assert await shop.broken() == {"outcomes": [place("void")]}

    for beyond in ("not_bookable: 23514 a constraint", "currency_differs: SAR in a branch of KWD"):
        await shop.damage(f"UPDATE device_journal SET reason = '{beyond}' WHERE {AT}{VOID}")
        assert await shop.broken() == {}


async def test_the_hash_of_the_last_entry_must_be_the_heads(shop: Shop) -> None:
    await shop.damage(f"UPDATE device_journal SET hash = sha256('x') WHERE {AT}{DAY['closed']}")
    broken = await shop.broken()
    assert set(broken) == {"journal-chain", "journal-heads"}
    assert broken["journal-chain"] == [place("closed")]


async def test_a_wrong_hash_in_the_middle_is_found_with_the_one_that_follows(shop: Shop) -> None:
    await shop.damage(f"UPDATE device_journal SET hash = sha256('x') WHERE {AT}{SALE}")
    assert await shop.broken() == {"journal-chain": [place("sale"), place("card")]}


async def test_an_entry_that_could_not_be_decrypted_breaks_no_chain(empty_shop: Shop) -> None:
    till = await empty_shop.enrol(1)
    till.begin_shift(CASHIER, PIN, 0)
    await empty_shop.push(till)
    row = await empty_shop.owner.fetchrow("SELECT hash FROM device_journal")
    assert row is not None
    claimed = link(row["hash"], b"never seen")
    await empty_shop.damage(
        "INSERT INTO device_journal (branch_id, device_id, seq, hash, key_id, ciphertext, outcome, reason,"
        f" received_at) VALUES (1, 1, 2, decode('{claimed.hex()}', 'hex'), (SELECT key_id FROM device_key),"
        " 'sealed', 'quarantined', 'undecryptable', now())",
        "INSERT INTO opened_case (branch_id, device_id, seq, kind) VALUES (1, 1, 2, 'quarantined')",
        f"UPDATE device_head SET seq = 2, hash = decode('{claimed.hex()}', 'hex'), quarantined_count = 1,"
        " case_count = 1",
    )
    assert await empty_shop.broken() == {}


async def test_a_branch_that_the_shard_does_not_know_is_said_and_not_guessed(shop: Shop) -> None:
    await shop.damage("DELETE FROM reference WHERE kind = 'branch' AND key = '1'")
    verdicts = await shop.verify()
    assert not [name for name, verdict in verdicts.items() if verdict.state == "broken"]
    for check in ("sales", "sale-lines", "ledger-lines", "shifts"):
        assert (verdicts[check].state, verdicts[check].reason) == ("unchecked", "sa-1 does not know branch 1")
    assert verdicts["journal-chain"].state == "holds"


async def test_what_waits_for_somebody_is_counted_and_no_fault(shop: Shop) -> None:
    work = Work(Findings())
    async with reading("sa-1", shop.dsn) as reader:
        await check_shard(reader, work)
    assert work.cases == {"sa-1": {"quarantined": 2, "return_without_receipt": 2}}
    assert work.outcomes == {"sa-1": {"posted": 34, "posted_with_case": 2, "quarantined": 2}}


async def test_only_so_many_findings_are_kept_but_all_are_counted(shop: Shop) -> None:
    await shop.damage("UPDATE device_journal SET hash = sha256(hash)")
    verdict = (await shop.verify())["journal-chain"]
    assert verdict.broken == 2 * ENTRIES
    assert len(verdict.findings) == 20


async def test_a_fork_that_was_kept_with_its_case_breaks_nothing(shop: Shop) -> None:
    await shop.damage(
        "SELECT record_fork(1, 1, sha256('prev'), '{}'::pushed_key[],"
        " ARRAY[ROW(3, sha256('other'), 'k', 'sale', 'x', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)]"
        "::pushed_entry[], 'push')"
    )

    assert await shop.broken() == {}
    assert (await shop.verify())["forks"].examined == 1


async def test_an_exchange_of_which_half_is_missing_is_found_once_something_came_after_it(
    shop: Shop,
) -> None:
    await shop.damage(
        f"UPDATE sale_payment SET tender = 'card' WHERE {AT}{DAY['exchanged for']} AND payment_no = 1"
    )
    verdict = (await shop.verify())["exchanges"]
    assert [finding.place for finding in verdict.findings] == [place("exchanged")]
    assert "leave -575 SAR" in verdict.findings[0].what


async def test_half_of_an_exchange_that_is_all_that_has_arrived_is_no_fault(empty_shop: Shop) -> None:
    till = await empty_shop.enrol(1)
    write_day(till)
    await empty_shop.push(till, last=DAY["exchanged"])
    assert (await empty_shop.verify())["exchanges"].state == "holds"
    await empty_shop.push(till)
    assert await empty_shop.broken() == {}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE customer SET name = 'Somebody'", "not what the entry says"),
        ("UPDATE customer SET phone = NULL", "not what the entry says"),
        ("UPDATE customer SET seq = seq - 1", "says something later"),
        ("UPDATE customer SET device_id = 9", "from an entry that saves none"),
        ("DELETE FROM customer", "who is not there"),
    ],
)
async def test_a_customer_who_does_not_follow_from_the_journal_is_found(
    shop: Shop, statement: str, words: str
) -> None:
    await shop.damage(statement)
    verdict = (await shop.verify())["customers"]
    assert verdict.state == "broken"
    assert any(words in finding.what for finding in verdict.findings)


@pytest.mark.parametrize("member", [r'"\u0000"', "1e200000"])
async def test_a_customers_entry_with_members_that_postgresql_cannot_take_ends_no_check(
    shop: Shop, member: str
) -> None:
    with_more = f"""replace(convert_from(bytes, 'UTF8'), '"kind"', '"more":{member},"kind"')"""
    await shop.damage(
        f"UPDATE device_journal SET bytes = convert_to({with_more}, 'UTF8') WHERE kind = 'customer_saved'"
    )
    assert (await shop.verify())["customers"].state == "holds"
    await shop.damage("UPDATE customer SET device_id = 9")
    assert (await shop.verify())["customers"].state == "broken"

"""Whole entries that are gone, doubled, moved or called something else, and what is no fault at all."""

# ruff: noqa: S608 -- the statements are this file's own; nobody else puts a word into them

from __future__ import annotations

import pytest

from octonext.crypto.chain import link
from octonext.processes.verify.domain.findings import Findings
from octonext.processes.verify.service import Work, check_shard
from octonext.processes.verify.shard import reading

from .conftest import CASHIER, DAY, PIN, Shop, write_day
from .places import AT, CARD, ENTRIES, SALE, VOID, place


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

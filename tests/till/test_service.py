"""A day at a till that has no network."""

import re

import msgspec
import pytest

from octonext.base.quantity import QUANTITY_MAX
from octonext.sales.domain import find_disagreement
from octonext.sales.entries import (
    LINES_MAX,
    AdjustmentLine,
    CountLine,
    DrawerOpened,
    Line,
    Return,
    Sale,
    ShiftClosed,
    StockAdjusted,
    StockCounted,
    decode_entry,
    encode_entry,
)
from octonext.till.domain.cart import Item, Tender
from octonext.till.domain.numbers import parse_receipt
from octonext.till.domain.pen import Draft
from octonext.till.errors import (
    EntryTooLong,
    NotSellable,
    ReceiptNotFound,
    ShiftAlreadyOpen,
    ShiftNotOpen,
    TenderRefused,
    WrongPin,
)
from octonext.till.service import Till

from .conftest import delta_row

MILK, DATES, PIN = "6291003100018", "6291003100025", "4711"


def test_a_day_from_the_float_to_the_count_adds_up(till: Till) -> None:
    till.open_shift("C1", PIN, 20_000)
    first = till.sell([Item(MILK, 2000), Item(DATES, 1375)], [Tender("cash", 10_000)])
    assert isinstance(first.entry, Sale)
    assert first.entry.total == 700 + 3438
    assert first.change == 10_000 - 4138
    till.sell([Item(MILK)], [Tender("knet")])
    till.take_back(parse_receipt(first.number, till.identity), [Item(MILK, 1000)], "cash")
    till.move_cash(-5_000, "bank")
    assert till.drawer.expected == 20_000 + 4138 - 350 - 5_000
    closed = till.close_shift(counted=18_700)
    assert isinstance(closed.entry, ShiftClosed)
    assert closed.entry.expected == 18_788
    assert till.journal.shift is None


def test_cash_is_rounded_as_the_branch_does_and_cards_never(open_till: Till) -> None:
    settings = [
        delta_row("till_settings", "region:1", {"cash_rounding": 10}),
        delta_row("till_settings", "branch:3", {"cash_rounding": 5, "tenders": ["cash", "knet"]}),
    ]
    open_till.journal.reference.store("reference", "2.1", settings)
    dates = [Item(DATES, 333)]  # 0.8325 KWD a line, 0.833
    in_cash = open_till.sell(dates, [Tender("cash", 1_000)])
    assert isinstance(in_cash.entry, Sale)
    assert (in_cash.entry.total, in_cash.entry.rounding, in_cash.change) == (833, 2, 165)
    assert "Rounding" in in_cash.text
    by_card = open_till.sell(dates, [Tender("knet")])
    assert isinstance(by_card.entry, Sale)
    assert (by_card.entry.payments[0].amount, by_card.entry.rounding) == (833, 0)
    back = open_till.take_back(parse_receipt(by_card.number, open_till.identity), [], "cash")
    assert isinstance(back.entry, Return)
    assert (back.entry.payments[0].amount, back.entry.rounding) == (835, 2)
    assert find_disagreement(in_cash.entry) is None
    assert find_disagreement(back.entry) is None
    assert open_till.drawer.expected == 20_000


@pytest.mark.parametrize(("branch", "paid"), [({}, 830), ({"cash_rounding": None}, 833)])
def test_what_a_branch_does_not_set_is_its_regions(
    open_till: Till, branch: dict[str, object], paid: int
) -> None:
    settings = [
        delta_row("till_settings", "region:1", {"cash_rounding": 10}),
        delta_row("till_settings", "branch:3", branch),
    ]
    open_till.journal.reference.store("reference", "2.1", settings)
    sale = open_till.sell([Item(DATES, 333)], []).entry
    assert isinstance(sale, Sale)
    assert sale.payments[0].amount == paid


def test_every_receipt_passes_the_shards_own_check(open_till: Till) -> None:
    sale = open_till.sell([Item(MILK, 3000, discount=100), Item(DATES, 333)], [])
    assert isinstance(sale.entry, Sale)
    assert find_disagreement(sale.entry) is None
    reference = parse_receipt(sale.number, open_till.identity)
    part = open_till.take_back(reference, [Item(MILK, 2000)], "cash")
    assert isinstance(part.entry, Return)
    assert find_disagreement(part.entry) is None
    assert part.entry.lines[0].original_line == 1


def test_a_receipt_shows_its_number_its_hash_and_both_names(open_till: Till) -> None:
    receipt = open_till.sell([Item(MILK, 2000)], [Tender("cash", 1000)])
    assert receipt.number == "KW01-T01-2"
    assert receipt.number in receipt.text
    assert "Ref. 3-7-2" in receipt.text
    assert open_till.journal.place.hash.hex()[:8] in receipt.text
    assert "Fresh milk" in receipt.text
    assert "حليب طازج" in receipt.text
    assert re.search(r"Change.* 0\.300", receipt.text)


def test_a_sale_that_cannot_be_priced_or_paid_leaves_no_entry(open_till: Till) -> None:
    refusals = [
        ([Item("000")], [], NotSellable),
        ([Item(MILK, 1500)], [], NotSellable),
        ([Item(MILK, discount=351)], [], NotSellable),
        ([], [], NotSellable),
        ([Item(MILK)], [Tender("cash", 349)], TenderRefused),
        ([Item(MILK)], [Tender("card", 351)], TenderRefused),
        ([Item(MILK)], [Tender("shells")], TenderRefused),
    ]
    for items, tenders, refusal in refusals:
        with pytest.raises(refusal):
            open_till.sell(items, tenders)
    assert open_till.journal.place.seq == 1


def test_a_card_pays_first_and_cash_takes_the_rest(open_till: Till) -> None:
    receipt = open_till.sell([Item(MILK, 4000)], [Tender("cash", 1000), Tender("card", 500)])
    assert isinstance(receipt.entry, Sale)
    assert [(p.tender, p.amount, p.tendered) for p in receipt.entry.payments] == [
        ("card", 500, None),
        ("cash", 900, 1000),
    ]
    assert receipt.change == 100


def test_what_is_too_long_to_be_sent_is_refused_before_it_is_written(open_till: Till) -> None:
    milk = open_till.catalogue_for([Item(MILK)]).product(MILK).product_id
    line = Line(
        product=milk,
        quantity=1000,
        unit_price=350,
        tax_code="T" * 40,
        rate_ppm=0,
        tax=0,
        total=350,
        note="n" * 200,
    )
    amounts = {"currency": "KWD", "payments": [], "total": 0, "tax": 0}
    counted = CountLine(product=milk, counted=QUANTITY_MAX)
    moved = AdjustmentLine(product=milk, quantity=-QUANTITY_MAX)
    drafts = [
        Draft(Sale, {"lines": [line] * 500} | amounts),
        Draft(Return, {"lines": [line] * 500} | amounts),
        Draft(StockCounted, {"lines": [counted] * (LINES_MAX + 1)}),
        Draft(StockAdjusted, {"reason": "opening", "lines": [moved] * LINES_MAX}),
    ]
    for draft in drafts:
        with pytest.raises(EntryTooLong, match="at most 2,000 lines and 150,000 bytes") as refusal:
            open_till.record([Draft(DrawerOpened, {}), draft])
        assert refusal.value.remedy
        assert open_till.journal.place.seq == 1
    assert open_till.sell([Item(MILK)], []).number == "KW01-T01-2"


def test_a_line_says_only_what_it_has_to(open_till: Till) -> None:
    sale = open_till.sell([Item(MILK)], [Tender("card")]).entry
    assert isinstance(sale, Sale)
    for part in (*sale.lines, *sale.payments):
        assert b"null" not in msgspec.json.encode(part)
    assert b"discount" not in msgspec.json.encode(sale.lines)
    assert decode_entry(encode_entry(sale)) == sale


def test_a_wrong_pin_opens_nothing(till: Till) -> None:
    for cashier, pin in (("C1", "4712"), ("C2", PIN), ("C1", "")):
        with pytest.raises(WrongPin):
            till.open_shift(cashier, pin, 0)
    assert till.journal.place.seq == 0


def test_a_restarted_till_goes_on_only_with_the_pin(open_till: Till) -> None:
    open_till.sell([Item(MILK)], [])
    again = Till(open_till.journal)
    with pytest.raises(ShiftNotOpen, match="locked"):
        again.sell([Item(MILK)], [])
    with pytest.raises(WrongPin):
        again.unlock("0000")
    again.unlock(PIN)
    assert again.drawer.expected == 20_350
    assert again.sell([Item(MILK)], []).number == "KW01-T01-3"


def test_one_shift_at_a_time_and_none_without_opening(till: Till) -> None:
    with pytest.raises(ShiftNotOpen):
        till.sell([Item(MILK)], [])
    till.open_shift("C1", PIN, 0)
    with pytest.raises(ShiftAlreadyOpen):
        till.open_shift("C1", PIN, 0)


def test_another_tills_receipt_goes_at_todays_price(open_till: Till) -> None:
    back = open_till.take_back(parse_receipt("3-9-4", open_till.identity), [Item(MILK)], "cash")
    assert isinstance(back.entry, Return)
    assert back.entry.original is not None
    assert (back.entry.original.device, back.entry.original.seq) == (9, 4)
    assert back.entry.total == 350


def test_what_is_no_receipt_is_said_to_be_none(open_till: Till) -> None:
    for text in ("KW02-T01-4", "", "0-0-0", "99999999999999999"):
        with pytest.raises(ReceiptNotFound):
            parse_receipt(text, open_till.identity)
    with pytest.raises(ReceiptNotFound):
        open_till.take_back(parse_receipt("55", open_till.identity), [], "cash")
    with pytest.raises(ReceiptNotFound, match="no sale"):
        open_till.take_back(parse_receipt("1", open_till.identity), [], "cash")


def test_stock_is_counted_and_adjusted_without_money(open_till: Till) -> None:
    open_till.count_stock([Item(MILK, 24_000)])
    open_till.adjust_stock([Item(DATES, -500)], "damage")
    open_till.void([Item(MILK)], "changed their mind")
    open_till.open_drawer("change")
    assert open_till.journal.place.seq == 5
    assert open_till.drawer.expected == 20_000

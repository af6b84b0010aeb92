from __future__ import annotations

import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.base.cards import contains_card_number, find_card_numbers, is_card_number, mask_card_numbers

# The issuers' and processors' published test numbers; none was ever given to anybody.
PUBLISHED = (
    "4111111111111111", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005",
    "30569309025904", "36227206271667", "3566002020360505", "6011111111111117", "6200000000000005",
    "6759649826438453", "9792030394440796",
)  # fmt: skip
VISA = "4111111111111111"


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_test_numbers_are_found(number: str) -> None:
    # One of them has thirteen digits, and is no EAN-13.
    assert contains_card_number(f"paid with {number}, thank you")
    assert mask_card_numbers(number) == "*" * (len(number) - 4) + number[-4:]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111", "4111-1111-1111-1111", "4111.1111.1111.1111", "4111 - 1111 - 1111 - 1111",
        "3782 822463 10005", "card:4111111111111111.", "4111\u00a01111\u00a01111\u00a01111",
        "41 11 11 11 11 11 11 11", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "(4111111111111111)",
        "4111111111111111 12/27 123", "ref 17 4111 1111 1111 1111", "4111111111111111=2712101",
        "٤١١١ ١١١١ ١١١١ ١١١١", "۴۱۱۱۱۱۱۱۱۱۱۱۱۱۱۱", "４１１１１１１１１１１１１１１１",
        "رقم البطاقة ٤١١١١١١١١١١١١١١١", "4111\u20131111\u20131111\u20131111",
    ],
)  # fmt: skip
def test_every_way_to_write_one_is_found(text: str) -> None:
    assert contains_card_number(text)
    masked = mask_card_numbers(text)
    assert not contains_card_number(masked)
    assert len(masked) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "4111", "4111111111111112", "411111111111111", "1111111111111117", "41111111111111111111",
        "a4111111111111111", "4111111111111111b", "4006381333931", "2026-11-22 10:15:00.123456",
        "1732269300000", "01900000-0000-7000-8000-000000000001", "96522223333", "+965 2222 3333",
        "KW-1-17-000004111", "12.500 x 4 = 50.000", "5,000,000,000,000,009",
    ],
)  # fmt: skip
def test_what_is_none_is_left_alone(text: str) -> None:
    assert not contains_card_number(text)
    assert mask_card_numbers(text) == text


def test_only_the_card_in_a_sentence_is_masked() -> None:
    said = "receipt 000123: 4111 1111 1111 1111 and 5555555555554444 on 2026-11-22"
    assert mask_card_numbers(said) == "receipt 000123: **** **** **** 1111 and ************4444 on 2026-11-22"
    assert len(list(find_card_numbers(said))) == 2


@given(st.text())
def test_masking_changes_digits_only_and_is_done_once(text: str) -> None:
    masked = mask_card_numbers(text)
    assert mask_card_numbers(masked) == masked
    assert all(one == other or one.isdecimal() for one, other in zip(text, masked, strict=True))


@given(st.integers(min_value=0, max_value=10**18), st.sampled_from(["4", "51", "37", "62", "3528", "2221"]))
def test_a_number_with_another_luhn_digit_is_none(number: int, beginning: str) -> None:
    length = 15 if beginning == "37" else 16
    body = (beginning + str(number).zfill(18))[: length - 1]
    assert sum(is_card_number(body + str(last)) for last in range(10)) == 1


def numbers(digits: int, wanted: int = 5_000) -> list[str]:
    choice = random.Random(17)
    return [str(choice.randrange(10 ** (digits - 1), 10**digits)) for _ in range(wanted)]


@pytest.mark.parametrize("digits", [13, 14, 15, 16, 17, 18, 19])
def test_few_random_numbers_are_mistaken_for_one(digits: int) -> None:
    """One in ten passes Luhn's check; the issuers' beginnings leave fewer than one in 25."""
    found = sum(contains_card_number(number) for number in numbers(digits))
    assert found / 5_000 < 1 / 25


def test_no_barcode_is_mistaken_for_one() -> None:
    def ean_13(body: str) -> str:
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
        return body + str(-total % 10)

    assert not any(contains_card_number(ean_13(body)) for body in numbers(12))


def test_no_uuid_is_mistaken_for_one() -> None:
    choice = random.Random(17)
    drawn = (str(uuid.UUID(int=choice.getrandbits(128), version=4)) for _ in range(5_000))
    assert not any(contains_card_number(each) for each in drawn)
    digits_only = "41111111-1111-4111-8111-411111111111"
    assert not contains_card_number(digits_only)


def test_a_very_long_text_is_searched_in_time_that_grows_with_it() -> None:
    """A text without end must not hold a gateway up: the search never goes back over what it has seen."""
    assert not contains_card_number("1 " * 100_000)
    assert not contains_card_number("4" * 200_000)


@pytest.mark.parametrize(
    "mark", ["\u200b", "\u200e", "\u200f", "\u061c", "\u2066", "\u2060", "\ufeff", "\u00ad"]
)
def test_what_prints_nothing_hides_nothing(mark: str) -> None:
    """Direction marks stand between Arabic words and numbers without anybody having typed them."""
    grouped = f"{mark}4111{mark}1111 {mark}1111{mark} 1111{mark}"
    assert contains_card_number(f"بطاقة {grouped}")
    assert contains_card_number(mark.join(VISA))
    assert "1111 1111" not in mask_card_numbers(f"بطاقة {grouped}").replace(mark, "")


def iban(country: str, account: str) -> str:
    """As printed, with its check digits (ISO 13616-1)."""
    rest = 98 - int("".join(str(int(each, 36)) for each in f"{account}{country}00")) % 97
    plain = f"{country}{rest:02}{account}"
    return " ".join(plain[place : place + 4] for place in range(0, len(plain), 4))


def test_no_bank_account_number_is_mistaken_for_one_but_a_card_behind_one_is_found() -> None:
    choice = random.Random(17)
    # Bank codes of Germany that begin as issuers' numbers do.
    accounts = [f"{choice.choice((4, 5))}{choice.randrange(10**17):017}" for _ in range(3_000)]
    assert sum(contains_card_number(account[:16]) for account in accounts) > 100, "the sample would be found"
    assert not any(contains_card_number(f"transfer from {iban('DE', each)}, thanks") for each in accounts)
    assert contains_card_number(f"{iban('DE', accounts[0])}, card {VISA}")
    assert contains_card_number("DE00 4111 1111 1111 1111 00"), "its own check digits do not fit"


@pytest.mark.parametrize(
    "text",
    [
        "RRN 412345678901", "RRN 412345678901 AUTH 04A1B2 STAN 123456", "AUTH 512345 STAN 411111",
        "TID 41111111 MID 411111111111111", "+965 5012 3456", "00966 50 123 4567", "tel. 65001234, 50012345",
        "6291041500213", "invoice 2026-000411-11", "1,234.500 x 12", "KW81CBKU0000000000001234560101",
        "PO 4500012345 / 10", "AID A0000000031010 TVR 8080008000", "36 pcs x 1234567890",
    ],
)  # fmt: skip
def test_what_shops_write_beside_a_payment_passes(text: str) -> None:
    assert not contains_card_number(text)

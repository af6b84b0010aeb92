from __future__ import annotations

from datetime import UTC, datetime

import pytest

from octonext.feeds.domain import Cursor, InvalidCursor, Page
from octonext.reporting.domain.batches import (
    BadDelivery,
    check_source,
    decode_delivery,
    encode_delivery,
    split_pages,
)

SALE = Page("sale", Cursor(1, 0), Cursor(3, 9), 2, b"1\t1\n3\t9\n", full=False)
PAYMENT = Page("payment", Cursor(0, 0), Cursor(3, 9), 1, b"3\t9\n", full=False)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_what_is_delivered_is_what_was_sent() -> None:
    received = decode_delivery(encode_delivery([SALE, PAYMENT], NOON))
    assert received.pages == (SALE, PAYMENT)
    assert received.as_of == NOON


def test_a_delivery_of_nothing_but_a_time_is_fine() -> None:
    received = decode_delivery(encode_delivery([], NOON))
    assert (received.pages, received.as_of) == ((), NOON)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json\n",
        b'{"format":1}\n',
        b'{"format":2,"batches":[]}\n',
        b'{"format":1,"batches":[],"as_of":"2026-03-01T12:00:00"}\n',
        b'{"format":1,"batches":[{"feed":"salary","start":"0.0","end":"1.1","count":0,"size":0}]}\n',
        b'{"format":1,"batches":[{"feed":"sale","start":"2.0","end":"1.1","count":0,"size":0}]}\n',
        b'{"format":1,"batches":[{"feed":"sale","start":"0.0","end":"1.1","count":0,"size":-1}]}\n',
        encode_delivery([SALE, SALE], None),
        encode_delivery([SALE], None)[:-1],
        encode_delivery([SALE], None) + b"1\t1\n",
    ],
)
def test_a_malformed_delivery_is_refused_whole(body: bytes) -> None:
    with pytest.raises(BadDelivery):
        decode_delivery(body)


def test_a_malformed_cursor_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        decode_delivery(
            b'{"format":1,"batches":[{"feed":"sale","start":"x","end":"1.1","count":0,"size":0}]}\n'
        )


@pytest.mark.parametrize("name", ["", "KW-1", "kw_1", "../hq", "k" * 17])
def test_only_shard_names_name_a_source(name: str) -> None:
    assert check_source("kw-1") == "kw-1"
    with pytest.raises(BadDelivery):
        check_source(name)


def test_pages_that_are_too_large_together_travel_apart() -> None:
    assert split_pages([SALE, PAYMENT], bytes_max=100) == [[SALE, PAYMENT]]
    assert split_pages([SALE, PAYMENT], bytes_max=9) == [[SALE], [PAYMENT]]
    assert split_pages([SALE], bytes_max=1) == [[SALE]]
    assert split_pages([]) == [[]]

"""One list of many databases: every row once, in one order, from wherever a page begins."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from octonext.audit.reading.domain import (
    NUMBER_MAX,
    Entry,
    Filter,
    Place,
    masked,
    moment,
    network,
    newest_first,
    row_key,
)
from octonext.edge.errors import InvalidRequest

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def entry(database: str, at: datetime, transaction: int, number: int) -> Entry:
    return Entry(
        database=database, region=None, at=at, transaction=str(transaction), number=number,
        operation="insert", table="t", event=None, key={}, before=None, after={}, actor=None, connection=None,
    )  # fmt: skip


def test_pages_of_any_length_give_every_row_of_every_database_once_and_in_order() -> None:
    rng = random.Random(4)
    rows = {
        name: sorted(
            (
                # few moments, so that many rows of several databases share one
                entry(name, NOON + timedelta(microseconds=rng.randrange(4)), rng.randrange(3, 7), number)
                for number in range(60)
            ),
            key=lambda row: row.place,
            reverse=True,
        )
        for name in ("hq", "kw-1", "sa-1")
    }
    everything = sorted((row.place for each in rows.values() for row in each), reverse=True)
    for limit in (1, 7, 100):
        seen: list[Place] = []
        place = Place(datetime(9999, 1, 1, tzinfo=UTC), "", NUMBER_MAX, NUMBER_MAX)
        while True:
            pages = [
                [
                    row for row in each
                    if (row.at, int(row.transaction), row.number) < place.bound(name)
                ][:limit]
                for name, each in rows.items()
            ]  # fmt: skip
            page = newest_first(pages, limit)
            if not page:
                break
            seen += [row.place for row in page]
            place = Place.parse(page[-1].place.text())
        assert seen == everything


def test_a_place_survives_its_text_to_the_microsecond() -> None:
    place = Place(datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC), "kw-1", 2**62, 1)
    assert Place.parse(place.text()) == place


@pytest.mark.parametrize(
    "text", ["", "x", "1 2 3", "1 2 x kw", "1 -2 3 kw", f"1 2 {2**63} kw", "9" * 40 + " 2 3 kw", "1 2 3 kw x"]
)
def test_a_foreign_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        Place.parse(text)


def test_texts_are_masked_wherever_they_stand_and_numbers_stay() -> None:
    shown = masked({"a": ["x1", {"x2": "x3"}], "b": 5, "c": None}, lambda text: text.replace("x", "*"))
    assert shown == {"a": ["*1", {"*2": "*3"}], "b": 5, "c": None}


def test_what_was_asked_is_told_without_what_was_not() -> None:
    wanted = Filter(table="product", key={"product_id": "1"}, ip=network("10.1.2.3/16"), device=7)
    assert wanted.told() == {
        "table": "product", "key": {"product_id": "1"}, "ip": "10.1.0.0/16", "device": 7,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "10.1.2", "10.1.0.0/40", "shop", "10.1.0.0/16; DROP"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        network(text)


@pytest.mark.parametrize("text", ["", "7", "[]", "{}", '{"a": {"b": 1}}', '{"a": [1]}', '{"a"'])
def test_what_is_no_primary_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        row_key(text)


def test_a_time_without_a_zone_is_refused() -> None:
    assert moment(NOON) == NOON
    with pytest.raises(InvalidRequest):
        moment(datetime(2026, 3, 31))  # noqa: DTZ001

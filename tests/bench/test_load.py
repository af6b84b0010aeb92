"""What is prepared is what a till would send: signed, chained, sealed, and bookable as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench.load import LINES, Assortment, PreparedTill, rules_of
from octonext.crypto.chain import GENESIS
from octonext.crypto.envelope import generate_shard_key, shard_public_spki, unwrap_for_shard
from octonext.crypto.signature import public_spki
from octonext.sync.domain import translate
from octonext.sync.messages import FRAME_BYTES_MAX, encode
from octonext.sync.service.opening import is_signed, open_entries
from octonext.sync.service.shard import PUSH_ENTRIES

SHARD_KEY = generate_shard_key()
RULES = rules_of(1, [1])


def till() -> PreparedTill:
    return PreparedTill(1, 7, Assortment(3), shard_public_spki(SHARD_KEY))


def test_a_prepared_journal_opens_and_books_without_a_case() -> None:
    author = till()
    previous, first = GENESIS, 1
    for prepared in author.pushes(3, 8, rules=RULES):
        push = prepared.push
        assert (push.first, push.prev) == (first, previous)
        assert is_signed(push, device=7, public_spki=public_spki(author.private))
        opened = open_entries(push, device=7, keys=author.keys)
        rows = translate(opened, RULES, received_at=datetime.now(UTC), clock_offset=timedelta(0))
        assert rows == prepared.postings
        assert not rows.cases
        assert all(entry[6] is None for entry in rows.entries)
        first, previous = first + len(push.entries), push.entries[-1].h
    assert len(rows.lines) == 8 * LINES


def test_the_first_push_brings_the_key_of_its_shift() -> None:
    author = till()
    first, second = author.pushes(2, 4)
    (key,) = first.push.keys
    assert unwrap_for_shard(key.wrapped, SHARD_KEY, device=7, key_id=key.id) == author.keys[key.id]
    assert not second.push.keys


def test_the_largest_push_of_three_line_baskets_fits_a_frame() -> None:
    assert all(len(encode(each.push)) <= FRAME_BYTES_MAX for each in till().pushes(2, PUSH_ENTRIES))


def test_the_same_seed_fills_the_same_baskets() -> None:
    one, other = Assortment(5), Assortment(5)
    assert [one.basket() for _ in range(20)] == [other.basket() for _ in range(20)]

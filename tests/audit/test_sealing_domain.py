"""Row bytes, manifests, heads and catalogues without a database."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from octonext.audit.sealing.domain import catalogue
from octonext.audit.sealing.domain.head import NO_HEAD, BadHead, Head, SignedHead, decode, signed_by
from octonext.audit.sealing.domain.manifest import BadManifest, TableLeaves
from octonext.audit.sealing.domain.manifest import decode as decode_manifest
from octonext.audit.sealing.domain.manifest import encode as encode_manifest
from octonext.audit.sealing.domain.merkle import leaf_hash
from octonext.audit.sealing.domain.rows import TABLES, BadRow, SealedTable, canonical_json
from sealed_chain import KEY, OTHER_KEY

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HEAD = Head(
    database="kw-1", number=1, previous=NO_HEAD, continues=0, size=0, root=bytes(32), leaves=bytes(32),
    watermark=5, sealed_at=MOMENT, clock=MOMENT, database_clock=MOMENT, catalogue=bytes(32), system="7",
    timeline=1, canary=0, key=KEY.id,
)  # fmt: skip


def test_the_order_and_spacing_of_json_do_not_matter_and_its_values_do() -> None:
    form = canonical_json('{"b": [1, 2.50, null], "a": {"x": true, "y": "\\u00e9"}}')
    assert form == canonical_json('{"a":{"y":"é","x":true},"b":[1,2.50,null]}')
    for other in (
        '{"b":[1,2.5,null],"a":{"x":true,"y":"é"}}',
        '{"b":[1,2.50,null],"a":{"x":"true","y":"é"}}',
    ):
        assert canonical_json(other) != form
    assert canonical_json(None) != canonical_json("null")
    assert canonical_json("[]") != canonical_json("{}")
    assert canonical_json('["a","b"]') != canonical_json('["ab"]')


def test_a_number_longer_than_any_float_keeps_its_digits() -> None:
    long = "123456789012345678901234567890.10"
    assert long.encode() in canonical_json(json.dumps({"n": 0}).replace("0", long))


def record(*columns: tuple[int, bytes | None]) -> bytes:
    """A record in PostgreSQL's binary form."""
    parts = [struct.pack(">i", len(columns))]
    for oid, value in columns:
        parts.append(struct.pack(">Ii", oid, -1 if value is None else len(value)) + (value or b""))
    return b"".join(parts)


def test_a_null_is_no_empty_text_and_a_column_does_not_run_into_the_next() -> None:
    table = TABLES["device_journal"]
    key = [(23, struct.pack(">i", 7)), (23, struct.pack(">i", 1)), (20, struct.pack(">q", 55))]
    at = (1184, struct.pack(">q", 1234))
    variants = [
        record(*key, (25, None), (25, b"ab"), at),
        record(*key, (25, b""), (25, b"ab"), at),
        record(*key, (25, b"a"), (25, b"b"), at),
        record(*key, (17, b"a"), (25, b"b"), at),
    ]
    assert len({table.leaf(each) for each in variants}) == len(variants)
    assert all(table.name_of(each) == ((7, 1, 55), 1234) for each in variants)
    assert table.key_text((7, 1, 55)) == "7-1-55"
    assert table.parse_key("7-1-55") == (7, 1, 55)
    assert TABLES["push"].leaf(variants[0]) != table.leaf(variants[0]), "a row is of its table"


def test_a_record_that_is_cut_short_is_refused() -> None:
    with pytest.raises(BadRow, match="cut short"):
        TABLES["device_journal"].name_of(b"\x00" * 20)
    with pytest.raises(BadRow, match="cut short"):
        TABLES["push"].stored_names([b"\x00" * 100, b"\x00" * (TABLES["push"].key.size + 7)])


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_many_rows_together_have_the_names_and_leaves_of_each_alone(table: SealedTable) -> None:
    sizes = {"i": (23, 4), "q": (20, 8)}
    keys = [sizes[form] for form in table.key.format if form in sizes]
    records = [
        record(
            *((oid, (n * 1000 + place).to_bytes(size, "big")) for place, (oid, size) in enumerate(keys)),
            (25, None if n == 3 else b"text" * n),
            (1184, struct.pack(">q", n - 5)),
        )
        for n in range(10)
    ]
    texts = [(f'{{"n": {n}}}', None, "[]")[: len(table.json_columns)] for n in range(10)]
    group = TableLeaves(table)
    for first in (0, 4):
        group.add(records[first : first + 4], texts[first : first + 4] if table.json_columns else ())
    group.add([])
    alone = [table.name_of(each) for each in records[:8]]
    assert list(zip(group.keys, group.times, strict=True)) == alone
    assert group.hashes == [table.leaf(each, text) for each, text in zip(records[:8], texts, strict=False)]


def test_a_manifest_is_read_as_it_was_written_and_not_otherwise() -> None:
    table = TABLES["ledger_line"]
    rows: list[tuple[int, ...]] = [(7, 1, seq, line) for seq in range(100) for line in (1, 2)]
    names = bytearray().join(table.stored_key.pack(at, *row) for at, row in enumerate(rows))
    group = TableLeaves(table, names, [leaf_hash(str(row).encode()) for row in rows])
    blob = encode_manifest([TableLeaves(TABLES["push"]), group])
    (found,) = decode_manifest(blob)
    assert (found.table, found.times, found.keys) == (table, list(range(200)), rows)
    assert found.hashes == group.hashes
    assert decode_manifest(encode_manifest([])) == []
    for broken in (
        b"",
        blob[:-1],
        blob + b"\x00",
        b"\x02" + blob[1:],
        blob[:40],
        blob[:5] + b"\xff" + blob[6:],
    ):
        with pytest.raises(BadManifest):
            decode_manifest(broken)


def test_a_head_is_read_only_in_the_form_in_which_it_was_signed() -> None:
    signed = KEY.sign(HEAD)
    assert decode(signed.encoded) == signed.head
    assert SignedHead.read(signed.encoded, signed.signature).hash == signed.hash
    assert signed_by(signed, KEY.public)
    assert not signed_by(signed, OTHER_KEY.public)
    assert not signed_by(replace(signed, encoded=signed.encoded.replace(b"size 0", b"size 1")), KEY.public)
    for old, new in (
        (b"size 0", b"size 00"),
        (b"size 0\n", b""),
        (b"kw-1", b"KW"),
        (b"\n", b"\r\n"),
        (b"seal 1", b"seal 2"),
    ):
        with pytest.raises(BadHead):
            decode(signed.encoded.replace(old, new))
    with pytest.raises(BadHead):
        decode(signed.encoded + b"more 1\n")


def test_a_catalogue_text_cannot_be_made_to_say_another_thing_by_a_name_with_a_line_end() -> None:
    text = catalogue.write([("table a\ntrigger b.c", "kind r\tx")])
    assert text.count("\n") == 1
    assert len(catalogue.read(text)) == 1


def test_a_migration_explains_a_change_only_when_this_release_brings_it() -> None:
    known = {1: ("first", "aa"), 2: ("second", "bb")}
    before = {"migration 1": "first aa", "function f()": "source 1 xmin 5"}
    after = {**before, "migration 2": "second bb", "function f()": "source 2 xmin 9"}
    assert catalogue.legitimate_migrations(before, after, known) == [2]
    assert catalogue.legitimate_migrations(before, {**after, "migration 2": "second cc"}, known) is None
    assert catalogue.legitimate_migrations(before, {**after, "migration 3": "third dd"}, known) is None
    assert catalogue.legitimate_migrations(after, before, known) is None
    assert catalogue.legitimate_migrations(before, before, known) == []


def test_a_new_month_is_no_change_and_a_lone_table_that_looks_like_one_is() -> None:
    part = "table ledger_line_2026_04"
    before = {"table ledger_line": "kind p p owner octonext security f f grants {octonext=r} columns aa"}
    state = (
        "kind r p owner octonext security f f of ledger_line FOR VALUES FROM ('2026-04-01') grants columns aa"
    )
    attached = {**before, part: state}
    (change,) = catalogue.compare(before, attached)
    assert catalogue.new_partition(change, before, attached)
    for other in (
        "kind r p",
        state.replace("kind r p", "kind r u"),
        state.replace("owner octonext", "owner me"),
        state.replace("grants columns", "grants {me=w} columns"),
    ):
        (change,) = catalogue.compare(before, {**before, part: other})
        assert not catalogue.new_partition(change, before, {**before, part: other})
    guard = {**attached, "trigger ledger_line_2026_04.append_only": "enabled A does refuse_rewrite type 58"}
    for change in catalogue.compare(before, guard):
        assert catalogue.new_partition(change, before, guard)
    (change,) = catalogue.compare(attached, guard)
    assert not catalogue.new_partition(change, attached, guard), "the partition was there before its trigger"
    lone = {**before, part: "kind r p"}
    (change,) = catalogue.compare(attached, lone)
    assert catalogue.partition_of(change) == "ledger_line_2026_04"
    assert "detached" in change.told


def test_a_partition_without_its_guard_is_named() -> None:
    things = {
        "table ledger_line": "kind p p",
        "table ledger_line_2026_04": "kind r p of ledger_line FOR VALUES FROM ('2026-04-01')",
        "trigger ledger_line.append_only": "enabled A does refuse_rewrite type 58",
        "trigger ledger_line_2026_04.append_only": "enabled O does refuse_rewrite type 58",
    }
    assert catalogue.unguarded(things) == ["ledger_line_2026_04"]

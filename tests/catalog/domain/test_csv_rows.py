"""What a line of somebody's spreadsheet becomes, or why it does not."""

from __future__ import annotations

import pytest

from octonext.catalog.domain.csv_rows import RowReader, parse_mapping, resolve_columns
from octonext.edge.errors import InvalidRequest


def reader(*header: str, columns: str = "") -> RowReader:
    return RowReader(resolve_columns(header, parse_mapping(columns)), len(header))


def test_a_row_without_a_sku_takes_its_barcode_as_one() -> None:
    read = reader("ean", "product_name").read(["0000000000017", "Vitória crackers"])
    assert read.product == {
        "sku": "0000000000017", "barcodes": ["0000000000017"], "name_en": "Vitória crackers",
    }  # fmt: skip


def test_columns_are_mapped_by_name_and_the_rest_by_their_usual_headings() -> None:
    rows = reader("Nr", "Artikel", "EAN", "unit", columns="Nr=sku,artikel=name_en")
    assert rows.read(["17", "Brot", "4006381333931", "kg"]).product == {
        "sku": "17", "name_en": "Brot", "barcodes": ["4006381333931"], "unit": "kg",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["ean"], ""),
        (["product_name"], ""),
        (["ean", "product_name"], "missing=sku"),
        (["ean", "product_name"], "ean=colour"),
        (["ean", "product_name"], "ean"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused_with_a_remedy(header: list[str], columns: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        reader(*header, columns=columns)
    assert refused.value.remedy


def test_control_characters_are_taken_out_and_noted_while_names_are_kept() -> None:
    rows = reader("sku", "name")
    read = rows.read(["1", "Tea\x00\x1f\n100 bags\x85"])
    assert read.product is not None
    assert read.product["name_en"] == "Tea 100 bags"
    assert "name_en" in read.note
    for kept in ("👨‍👩‍👧 Family Pack 🍪", "قهوة\u200f عربية", 'Quote " and, comma', "می‌خواهم"):
        again = rows.read([kept, kept])
        assert again.note == ""
        assert again.product is not None
        assert again.product["name_en"] == kept


def test_an_arabic_name_serves_both_languages() -> None:
    read = reader("ean", "product_name").read(["4006381333931", "كاري 50g"])
    assert read.product is not None
    assert read.product["name_en"] == read.product["name_ar"] == "كاري 50g"


def test_what_stands_twice_is_refused_the_second_time() -> None:
    rows = reader("sku", "ean", "name")
    assert rows.read(["1", "036000291452", "Tissue"]).refusal is None
    assert rows.read(["1", "", "Tissue"]).refusal == ("duplicate_sku", "The sku 1 is in an earlier line.")
    second = rows.read(["2", "0036000291452", "The same as EAN-13"])
    assert second.refusal is not None
    assert second.refusal[0] == "duplicate_barcode"


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (["1"], "wrong_shape"),
        (["1", "Tea", "more"], "wrong_shape"),
        (["", "Tea"], "no_identity"),
        (["1", "T\udc80ea"], "not_utf8"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(cells: list[str], code: str) -> None:
    refusal = reader("sku", "name").read(cells).refusal
    assert refusal is not None
    assert refusal[0] == code


@pytest.mark.parametrize("name", ["name_en", "name_ar", "unit", "category_id", "tax_class"])
def test_a_row_with_a_card_number_is_refused_by_its_column(name: str) -> None:
    rows = reader("sku", "barcode", "name_en", "name_ar", "unit", "category_id", "tax_class")
    cells = dict.fromkeys(("sku", "barcode", "name_en", "name_ar", "unit", "category_id", "tax_class"), "1")
    read = rows.read(list((cells | {name: "4111 1111 1111 1111"}).values()))
    assert read.refusal is not None
    code, message = read.refusal
    assert (code, name in message, "4111" in message) == ("card_number", True, False)


def test_an_article_number_that_looks_like_a_card_is_an_article_number() -> None:
    read = reader("sku", "barcode", "name").read(["4111111111111111", "4006381333931", "Bread"])
    assert read.product is not None

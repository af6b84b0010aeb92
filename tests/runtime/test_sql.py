from __future__ import annotations

import pytest

from octonext.runtime.sql import BadQueryFile, load_queries, parse_queries

FILE = """-- Statements of a test.

-- name: newest_sale
-- The last sale.
-- It spans branches on purpose.
SELECT 1;

-- name: two_rows
-- Two rows; the semicolon inside stays.
SELECT ';' UNION ALL
-- a comment inside
SELECT 'b';
"""


def test_statements_are_found_by_name_without_their_last_semicolon() -> None:
    assert parse_queries(FILE, source="f") == {
        "newest_sale": "SELECT 1",
        "two_rows": "SELECT ';' UNION ALL\n-- a comment inside\nSELECT 'b'",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT 1;", "no `-- name:` line"),
        ("SELECT 1;\n-- name: a\n-- why\nSELECT 1;", "before the first name"),
        ("-- name: a\nSELECT 1;", "no sentence"),
        ("-- name: a\n-- why\n", "is empty"),
        ("-- name: A-b\n-- why\nSELECT 1;", "not a name"),
        ("-- name: a\n-- why\nSELECT 1;\n-- name: a\n-- why\nSELECT 2;", "there twice"),
    ],
)
def test_a_file_that_breaks_the_form_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadQueryFile, match=reason):
        parse_queries(text, source="f")


def test_a_package_s_own_file_is_read_once() -> None:
    first = load_queries("octonext.runtime", "migrations.sql")
    assert first is load_queries("octonext.runtime", "migrations.sql")
    assert "schema_version" in first

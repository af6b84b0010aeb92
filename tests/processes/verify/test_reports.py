"""Reports against shards, row by row; the whole way through reporting is in the replay's own test."""

from __future__ import annotations

import pytest

from octonext.processes.verify.domain.findings import Findings
from octonext.processes.verify.domain.reports import compare, keyed, zipped

KEYS, FIGURES = ("branch_id", "currency"), ("sale_count", "total")
ROW = {"branch_id": 1, "currency": "SAR", "sale_count": 2, "total": 500}


def found(shards: list[dict[str, object]], report: list[dict[str, object]]) -> list[str]:
    findings = Findings()
    compare("report-totals", KEYS, keyed(shards, KEYS, FIGURES), keyed(report, KEYS, FIGURES), findings)
    [verdict] = [each for each in findings.verdicts() if each.check == "report-totals"]
    return [f"{finding.place}: {finding.what}" for finding in verdict.findings]


def test_equal_rows_in_any_order_agree() -> None:
    other = {**ROW, "branch_id": 2}
    assert found([ROW, other], [other, ROW]) == []


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_counts(figure: str) -> None:
    assert found([ROW], [{**ROW, figure: 499}]) == [
        f"1: branch_id 1, currency SAR: {figure} {ROW[figure]} in shards, 499 in the report"
    ]


def test_a_row_that_the_report_lacks_or_invents_is_named() -> None:
    assert found([ROW], []) == ["1: branch_id 1, currency SAR: shards only"]
    assert found([], [ROW]) == ["1: branch_id 1, currency SAR: the report only"]


def test_rows_of_several_shards_are_added_up() -> None:
    assert found([ROW, ROW], [{**ROW, "sale_count": 4, "total": 1000}]) == []


def test_an_answer_becomes_rows_by_column() -> None:
    answer = {"columns": [{"name": "branch_id"}, {"name": "total"}], "rows": [[1, 5], [2, 7]]}
    assert zipped(answer) == [{"branch_id": 1, "total": 5}, {"branch_id": 2, "total": 7}]

"""What may be asked: the reports there are, and the filters they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from octonext.base.errors import OctoNextError

from .periods import FIRST_DAY, LAST_DAY, whole_months

ROWS_DEFAULT = 1_000
ROWS_MAX = 100_000
FILTER_CHARACTERS_MAX = 64

Unit = Literal["text", "id", "count", "minor", "thousandths", "milliseconds", "timestamp", "date", "hour"]
"""minor: minor units of the row's `currency`. thousandths: of a piece or a kilogram. timestamp: UTC."""


class UnknownReport(OctoNextError):
    """There is no report of that name."""

    code = "not_found"


class InvalidReportFilter(OctoNextError):
    """A filter of a report cannot be used as it is."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class Report:
    """One question that can be asked; its SQL is reports/<name with underscores>.sql."""

    name: str
    title: str
    units: Mapping[str, Unit]
    """Unit of each column, in order."""
    dated: bool = True
    """Whether it takes `from` and `to`; a report on the present does not."""
    by_branch: bool = False
    """Whether its rows stand branch after branch by code, so that branches behind the limit need no look."""
    ranked: bool = False
    """Whether it shows the best of each currency; its statement is completed with what is to be ranked."""

    @property
    def resource(self) -> str:
        return f"{self.name.replace('-', '_')}.sql"


def _columns(unit: Unit, names: str) -> dict[str, Unit]:
    return dict.fromkeys(names.split(), unit)


_UNITS: dict[str, Unit] = {
    **_columns(
        "text",
        "branch name_en name_ar region currency sku category_en category_ar unit tender tax_code "
        "till name status head_hash reason",
    ),
    **_columns("id", "branch_id device_id product_id account"),
    **_columns(
        "count",
        "sale_count return_count receipt_count payment_count line_count rank head_seq case_count "
        "quarantined_count other_branch_count other_shard_count without_receipt_count "
        "ledger_line_count movement_count",
    ),
    **_columns(
        "minor",
        "sold returned tax_returned total net tax discount rounding received refunded amount cost "
        "value line_total line_tax paid debit credit",
    ),
    **_columns("thousandths", "quantity on_hand"),
    **_columns("timestamp", "last_contact till_at"),
    **_columns("milliseconds", "clock_offset_ms"),
    **_columns("date", "business_date"),
    **_columns("hour", "hour"),
}
_TURNOVER = "sale_count return_count sold returned total net tax discount rounding"
_BRANCH = "branch_id branch name_en name_ar"


def _report(name: str, title: str, columns: str, **traits: bool) -> Report:
    return Report(name, title, {column: _UNITS[column] for column in columns.split()}, **traits)


REPORTS: dict[str, Report] = {
    report.name: report
    for report in (
        _report("sales-by-branch", "Sales by branch", f"{_BRANCH} region currency {_TURNOVER}"),
        _report("sales-by-day", "Sales by day", f"business_date currency {_TURNOVER}"),
        _report("sales-by-hour", "Sales by hour of the day", f"hour currency {_TURNOVER}"),
        _report(
            "top-products",
            "Top products",
            "product_id sku name_en name_ar category_en category_ar unit currency receipt_count "
            "quantity total net tax rank",
            ranked=True,
        ),
        _report("payment-mix", "Payment mix", "tender currency payment_count received refunded amount"),
        _report("tax", "Tax", "region tax_code currency line_count net tax total"),
        _report(
            "returns",
            "Returns",
            f"{_BRANCH} currency return_count returned tax_returned sale_count sold "
            "other_branch_count other_shard_count without_receipt_count",
        ),
        _report(
            "ledger",
            "Account turnover",
            "branch_id branch account currency line_count debit credit",
        ),
        _report(
            "stock",
            "Stock on hand and value",
            "branch_id branch product_id sku name_en name_ar unit on_hand currency cost value",
            dated=False,
            by_branch=True,
        ),
        _report(
            "till-health",
            "Till health",
            "branch_id branch device_id till name status last_contact till_at clock_offset_ms "
            "head_seq head_hash quarantined_count case_count",
            dated=False,
        ),
        _report(
            "totals",
            "Totals for reconciliation",
            "branch_id currency sale_count return_count line_count quantity total net tax discount "
            "rounding line_total line_tax payment_count paid ledger_line_count debit credit",
        ),
        _report(
            "stock-totals",
            "Stock movements for reconciliation",
            "branch_id reason movement_count quantity",
            dated=False,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch as reports know it."""

    branch_id: int
    code: str
    region: str
    source: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a report is narrowed to. `branches` is None for all, also for those HQ does not know."""

    first: date
    last: date
    branches: tuple[int, ...] | None
    rows_max: int
    given: Mapping[str, str]
    """The filters as they were asked for, to be shown with the answer."""

    def parameters(self) -> dict[str, object]:
        """The report statements' parameters; one row more is asked for, to notice a cut.

        The days are given as a whole, and once more as the whole months among them with the days
        before (head) and after (tail), since months are summed up already.
        """
        months = whole_months(self.first, self.last)
        return {
            "from": self.first,
            "to": self.last,
            "first_month": months.first,
            "last_month": months.last,
            "head_from": months.head[0],
            "head_to": months.head[1],
            "tail_from": months.tail[0],
            "tail_to": months.tail[1],
            "everywhere": int(self.branches is None),
            "branches": list(self.branches or ()),
            "limit": self.rows_max + 1,
        }


def find_report(name: str) -> Report:
    """The report of that name. Raises UnknownReport."""
    try:
        return REPORTS[name]
    except KeyError:
        raise UnknownReport(
            f"There is no report {name[:FILTER_CHARACTERS_MAX]!r}.",
            remedy=f"The reports are: {', '.join(REPORTS)}.",
        ) from None


def read_filters(report: Report, given: Mapping[str, str], branches: Sequence[Branch]) -> Filters:
    """Check the filters of a request. Raises InvalidReportFilter, which says what is allowed."""
    given = {key: value for key, value in given.items() if value != ""}
    allowed = ("from", "to", "region", "branch", "limit") if report.dated else ("region", "branch", "limit")
    for key, value in given.items():
        if key not in allowed:
            reason = " It shows the present." if key in ("from", "to") else ""
            raise InvalidReportFilter(
                f"The report {report.name} has no filter {key[:FILTER_CHARACTERS_MAX]!r}.{reason}",
                remedy=f"Its filters are: {', '.join(allowed)}.",
            )
        if len(value) > FILTER_CHARACTERS_MAX:
            raise InvalidReportFilter(f"The filter {key} is too long.")
    first = _day(given, "from", FIRST_DAY)
    last = _day(given, "to", LAST_DAY)
    if last < first:
        raise InvalidReportFilter("`to` lies before `from`.", remedy="Swap them.")
    return Filters(first, last, _branches(given, branches), _limit(given), given)


def _day(given: Mapping[str, str], key: str, default: date) -> date:
    if key not in given:
        return default
    try:
        day = date.fromisoformat(given[key]) if len(given[key]) == 10 else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidReportFilter(
            f"{given[key]!r} is not a day that `{key}` can be.", remedy="Write it like 2026-03-31."
        )
    return day


def _limit(given: Mapping[str, str]) -> int:
    text = given.get("limit", str(ROWS_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= ROWS_MAX):
        raise InvalidReportFilter(
            f"{text!r} is not a number of rows.", remedy=f"`limit` is between 1 and {ROWS_MAX}."
        )
    return int(text)


def _branches(given: Mapping[str, str], known: Sequence[Branch]) -> tuple[int, ...] | None:
    if "region" not in given and "branch" not in given:
        return None
    chosen = list(known)
    if "region" in given:
        regions = sorted({branch.region for branch in known if branch.region})
        if given["region"] not in regions:
            raise InvalidReportFilter(
                f"There is no region {given['region']!r} with branches.",
                remedy=f"The regions are: {', '.join(regions) or 'none yet'}.",
            )
        chosen = [branch for branch in chosen if branch.region == given["region"]]
    if "branch" in given:
        wanted = given["branch"]
        chosen = [each for each in chosen if wanted in (each.code, str(each.branch_id))]
        if not chosen:
            where = f" in the region {given['region']}" if "region" in given else ""
            raise InvalidReportFilter(
                f"There is no branch {wanted!r}{where}.",
                remedy="Give a branch's code or number; sales-by-branch lists those that sold.",
            )
    return tuple(sorted(branch.branch_id for branch in chosen))

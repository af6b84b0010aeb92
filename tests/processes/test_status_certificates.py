"""When a certificate's end makes `octonext status` say that not all is well."""

from __future__ import annotations

import pytest

from octonext.crypto.certificates import ALARM_DAYS, WARN_DAYS
from octonext.processes.status.certificates import (
    certificates_well,
    database_certificates,
    days,
    gateway_certificate,
)
from octonext.processes.status.report import DatabaseReport, StatusReport


def report(*, gateway: int = 90, problem: str = "", database: int | None = None) -> StatusReport:
    hq = DatabaseReport(name="hq", kind="hq", schema_known=1, tls="TLSv1.3", certificate_days_left=database)
    certificate = {"expires": "", "days_left": gateway, "problem": problem}
    return StatusReport(
        running=True, installation=None, databases=[hq], gateways={"https://x": {"certificate": certificate}}
    )


def test_certificates_that_last_are_well() -> None:
    assert certificates_well(report())
    assert certificates_well(report(gateway=ALARM_DAYS, database=ALARM_DAYS))


@pytest.mark.parametrize(
    "bad",
    [
        report(gateway=ALARM_DAYS - 1),
        report(gateway=-1),
        report(database=ALARM_DAYS - 1),
        report(problem="The installed certificate is not taken over: it is another host's."),
    ],
)
def test_one_that_ends_soon_or_is_not_taken_over_is_not(bad: StatusReport) -> None:
    assert not certificates_well(bad)


def test_a_gateway_that_tells_nothing_of_it_is_another_version_and_no_alarm() -> None:
    silent = StatusReport(
        running=True, installation=None, databases=[], gateways={"https://x": {}, "https://y": None}
    )
    assert certificates_well(silent)
    assert list(gateway_certificate({})) == []


def test_the_days_are_coloured_by_their_thresholds() -> None:
    shown = [days(left) for left in (WARN_DAYS, WARN_DAYS - 1, ALARM_DAYS - 1, -1)]
    assert [each.split("]")[0] for each in shown] == ["[green", "[yellow", "[red", "[bold red"]


def test_only_databases_on_a_network_have_a_line() -> None:
    assert list(database_certificates(report().databases)) == []
    assert "TLSv1.3" in next(iter(database_certificates(report(database=30).databases)))

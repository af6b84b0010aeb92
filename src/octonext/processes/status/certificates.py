"""What a status report says of certificates: how long they are good, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.markup import escape

from octonext.crypto.certificates import ALARM_DAYS, WARN_DAYS

from .report import DatabaseReport, StatusReport


def days(left: int) -> str:
    """A certificate's days in words and colour."""
    if left < 0:
        return "[bold red]the certificate has EXPIRED[/]"
    colour = "red" if left < ALARM_DAYS else "yellow" if left < WARN_DAYS else "green"
    return f"[{colour}]certificate good for {left} days[/]"


def gateway_certificate(answer: dict[str, object]) -> Iterator[str]:
    """The lines of one gateway's own answer; none from a version that does not tell."""
    certificate = answer.get("certificate")
    if not isinstance(certificate, dict):
        return
    left, problem = certificate.get("days_left"), certificate.get("problem")
    if isinstance(left, int):
        yield f"  {days(left)}"
    if problem:
        yield f"  [red]{escape(str(problem))}[/]"


def database_certificates(databases: Iterable[DatabaseReport]) -> Iterator[str]:
    """A line for each database that is reached over a network."""
    for each in databases:
        if each.certificate_days_left is not None:
            yield f"{escape(each.name)}: {each.tls}, {days(each.certificate_days_left)}"


def certificates_well(report: StatusReport) -> bool:
    """Whether no certificate ends within ALARM_DAYS, and every gateway serves what is installed."""
    for answer in report.gateways.values():
        certificate = None if answer is None else answer.get("certificate")
        if isinstance(certificate, dict):
            left = certificate.get("days_left")
            if certificate.get("problem") or (isinstance(left, int) and left < ALARM_DAYS):
                return False
    ends = [each.certificate_days_left for each in report.databases if each.certificate_days_left is not None]
    return not ends or min(ends) >= ALARM_DAYS

"""What a verification found: one verdict per check, each with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from .checks import CHECKS, Check

#: Findings shown of one check; all are counted.
FINDINGS_SHOWN_MAX = 20

State = Literal["holds", "broken", "unchecked"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place where a check does not hold, as precisely as it is known."""

    what: str
    shard: str = ""
    branch: int | None = None
    device: int | None = None
    seq: int | None = None

    @property
    def place(self) -> str:
        """Shard and receipt number, as far as known."""
        numbers = [str(n) for n in (self.branch, self.device, self.seq) if n is not None]
        return " ".join(filter(None, (self.shard, "-".join(numbers))))


class Verdict(msgspec.Struct, kw_only=True):
    """How one check ended. `examined` counts what was looked at; `broken` counts all findings."""

    check: str
    title: str
    invariants: tuple[int, ...]
    state: State
    examined: int
    broken: int
    findings: list[Finding]
    reason: str = ""
    """Why it was not checked."""


class Findings:
    """Collects, check by check, what was examined and what was found."""

    def __init__(self) -> None:
        self._examined: dict[str, int] = {}
        self._broken: dict[str, int] = {}
        self._findings: dict[str, list[Finding]] = {}
        self._unchecked: dict[str, str] = {}

    def examine(self, check: str, count: int = 1) -> None:
        """Something was looked at, whatever it turned out to be."""
        self._examined[_known(check)] = self._examined.get(check, 0) + count

    def add(self, check: str, finding: Finding) -> None:
        """The check does not hold."""
        self._broken[_known(check)] = self._broken.get(check, 0) + 1
        shown = self._findings.setdefault(check, [])
        if len(shown) < FINDINGS_SHOWN_MAX:
            shown.append(finding)

    def give_up(self, check: str, reason: str) -> None:
        """The check could not be made, or not to its end."""
        self._unchecked.setdefault(_known(check), reason)

    def gave_up(self, check: str) -> bool:
        """Whether something kept a check from being made."""
        return check in self._unchecked

    def verdicts(self) -> list[Verdict]:
        """Every check's verdict, in the order of the checks."""
        return [self._verdict(check) for check in CHECKS.values()]

    def _verdict(self, check: Check) -> Verdict:
        broken = self._broken.get(check.name, 0)
        reason = self._unchecked.get(check.name, "")
        examined = self._examined.get(check.name)
        if examined is None and not broken and not reason:
            reason = check.needs or "nothing of it was asked for"
        state: State = "broken" if broken else "unchecked" if reason else "holds"
        return Verdict(
            check=check.name,
            title=check.title,
            invariants=check.invariants,
            state=state,
            examined=examined or 0,
            broken=broken,
            findings=self._findings.get(check.name, []),
            reason=reason if state == "unchecked" else "",
        )


class InvariantVerdict(msgspec.Struct, kw_only=True):
    """What the checks say of one invariant of `docs/sync-protocol.md`, section 7."""

    number: int
    title: str
    state: State
    checks: list[str]
    reason: str = ""


def judge_invariants(
    verdicts: list[Verdict], invariants: Mapping[int, str], not_readable: Mapping[int, str]
) -> list[InvariantVerdict]:
    """An invariant is broken when one of its checks is, and holds when all that were made hold."""
    judged = []
    for number, title in invariants.items():
        own = [verdict for verdict in verdicts if number in verdict.invariants]
        states = {verdict.state for verdict in own}
        state: State = "broken" if "broken" in states else "holds" if "holds" in states else "unchecked"
        unmade = "; ".join(
            dict.fromkeys(f"{each.check}: {each.reason}" for each in own if each.state == "unchecked")
        )
        reason = "; ".join(filter(None, (not_readable.get(number, ""), unmade)))
        judged.append(
            InvariantVerdict(
                number=number, title=title, state=state, checks=[each.check for each in own], reason=reason
            )
        )
    return judged


def _known(check: str) -> str:
    if check not in CHECKS:
        raise KeyError(f"there is no check {check!r}")
    return check

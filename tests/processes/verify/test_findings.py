from __future__ import annotations

import pytest

from octonext.processes.verify.command import exit_code
from octonext.processes.verify.domain.checks import CHECKS, INVARIANTS, NOT_READABLE
from octonext.processes.verify.domain.findings import Finding, Findings, State, judge_invariants
from octonext.processes.verify.service import Verification


def states(findings: Findings) -> dict[int, State]:
    judged = judge_invariants(findings.verdicts(), INVARIANTS, NOT_READABLE)
    return {each.number: each.state for each in judged}


def test_an_invariant_breaks_with_any_of_its_checks_and_holds_when_those_made_hold() -> None:
    findings = Findings()
    findings.examine("journal-chain", 5)
    findings.examine("journal-heads", 1)
    assert states(findings)[4] == "holds"
    findings.add("journal-heads", Finding(what="elsewhere"))
    assert states(findings)[4] == "broken"


def test_what_was_not_looked_at_is_not_called_whole() -> None:
    judged = {each.number: each for each in judge_invariants(Findings().verdicts(), INVARIANTS, NOT_READABLE)}
    assert {each.state for each in judged.values()} == {"unchecked"}
    assert "no till's journal was given" in judged[2].reason
    assert "no leases" in judged[7].reason
    assert "octonext status" in judged[11].reason


def test_every_invariant_has_checks_or_says_why_not() -> None:
    spoken_for = {number for check in CHECKS.values() for number in check.invariants}
    assert set(INVARIANTS) == spoken_for | {7, 11}


def test_an_unknown_check_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Findings().examine("no-such-check")


@pytest.mark.parametrize(
    ("state", "holds", "code"), [("holds", True, 0), ("broken", False, 2), ("unchecked", False, 3)]
)
def test_the_exit_code_is_zero_only_when_everything_holds(state: State, holds: bool, code: int) -> None:
    findings = Findings()
    findings.examine("sales")
    if state == "broken":
        findings.add("sales", Finding(what="wrong"))
    elif state == "unchecked":
        findings.give_up("sales", "away")
    found = Verification(
        holds=holds, invariants=[], checks=findings.verdicts(), outcomes={}, cases={}, waiting=0
    )
    assert exit_code(found) == code

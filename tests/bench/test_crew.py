"""Processes of a crew begin together, and a fault in one of them is told."""

from __future__ import annotations

import multiprocessing

import pytest

from bench.crew import CrewFailed, Gate, Job, together


async def _count(gate: Gate) -> int:
    await gate()
    return 42


async def _fail(gate: Gate) -> int:
    await gate()
    raise ValueError("no such basket")


async def _never_ready(_gate: Gate) -> int:
    raise ValueError("no such till")


def test_every_job_is_reported_in_order() -> None:
    begun: list[bool] = []

    async def other(gate: Gate) -> int:
        await gate()
        return 7

    reports = together([_count, other], lambda: begun.append(True))
    assert [report.result for report in reports] == [42, 7]
    assert begun == [True]


@pytest.mark.parametrize(("job", "words"), [(_fail, "no such basket"), (_never_ready, "no such till")])
def test_a_fault_of_one_ends_the_crew_and_says_why(job: Job[int], words: str) -> None:
    with pytest.raises(CrewFailed, match=words):
        together([_count, job])
    assert not multiprocessing.active_children()

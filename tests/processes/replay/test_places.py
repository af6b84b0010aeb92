from __future__ import annotations

from collections import Counter

import pytest

from octonext.processes.replay.domain.calendar import offline_steps, steps
from octonext.processes.replay.domain.places import Chain

from .conftest import START

CHAIN = Chain(branches=8, tills=40, shards=2, seed=1)


def test_tills_are_dealt_to_branches_and_branches_to_shards_in_runs() -> None:
    assert Counter(CHAIN.branch_of_till(till) for till in range(40)) == dict.fromkeys(range(8), 5)
    assert [CHAIN.shard_of_branch(branch) for branch in range(8)] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert list(CHAIN.tills_of_branch(3)) == [3, 11, 19, 27, 35]


def test_the_choice_of_a_till_is_the_same_on_every_machine() -> None:
    assert [CHAIN.till_for(str(invoice), "17850.0") for invoice in range(536365, 536370)] == [
        CHAIN.till_for(str(invoice), "17850.0") for invoice in range(536365, 536370)
    ]
    assert CHAIN.till_for("536365", "17850.0") == 4


def test_another_seed_deals_differently() -> None:
    other = Chain(branches=8, tills=40, shards=2, seed=2)
    invoices = [str(n) for n in range(100)]
    assert [CHAIN.till_for(i, "") for i in invoices] != [other.till_for(i, "") for i in invoices]


def test_a_customer_comes_back_to_one_branch_most_of_the_time() -> None:
    branches = Counter(CHAIN.branch_of_till(CHAIN.till_for(str(n), "17850.0")) for n in range(1000))
    [(_, most)] = branches.most_common(1)
    assert 820 < most < 920
    assert len(branches) == 8


def test_customers_without_a_name_go_everywhere_alike() -> None:
    tills = Counter(CHAIN.till_for(str(n), "") for n in range(4000))
    assert len(tills) == 40
    assert 60 < min(tills.values()) <= max(tills.values()) < 145


@pytest.mark.parametrize(("branches", "tills", "shards"), [(1, 1, 2), (4, 3, 1), (0, 0, 0)])
def test_a_chain_needs_a_branch_per_shard_and_a_till_per_branch(
    branches: int, tills: int, shards: int
) -> None:
    with pytest.raises(ValueError, match="at least"):
        Chain(branches=branches, tills=tills, shards=shards)


def test_every_time_lies_before_the_end_of_a_week() -> None:
    from datetime import timedelta

    times = [START, START + timedelta(days=7), START + timedelta(days=30)]
    ends = steps(times)
    assert len(ends) == 5
    assert all(at < ends[-1] for at in times)
    assert steps([]) == []


@pytest.mark.parametrize(("per_mille", "length"), [(0, 0), (300, 12), (1, 0), (900, 35)])
def test_a_till_is_offline_for_its_share_of_the_weeks_in_one_piece(per_mille: int, length: int) -> None:
    windows = [offline_steps(CHAIN, till, 39, per_mille) for till in range(40)]
    assert {len(window) for window in windows} == {length}
    assert all(0 <= window.start <= window.stop <= 39 for window in windows)


def test_tills_are_offline_at_different_times() -> None:
    assert len({offline_steps(CHAIN, till, 39, 300) for till in range(40)}) > 10

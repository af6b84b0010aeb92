"""That the groups of pytest-xdist hold: tests that share a cluster run on one worker."""

import os

import pytest


@pytest.mark.xdist_group("held")
def test_a_group_is_part_of_the_name_by_which_work_is_shared_out(request: pytest.FixtureRequest) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("groups exist between workers only; run with -n 2")
    assert request.node.nodeid.endswith("@held")

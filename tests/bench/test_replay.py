from __future__ import annotations

import pytest

from bench.replay import NotReconciled, read_output

OUTPUT = """
Rows in 320,705 = applied 319,199 + reported 1,506
File = journals = shards = reports, in money and quantity.
68.2 s in all:
    11.8 s  start the cluster, read and plan
    30.1 s  sell and sync
While selling 10,663 rows/s and 416 sales/s; end to end 4,700 rows/s
"""


def test_the_figures_of_a_replay_are_read_from_what_it_prints() -> None:
    found = read_output(OUTPUT)
    assert (found.total_s, found.rows, found.applied) == (68.2, 320_705, 319_199)
    assert found.parts_s == {"start the cluster, read and plan": 11.8, "sell and sync": 30.1}


def test_a_replay_without_figures_is_a_failure() -> None:
    with pytest.raises(NotReconciled, match="printed no figures"):
        read_output("Traceback")

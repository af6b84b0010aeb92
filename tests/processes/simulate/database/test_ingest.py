"""The model of ingest against PostgreSQL: the same random history gives the same answers and rows."""

from __future__ import annotations

import pytest

from .conftest import Twins
from .histories import History
from .twins import in_transaction, outcome

#: Calls of one history; each is a transaction on both sides.
CALLS = 120


@pytest.mark.parametrize("seed", range(4))
async def test_a_random_history_gives_the_same_answers_and_rows(twins: Twins, seed: int) -> None:
    history = History(seed)
    real, model = await twins.real.connect(), await twins.model.connect()
    seen: dict[str, int] = {}
    for number in range(CALLS):
        call = history.call()
        answer = await outcome(in_transaction(real, call))
        assert await outcome(in_transaction(model, call)) == answer, (seed, number)
        kind = getattr(answer, "status", type(answer).__name__)
        seen[kind] = seen.get(kind, 0) + 1
        if number % 20 == 19:
            await twins.assert_equal()
    await twins.assert_equal()
    await real.close()
    # a history that never gets anywhere would compare nothing
    assert {"accepted", "gap", "fork", "fenced", "stale", "Session"} <= seen.keys(), seen

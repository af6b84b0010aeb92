"""A sealer's rounds on a real database, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from octonext.audit.sealing.errors import WentBack
from octonext.audit.sealing.remote import DatabaseTarget
from octonext.processes.sealer.process import Tasks, metrics_text, seal_statuses
from octonext.processes.sealer.work import Copier, DatabaseSealer, Rounds
from octonext.processes.status.report import unsealed
from sealed_chain import KEY, SetClock

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("attacks")]


@pytest.fixture
def sealer(shard_dsn: str) -> Iterator[DatabaseSealer]:
    made = DatabaseSealer(
        name="kw-1",
        kind="shard",
        dsn=lambda: shard_dsn,
        key=KEY,
        clock=SetClock(),
        seal_every_s=2.0,
        canary_every_s=60.0,
        rounds=Rounds(),
    )
    yield made
    made.abort()


async def test_a_round_writes_a_canary_and_a_head_and_a_copy_follows(
    sealer: DatabaseSealer, hq_dsn: str
) -> None:
    copier = Copier(sealer, DatabaseTarget("hq", lambda: hq_dsn), Rounds())
    tasks = Tasks([sealer], [copier], [])
    assert await sealer.round() == sealer.seal_every_s
    (before,) = seal_statuses(tasks, sealer.clock)
    assert (before.head, before.canary, before.canary_recorded) == (1, 1, True)
    assert before.copies[0].behind == 1
    await copier.round()
    copier.abort()
    (after,) = seal_statuses(tasks, sealer.clock)
    assert after.copies[0].behind == 0
    assert after.lag_seconds == 0.0
    text = metrics_text([after]).decode()
    assert 'octonext_seal_head{database="kw-1"} 1.0' in text
    assert 'octonext_seal_canary_missing{database="kw-1"} 0.0' in text


async def test_a_copy_with_another_history_stops_the_sealing_until_it_agrees(sealer: DatabaseSealer) -> None:
    await sealer.round()
    sealer.halted["hq"] = WentBack("kw-1", "hq holds another head.")
    with pytest.raises(WentBack):
        await sealer.round()
    (status,) = seal_statuses(Tasks([sealer], [], []), sealer.clock)
    assert "resume" in status.refused
    sealer.halted.clear()
    await sealer.round()
    assert sealer.refused == ""


@pytest.mark.parametrize(
    ("seal", "expected"),
    [
        ({"failures": 0, "refused": "", "canary_recorded": True}, False),
        ({"failures": 0, "refused": "", "canary_recorded": None}, False),
        ({"failures": 0, "refused": "", "canary_recorded": False}, True),
        ({"failures": 0, "refused": "why", "canary_recorded": True}, True),
        ({"failures": 9, "refused": "", "canary_recorded": True}, True),
    ],
)
def test_status_is_not_well_where_a_database_is_not_sealed(seal: dict[str, object], expected: bool) -> None:
    assert unsealed(seal) is expected

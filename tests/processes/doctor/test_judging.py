"""What the doctor makes of what it saw of the reporting store and of the seals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from octonext.audit.sealing.domain.head import NO_HEAD, Head, SignedHead
from octonext.processes.doctor.marker import Seen
from octonext.processes.doctor.olap_marker import judge_reporting
from octonext.processes.doctor.seals import judge_seals
from octonext.processes.sealer.process import CopyStatus, SealStatus
from sealed_chain import KEY

NOW = datetime.now(UTC)
SEALED = SealStatus(
    database="kw-1", head=3, size=9, sealed_at=NOW, heads=3, lag_seconds=1.0, canary=4,
    canary_age_seconds=20.0, canary_recorded=True, clock_went_back=False, refused="", failures=0,
    last_error="", copies=[CopyStatus("hq", 3, 0, 0, "")],
)  # fmt: skip


def head(number: int) -> SignedHead:
    before = NOW - timedelta(seconds=5)
    return KEY.sign(
        Head(
            database="kw-1", number=number, previous=NO_HEAD, continues=number - 1, size=9, root=bytes(32),
            leaves=bytes(32), watermark=5, sealed_at=before, clock=before, database_clock=before,
            catalogue=bytes(32), system="7", timeline=1, canary=4, key=KEY.id,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("store", "volume", "written", "by_name", "outcome"),
    [
        (0, 0, 4, False, "well"),
        (0, None, 4, False, "well"),
        (1, 0, 4, False, "wrong"),
        (0, 1, 4, False, "wrong"),
        (0, 0, 0, False, "wrong"),
        (1, None, 4, True, "notice"),
        (0, None, 4, True, "wrong"),
    ],
    ids=["sealed", "on another encrypted disk", "in the mounted view", "below the volume",
         "nothing written there", "plain by name", "plain and not found"],
)  # fmt: skip
def test_the_reporting_stores_marker_may_be_in_no_file_unless_it_is_plain_by_name(
    store: int, volume: int | None, written: int, by_name: bool, outcome: str
) -> None:
    seen = [
        Seen(9, (Path("/data/store/1"),) * each if each else ())
        for each in (store, volume)
        if each is not None
    ]
    finding = judge_reporting(seen, Seen(written, ()), Path("/data/store"), by_name=by_name)
    assert finding.outcome == outcome


def test_seals_that_are_in_order_are_well() -> None:
    finding = judge_seals("kw-1", SEALED, head(3), canary_every_s=60)
    assert (finding.outcome, "Head 3" in finding.said) == ("well", True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lag_seconds": None}, "not sealed yet"),
        ({"lag_seconds": 61.0}, "not sealed for 61 s"),
        ({"canary_recorded": False}, "records nothing"),
        ({"canary_age_seconds": 181.0}, "No canary was written for 181 s"),
        ({"canary_age_seconds": None}, "No canary was written yet"),
        ({"refused": "the tail is gone"}, "Sealing stopped: the tail is gone"),
        ({"failures": 4, "last_error": "no answer"}, "4 times in a row: no answer"),
        ({"clock_went_back": True}, "set back"),
        ({"head": 4}, "holds head 3, and 4 was signed"),
        ({"copies": [CopyStatus("outside", 1, 2, 4, "refused")]}, "Copies to outside fail: refused"),
    ],
)
def test_whatever_is_wrong_with_seals_is_said(change: dict[str, object], said: str) -> None:
    told = msgspec.structs.replace(SEALED, **change)
    finding = judge_seals("kw-1", told, head(3), canary_every_s=60)
    assert finding.outcome == "wrong"
    assert said in finding.said


def test_a_database_without_a_head_is_not_sealed() -> None:
    told = msgspec.structs.replace(SEALED, head=None)
    assert judge_seals("kw-1", told, None, canary_every_s=60).outcome == "wrong"

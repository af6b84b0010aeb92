"""What an operator asks about tills that should be heard and are not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from octonext.edge.authentication import needs
from octonext.edge.tokens import DIRECTORY_READ

from .service.silence import Silence


class SilentTillShown(msgspec.Struct, kw_only=True):
    """A till with entries that it announced and did not deliver, or with an open shift, that nobody hears."""

    shard_id: str
    branch_id: int
    device_id: int
    code: str | None
    why: str
    """"backlog", "open shift", or both."""
    head_seq: int
    """The last entry on the shard."""
    told_seq: int
    """The last entry in the till's own journal, as it said when it connected last."""
    seen_at: datetime
    received_at: datetime | None
    open_shift: UUID | None
    silent_since: datetime | None


class ShardLookedAt(msgspec.Struct, kw_only=True):
    """When a shard's tills were looked at by this gateway; None while it was not reached."""

    shard_id: str
    as_of: datetime | None


class SilentTills(msgspec.Struct, kw_only=True):
    """The silent tills of every shard, by branch and device, and as of when."""

    tills: list[SilentTillShown]
    shards: list[ShardLookedAt]


def shown(silences: Iterable[Silence]) -> SilentTills:
    """What the gateway found when it looked last."""
    known = list(silences)
    tills = [
        SilentTillShown(
            shard_id=each.shard_id,
            branch_id=till.branch_id,
            device_id=till.device_id,
            code=till.code,
            why=till.why,
            head_seq=till.head_seq,
            told_seq=till.told_seq,
            seen_at=till.seen_at,
            received_at=till.received_at,
            open_shift=till.open_shift,
            silent_since=till.silent_since,
        )
        for each in known
        for till in each.tills
    ]
    tills.sort(key=lambda till: (till.branch_id, till.device_id))
    shards = [ShardLookedAt(shard_id=each.shard_id, as_of=each.as_of) for each in known]
    return SilentTills(tills=tills, shards=shards)


@get("/tills/silent", opt=needs(DIRECTORY_READ), summary="Tills that nobody hears", sync_to_thread=False)
def list_silent_tills(state: State) -> SilentTills:
    """Tills that nobody hears: with entries that they announced and did not deliver, or an open shift."""
    return shown(state.get("silences") or ())


def routes() -> list[ControllerRouterHandler]:
    """The handlers; `app.state` may hold `silences`: list[Silence]."""
    return [list_silent_tills]

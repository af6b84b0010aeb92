"""Where a gateway reads the trail: head office's pool, and each shard by the lane that its tills use."""

from __future__ import annotations

from collections.abc import Sequence

from octonext.audit.reading.domain import HEAD_OFFICE
from octonext.audit.reading.service import HeadOfficeRunner, Source, Trail
from octonext.base.cards import mask_card_numbers
from octonext.runtime.postgres import Pool
from octonext.runtime.settings import Settings
from octonext.shards.lane import Lane


def trail_of(settings: Settings, hq: Pool, lanes: Sequence[Lane]) -> Trail:
    """The trail of head office and of every shard, each with the region whose records it holds."""
    regions = {shard.id: shard.region for shard in settings.shards}
    sources = [Source(lane.shard_id, regions[lane.shard_id], lane.run) for lane in lanes]
    return Trail([Source(HEAD_OFFICE, None, HeadOfficeRunner(hq)), *sources], mask=mask_card_numbers)

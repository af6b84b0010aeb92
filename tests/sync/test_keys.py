"""A shard's sync key is rotated: what was wrapped for any of its generations opens."""

from __future__ import annotations

import msgspec

from octonext.crypto.envelope import generate_shard_key, shard_public_spki, wrap_for_shard
from octonext.sync.messages import Ack, Push, PushedKey
from octonext.sync.service.keys import GENERATIONS_TRIED, ShiftKeys

from .conftest import MILK, SHARD_KEY, JournalWriter, Shard


def wrapped_for(public: bytes, till: JournalWriter, first: int, last: int | None = None) -> Push:
    """The till's push with its shift keys wrapped for `public`."""
    push = till.push(first, last, keys=False)
    keys = [
        PushedKey(
            id=key_id, wrapped=wrap_for_shard(till.keys[key_id], public, device=till.device, key_id=key_id)
        )
        for key_id in sorted({entry.k for entry in push.entries})
    ]
    return msgspec.structs.replace(push, keys=keys)


async def test_keys_wrapped_for_the_old_and_for_the_new_generation_open(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    session = await shard.connect(till)
    till.open_shift()
    till.close_shift()
    till.open_shift()
    rotated = generate_shard_key()
    assert shard.sync.use_keys([rotated, SHARD_KEY])
    assert not shard.sync.use_keys([rotated, SHARD_KEY])
    older = await shard.sync.push(session, wrapped_for(shard_public_spki(SHARD_KEY), till, 1, 2))
    newer = await shard.sync.push(session, wrapped_for(shard_public_spki(rotated), till, 3))
    assert isinstance(older, Ack)
    assert isinstance(newer, Ack)
    assert older.outcomes + newer.outcomes == ["posted"] * 3


async def test_a_key_stored_before_the_rotation_opens_in_a_gateway_started_after_it(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    assert isinstance(await shard.sync.push(await shard.connect(till), till.push()), Ack)
    later = ShiftKeys(shard.lane, [generate_shard_key(), SHARD_KEY])
    found, missing = await later.find(till.branch, till.device, till.keys, [])
    assert (found, missing) == (till.keys, [])


async def test_a_gateway_looks_for_a_newer_generation_before_it_gives_a_key_up(
    shard: Shard, till: JournalWriter
) -> None:
    rotated = generate_shard_key()
    looked = []

    async def look() -> None:
        looked.append(True)
        keys.use([rotated, SHARD_KEY])

    keys = ShiftKeys(shard.lane, [SHARD_KEY], look)
    till.open_shift()
    for public, times in ((shard_public_spki(SHARD_KEY), 0), (shard_public_spki(rotated), 1)):
        found, _ = await keys.find(till.branch, till.device, till.keys, wrapped_for(public, till, 1).keys)
        assert (found, len(looked)) == (till.keys, times)


async def test_an_entry_whose_key_opens_with_no_generation_is_kept_unread(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    strangers = wrapped_for(shard_public_spki(generate_shard_key()), till, 1)
    answer = await shard.sync.push(await shard.connect(till), strangers)
    assert isinstance(answer, Ack)
    assert answer.outcomes == ["quarantined"] * 2


async def test_a_key_that_did_not_open_is_tried_anew_when_its_generation_is_accepted_later(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    till.open_shift()
    till.sell((MILK, 1))
    coming, session = generate_shard_key(), await shard.connect(till)
    early = wrapped_for(shard_public_spki(coming), till, 1, 1)
    assert isinstance(await shard.sync.push(session, early), Ack)
    assert not shard.sync.use_keys([SHARD_KEY, coming])  # tills go on with the present one
    answer = await shard.sync.push(session, till.push(2, keys=False))
    assert isinstance(answer, Ack)
    assert "quarantined" not in answer.outcomes


async def test_so_many_generations_are_tried_and_no_more(shard: Shard, till: JournalWriter) -> None:
    till.open_shift()
    newer = [generate_shard_key() for _ in range(GENERATIONS_TRIED)]
    pushed = wrapped_for(shard_public_spki(SHARD_KEY), till, 1).keys
    within, beyond = ([*newer[: GENERATIONS_TRIED - more], SHARD_KEY] for more in (1, 0))
    assert (await ShiftKeys(shard.lane, within).find(1, 1, till.keys, pushed))[0] == till.keys
    assert (await ShiftKeys(shard.lane, beyond).find(1, 1, till.keys, pushed))[0] != till.keys

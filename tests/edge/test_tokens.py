"""Tokens are known for a while, so that head office may be down; what a principal may do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from octonext.crypto.secrets import token_digest
from octonext.edge.errors import Unavailable
from octonext.edge.tokens import (
    ADMIN,
    CATALOG_READ,
    CATALOG_WRITE,
    LOOKUP_PAUSE_S,
    MONITOR,
    TOKEN_FRESH_S,
    TOKEN_STALE_S_MAX,
    Principal,
    TokenCache,
)

from .conftest import READER, HandClock, HeadOffice


async def test_a_known_token_is_not_asked_for_again_while_fresh() -> None:
    clock, hq = HandClock(), HeadOffice({"t": READER})
    cache = TokenCache(hq.find, clock)
    assert await cache.authenticate("t") == READER
    clock.seconds += TOKEN_FRESH_S
    assert await cache.authenticate("t") == READER
    assert hq.asked == 1


async def test_a_revoked_token_stops_working_once_it_is_no_longer_fresh() -> None:
    clock, hq = HandClock(), HeadOffice({"t": READER})
    cache = TokenCache(hq.find, clock)
    await cache.authenticate("t")
    hq.tokens.clear()
    clock.seconds += TOKEN_FRESH_S + 1
    assert await cache.authenticate("t") is None


async def test_a_known_token_works_while_head_office_is_down_but_not_for_ever() -> None:
    clock, hq = HandClock(), HeadOffice({"t": READER})
    cache = TokenCache(hq.find, clock)
    await cache.authenticate("t")
    hq.down = True
    clock.seconds += TOKEN_STALE_S_MAX - 1
    assert await cache.authenticate("t") == READER
    clock.seconds += 2
    with pytest.raises(Unavailable):
        await cache.authenticate("t")


async def test_head_office_is_not_asked_by_every_request_while_it_is_down() -> None:
    clock, hq = HandClock(), HeadOffice({"t": READER})
    cache = TokenCache(hq.find, clock)
    await cache.authenticate("t")
    hq.down = True
    clock.seconds += TOKEN_FRESH_S + 1
    for _ in range(50):
        await cache.authenticate("t")
    assert hq.asked == 2
    clock.seconds += LOOKUP_PAUSE_S
    hq.down = False
    await cache.authenticate("t")
    assert hq.asked == 3


async def test_an_unknown_token_is_unavailable_rather_than_wrong_while_head_office_is_down() -> None:
    hq = HeadOffice({})
    hq.down = True
    with pytest.raises(Unavailable):
        await TokenCache(hq.find, HandClock()).authenticate("t")


async def test_a_refresh_drops_what_head_office_no_longer_holds() -> None:
    clock, hq = HandClock(), HeadOffice({"t": READER})
    cache = TokenCache(hq.find, clock)
    await cache.authenticate("t")
    hq.tokens.clear()
    cache.replace({})
    assert await cache.authenticate("t") is None


async def test_an_expired_token_is_refused_even_from_the_cache() -> None:
    clock = HandClock()
    ends = Principal("ends", frozenset({ADMIN}), expires_at=clock.now() + timedelta(seconds=5))
    cache = TokenCache(HeadOffice({"t": ends}).find, clock)
    assert await cache.authenticate("t") == ends
    clock.seconds += 5
    assert await cache.authenticate("t") is None


async def test_the_monitor_token_needs_no_head_office_and_reaches_nothing_else() -> None:
    hq = HeadOffice({})
    hq.down = True
    cache = TokenCache(hq.find, HandClock(), monitor_digest=token_digest("watch"))
    principal = await cache.authenticate("watch")
    assert principal is not None
    assert principal.may(MONITOR)
    assert not principal.may(CATALOG_READ)


def test_writing_includes_reading_and_admin_includes_everything() -> None:
    writer = Principal("w", frozenset({CATALOG_WRITE}))
    assert writer.may(CATALOG_READ)
    assert not READER.may(CATALOG_WRITE)
    assert Principal("a", frozenset({ADMIN})).may(MONITOR)

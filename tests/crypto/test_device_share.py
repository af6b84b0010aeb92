"""A till's share is the same for ever, another one for every till and generation, and follows its key."""

from __future__ import annotations

import hashlib
import hmac
import pickle
import re

import pytest

from octonext.crypto.device_share import DeviceShares, device_share, fingerprint
from octonext.crypto.keyring_errors import KeyMissing

KEY = bytes(range(32))
NEWER = bytes(32)


def test_a_share_is_the_hmac_of_the_device_and_its_generation() -> None:
    expected = hmac.new(KEY, b"octonext.device-share.v1|7|1", hashlib.sha256).digest()
    assert device_share(KEY, device=7, generation=1) == expected
    others = {
        device_share(KEY, device=7, generation=2), device_share(KEY, device=71, generation=1),
        device_share(NEWER, device=7, generation=1), expected,
    }  # fmt: skip
    assert len(others) == 4


async def test_a_till_keeps_its_share_when_a_newer_key_is_made_and_a_new_till_gets_the_newer_one() -> None:
    keys = [KEY]
    shares = DeviceShares(lambda: list(keys))
    assert await shares.newest() == fingerprint(KEY)
    before = await shares.share(device=7, key=fingerprint(KEY), generation=1)
    keys.insert(0, NEWER)
    assert await shares.newest() == fingerprint(NEWER)
    newer = await shares.share(device=8, key=fingerprint(NEWER), generation=1)
    assert newer == device_share(NEWER, device=8, generation=1)
    assert await shares.share(device=7, key=fingerprint(KEY), generation=1) == before


@pytest.mark.parametrize("key", ["", fingerprint(NEWER)])
async def test_a_key_that_is_not_there_gives_no_share_rather_than_a_wrong_one(key: str) -> None:
    with pytest.raises(KeyMissing, match="till 7"):
        await DeviceShares(lambda: [KEY]).share(device=7, key=key, generation=1)
    with pytest.raises(KeyMissing, match="no key"):
        await DeviceShares(list).newest()


def test_a_fingerprint_tells_keys_apart_and_nothing_of_them() -> None:
    assert re.fullmatch("[0-9a-f]{16}", fingerprint(KEY))
    assert fingerprint(KEY) != fingerprint(NEWER)
    assert fingerprint(KEY) not in KEY.hex()


def test_keys_of_shares_are_not_serialised() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(DeviceShares(lambda: [KEY]))

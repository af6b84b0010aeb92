"""The key of the device shares is made once and kept, or comes from where the settings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from octonext.crypto.device_share import device_share, fingerprint
from octonext.processes.keys import open_keyring
from octonext.processes.keys.shares import (
    NAME,
    PURPOSE,
    ShareKeyMalformed,
    device_shares,
    ensure_share_key,
)
from octonext.runtime.layout import Layout
from octonext.runtime.secrets import SecretSource
from octonext.runtime.settings import Keys, Settings, Shard


def layout_of(folder: Path, source: SecretSource | None = None) -> Layout:
    shards = (Shard(id="kw-1", region="KW", jurisdiction="KW"),)
    return Layout(folder, Settings(name="test", shards=shards, keys=Keys(shares=source)))


def write_key(path: Path, key: bytes) -> SecretSource:
    path.write_text(key.hex() + "\n", encoding="ascii")
    path.chmod(0o600)
    return SecretSource(file=path)


async def test_every_gateway_of_a_machine_gives_a_till_the_same_share(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    keyring = open_keyring(layout)
    for _ in range(2):
        ensure_share_key(layout, keyring)
    (key,) = keyring.generations(PURPOSE, NAME)
    for gateway in (device_shares(layout, keyring), device_shares(layout, open_keyring(layout))):
        assert await gateway.newest() == fingerprint(key)
        share = await gateway.share(device=3, key=fingerprint(key), generation=1)
        assert share == device_share(key, device=3, generation=1)


async def test_gateways_on_two_machines_agree_on_a_configured_key_and_keep_what_was_before(
    tmp_path: Path,
) -> None:
    key = bytes(range(32))
    first, second = layout_of(tmp_path / "one"), layout_of(tmp_path / "two")
    ensure_share_key(first, open_keyring(first))
    (own,) = open_keyring(first).generations(PURPOSE, NAME)
    source = write_key(tmp_path / "shares.key", key)
    first, second = layout_of(tmp_path / "one", source), layout_of(tmp_path / "two", source)
    for layout in (first, second):
        shares = device_shares(layout, open_keyring(layout))
        assert await shares.newest() == fingerprint(key)
        share = await shares.share(device=3, key=fingerprint(key), generation=1)
        assert share == device_share(key, device=3, generation=1)
    kept = device_shares(first, open_keyring(first))
    share = await kept.share(device=3, key=fingerprint(own), generation=1)
    assert share == device_share(own, device=3, generation=1)
    write_key(tmp_path / "shares.key", bytes(32))
    changed = device_shares(second, open_keyring(second))
    assert await changed.newest() == fingerprint(bytes(32))
    assert await changed.share(device=3, key=fingerprint(key), generation=1)


async def test_a_source_that_gives_no_key_is_refused_without_repeating_it(tmp_path: Path) -> None:
    source = write_key(tmp_path / "shares.key", b"too short")
    layout = layout_of(tmp_path, source)
    with pytest.raises(ShareKeyMalformed) as caught:
        await device_shares(layout, open_keyring(layout)).newest()
    assert b"too short".hex() not in caught.value.message + caught.value.remedy

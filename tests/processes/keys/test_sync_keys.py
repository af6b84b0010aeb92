"""Which sync key is the present one, and how a gateway that runs hears of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from octonext.base.clock import SystemClock
from octonext.crypto.envelope import generate_shard_key, shard_key_to_pem, shard_public_spki
from octonext.crypto.keyring import Keyring, keyring_file
from octonext.crypto.keyring_errors import KeyMissing
from octonext.processes.keys import open_keyring
from octonext.processes.keys.sync import (
    SyncKeyWatch,
    add_sync_key,
    ensure_sync_keys,
    remember_sync_key,
    sync_keys,
)
from octonext.runtime.layout import Layout
from octonext.runtime.metrics import Registry
from octonext.runtime.secrets import SecretSource
from octonext.runtime.settings import Settings, Shard
from octonext.shards.lane import Lane, LaneMetrics
from octonext.sync.metrics import SyncMetrics
from octonext.sync.service import ShardSync


def layout_of(folder: Path, source: SecretSource | None = None) -> Layout:
    shard = Shard(id="kw-1", region="KW", jurisdiction="KW", sync_key=source)
    return Layout(folder, Settings(name="test", shards=(shard,)))


def publics(layout: Layout, keyring: Keyring) -> list[bytes]:
    return [shard_public_spki(each) for each in sync_keys(layout, keyring, "kw-1")]


def write_pem(path: Path) -> bytes:
    private = generate_shard_key()
    path.write_bytes(shard_key_to_pem(private))
    path.chmod(0o600)
    return shard_public_spki(private)


def test_a_shard_gets_one_key_and_a_rotation_puts_a_newer_one_before_it(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    keyring = open_keyring(layout)
    with pytest.raises(KeyMissing, match="kw-1"):
        sync_keys(layout, keyring, "kw-1")
    for _ in range(2):
        ensure_sync_keys(layout, keyring)
    (first,) = publics(layout, keyring)
    rotated = shard_public_spki(add_sync_key(keyring, "kw-1"))
    assert publics(layout, keyring) == [rotated, first]


def test_a_configured_key_wins_and_the_one_before_it_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "kw-1.pem"
    layout = layout_of(tmp_path, SecretSource(file=path))
    keyring = open_keyring(layout)
    first = write_pem(path)
    ensure_sync_keys(layout, keyring)
    second = write_pem(path)
    assert publics(layout, keyring) == [second, first]
    ensure_sync_keys(layout, keyring)
    third = write_pem(path)
    assert publics(layout, keyring) == [third, second, first]


def test_a_key_of_another_machine_is_accepted_without_becoming_the_present_one(tmp_path: Path) -> None:
    path = tmp_path / "kw-1.pem"
    layout = layout_of(tmp_path, SecretSource(file=path))
    keyring, present, coming = open_keyring(layout), write_pem(path), generate_shard_key()
    assert remember_sync_key(keyring, "kw-1", coming)
    assert not remember_sync_key(keyring, "kw-1", coming)
    assert publics(layout, keyring) == [present, shard_public_spki(coming)]


async def test_a_running_gateway_takes_a_rotated_key_and_announces_it_once(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    keyring = open_keyring(layout)
    ensure_sync_keys(layout, keyring)
    clock, registry, announced = SystemClock(), Registry(), list[bytes]()

    async def announce(shard: ShardSync) -> None:
        announced.append(shard.public_key)

    lane = Lane("kw-1", "postgresql://nobody@/none?host=/nowhere", clock=clock, metrics=LaneMetrics(registry))
    watch = SyncKeyWatch(layout, keyring)
    sync = ShardSync(lane, sync_keys(layout, keyring, "kw-1"), clock=clock, metrics=SyncMetrics(registry))
    watch.watch([sync], announce)
    await watch.tend()
    assert announced == []
    other = Keyring.open(layout.keys, SecretSource(file=layout.keys / "master.key"))
    rotated = shard_public_spki(add_sync_key(other, "kw-1"))
    await watch.look()
    assert (sync.public_key, announced) == (rotated, [])  # a push that looked waits for no other till
    await watch.tend()
    await watch.tend()
    other.key("volume", "hq")  # another key is news to somebody else
    await watch.tend()
    assert announced == [rotated]
    # a keyring that cannot be read takes no key away
    keyring_file(layout.keys).write_bytes(b"")
    await watch.tend()
    assert sync.public_key == rotated
    await lane.close()

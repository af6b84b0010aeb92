"""First start: once, and never in the way of tills when head office is elsewhere and away."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from octonext.crypto.envelope import generate_shard_key, shard_key_to_pem
from octonext.processes.bootstrap import bootstrap
from octonext.runtime.layout import Layout
from octonext.runtime.settings import Database, SecretSource, Settings, Shard


def layout_with(hq_dsn: str, folder: Path) -> Layout:
    key = folder / "shard.pem"
    key.write_bytes(shard_key_to_pem(generate_shard_key()))
    key.chmod(0o600)
    settings = Settings(
        name="test",
        hq=Database(dsn=hq_dsn, at_rest="none"),
        shards=(Shard(id="kw-1", region="KW", jurisdiction="KW", sync_key=SecretSource(file=key)),),
    )
    return Layout(folder, settings)


async def test_the_administrator_is_created_once_and_the_secret_shown_once(
    hq_dsn: str, hq_database: asyncpg.Pool, tmp_path: Path
) -> None:
    layout, shown = layout_with(hq_dsn, tmp_path), list[str]()
    for _ in range(2):
        await bootstrap(layout, layout.settings, shown.append)
    assert len(shown) == 1
    assert shown[0].startswith("on_")
    stored = await hq_database.fetch("SELECT password_hash FROM user_account")
    assert len(stored) == 1
    assert shown[0] not in stored[0]["password_hash"]
    assert await hq_database.fetchval("SELECT shard_id FROM shard") == "kw-1"


async def test_a_head_office_elsewhere_that_is_away_does_not_stop_the_start(tmp_path: Path) -> None:
    layout = layout_with(f"postgresql://octonext_app@/octonext?host={tmp_path}&port=5432", tmp_path)
    await bootstrap(layout, layout.settings, pytest.fail)

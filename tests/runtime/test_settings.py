from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from octonext.runtime.settings import (
    SecretSource,
    SecretUnavailable,
    Settings,
    SettingsError,
    check_dsn,
    decode,
    load,
)

SHARD = {"id": "kw-1", "region": "KW", "jurisdiction": "KW"}
NETWORK = "postgresql://octonext_app@db.example:5432/octonext"


def decoded(**keys: Any) -> Settings:
    return decode({"name": "demo", "shards": [SHARD]} | keys, folder=Path("/etc/octonext"), source="test")


def test_a_short_file_describes_an_embedded_installation(tmp_path: Path) -> None:
    path = tmp_path / "octonext.toml"
    path.write_text('name = "demo"\n[[shards]]\nid = "kw-1"\nregion = "KW"\njurisdiction = "KW"\n')
    settings = load(path)
    assert settings.hq.embedded
    assert settings.shard("kw-1").embedded
    assert (settings.reporting.engine, settings.gateway.workers) == ("chdb", 1)


def test_the_same_file_describes_production() -> None:
    settings = decoded(
        hq={"dsn": f"{NETWORK}?sslmode=verify-full", "password": {"env": "HQ_PASSWORD"}},
        shards=[SHARD | {"dsn": f"{NETWORK}?sslmode=verify-full", "sync_key": {"file": "kw-1.pem"}}],
        reporting={"engine": "clickhouse", "url": "https://olap.example:8443"},
        gateway={"host": "192.0.2.1", "port": 443, "tls": {"certificate": "g.crt", "key": "/k/g.key"}},
    )
    assert not settings.hq.embedded
    assert settings.shards[0].sync_key == SecretSource(file=Path("/etc/octonext/kw-1.pem"))
    assert settings.gateway.tls is not None
    assert settings.gateway.tls.key == Path("/k/g.key")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"colour": "red"}, "unknown field `colour`"),
        ({"gateway": {"prot": 1}}, "unknown field `prot`"),
        ({"gateway": {"port": 70000}}, "port"),
        ({"shards": []}, "between 1 and"),
        ({"shards": [SHARD, SHARD]}, "used twice"),
        ({"shards": [SHARD | {"id": "hq"}]}, "reserved"),
        ({"shards": [SHARD | {"id": "KW/1"}]}, "2 to 16 of a-z"),
        ({"shards": [SHARD | {"region": "kw"}]}, "capitals"),
        ({"shards": [SHARD | {"jurisdiction": "KWT"}]}, "ISO 3166-1"),
        ({"name": 'a"b'}, "letters, digits"),
        ({"hq": {"dsn": NETWORK}}, "verify-full"),
        ({"hq": {"owner_dsn": "postgresql://o@/o?host=/run/pg"}}, "needs dsn"),
        ({"reporting": {"engine": "clickhouse"}}, "needs url"),
        ({"reporting": {"address": "http://olap.example"}}, "https://"),
        ({"reporting": {"address": "https://olap.example"}}, "address needs token"),
        ({"reporting": {"engine": "oracle"}}, "Invalid enum value"),
    ],
)
def test_a_wrong_key_is_refused_with_its_reason(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        decoded(**keys)


@pytest.mark.parametrize("text", ["name = ", 'name = "x"\nname = "y"', "\xff"])
def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "octonext.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"octonext\.toml"):
        load(path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="octonext init"):
        load(tmp_path / "octonext.toml")


@pytest.mark.parametrize(
    "dsn",
    [
        "mysql://a@b/c",
        NETWORK,
        f"{NETWORK}?sslmode=require",
        "postgresql:///octonext",
        "postgresql://octonext@/octonext?host=/run/pg,db.example",
        "postgresql://octonext:secret@db.example/octonext?sslmode=verify-full",
        f"{NETWORK}?sslmode=verify-full&password=secret",
        f"{NETWORK}?sslmode=verify-full&ssl_min_protocol_version=TLSv1.2",
        f"{NETWORK}?sslmode=verify-full&ssl_max_protocol_version=TLSv1.2",
        f"{NETWORK}?sslmode=verify-full&ssl_max_protocol_version=",
        f"{NETWORK}?sslmode=verify-full&ssl_min_protocol_version=TLSv1.3&ssl_min_protocol_version=TLSv1",
    ],
)
def test_a_dsn_that_is_unsafe_is_refused(dsn: str) -> None:
    with pytest.raises(ValueError, match="dsn"):
        check_dsn(dsn)


@pytest.mark.parametrize(
    "dsn",
    [
        f"{NETWORK}?sslmode=verify-full",
        "postgresql://a@one.example:5432,two.example:5432/o?sslmode=verify-full",
        f"{NETWORK}?sslmode=verify-full&ssl_min_protocol_version=TLSv1.3",
        "postgresql://octonext@/octonext?host=/run/postgresql",
        "postgresql://octonext@%2Frun%2Fpostgresql/octonext",
    ],
)
def test_a_dsn_over_tls_or_a_unix_socket_is_accepted(dsn: str) -> None:
    check_dsn(dsn)


def test_a_secret_comes_from_a_file_a_variable_or_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("from file\n")
    monkeypatch.setenv("OCTONEXT_TEST_SECRET", "from variable")
    sources = (
        SecretSource(file=tmp_path / "secret"),
        SecretSource(env="OCTONEXT_TEST_SECRET"),
        SecretSource(command=(sys.executable, "-c", "print('from command')")),
    )
    assert [source.read() for source in sources] == ["from file", "from variable", "from command"]


@pytest.mark.parametrize(
    "source",
    [
        SecretSource(file=Path("/nowhere/secret")),
        SecretSource(env="OCTONEXT_NO_SUCH_VARIABLE"),
        SecretSource(command=("/nowhere/program",)),
        SecretSource(command=(sys.executable, "-c", "raise SystemExit(3)")),
    ],
)
def test_a_secret_that_is_not_there_stops_with_a_clear_line(source: SecretSource) -> None:
    with pytest.raises(SecretUnavailable, match=r"secret"):
        source.read()


def test_a_secret_needs_exactly_one_source() -> None:
    with pytest.raises(SettingsError, match="exactly one"):
        decoded(hq={"dsn": f"{NETWORK}?sslmode=verify-full", "password": {}})

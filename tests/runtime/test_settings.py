from __future__ import annotations

import os
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
        hq={"dsn": f"{NETWORK}?sslmode=verify-full", "password": {"env": "HQ_PASSWORD"}, "at_rest": "pg_tde"},
        shards=[
            SHARD
            | {
                "dsn": f"{NETWORK}?sslmode=verify-full",
                "at_rest": "declared",
                "sync_key": {"file": "kw-1.pem"},
            }
        ],
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
    (tmp_path / "secret").chmod(0o600)
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


@pytest.mark.parametrize(("mode", "reason"), [(0o604, "0604"), (0o640, "0640"), (0o660, "0660")])
def test_a_secret_that_others_can_read_is_refused_with_the_remedy(
    tmp_path: Path, mode: int, reason: str
) -> None:
    path = tmp_path / "secret"
    path.write_text("shared\n")
    path.chmod(mode)
    with pytest.raises(SecretUnavailable, match=reason) as refused:
        SecretSource(file=path).read()
    assert refused.value.remedy is not None
    assert f"chmod 0600 {path}" in refused.value.remedy


def test_a_secret_that_is_a_pipe_or_a_folder_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(SecretUnavailable, match=r"cannot be read|is not a file"):
            SecretSource(file=path).read()


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"hq": {"dsn": f"{NETWORK}?sslmode=verify-full"}}, "what encrypts its storage"),
        ({"hq": {"dsn": f"{NETWORK}?sslmode=verify-full", "at_rest": "luks"}}, "another machine"),
        ({"hq": {"at_rest": "rot13"}}, "at_rest"),
        ({"reporting": {"at_rest": "pg_tde"}}, "PostgreSQL"),
        ({"audit": {"copies": [{}]}}, "exactly one"),
        ({"audit": {"copies": [{"url": "http://heads.example/"}]}}, "https"),
        ({"audit": {"copies": [{"command": []}]}}, "program"),
        ({"audit": {"copies": [{"file": "heads"}] * 17}}, "at most 16"),
        ({"audit": {"seal_every_s": 0.01}}, "seal_every_s"),
        ({"backup": {"keep": 0}}, "keep"),
        ({"gateway": {"origins": ["https://shop.example/till"]}}, "without a path"),
        ({"gateway": {"origins": ["http://shop.example"]}}, "https"),
    ],
)
def test_what_would_leave_something_unprotected_is_refused(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        decoded(**keys)


def test_storage_is_encrypted_unless_said_otherwise() -> None:
    settings = decoded()
    assert {settings.hq.storage, settings.shards[0].storage, settings.reporting.storage} == {"gocryptfs"}

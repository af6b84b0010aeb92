from __future__ import annotations

import os
from pathlib import Path

import pytest

from octonext.runtime.layout import Layout, RuntimeFolderUnusable
from octonext.runtime.settings import Settings, decode

SHARDS = [{"id": "kw-1", "region": "KW", "jurisdiction": "KW"}]


def settings(**keys: object) -> Settings:
    return decode({"name": "demo", "shards": SHARDS} | keys, folder=Path("/"), source="test")


def test_every_socket_is_short_enough_for_the_kernel(data_dir: Path) -> None:
    deep = data_dir / ("d" * 100) / ("e" * 100)
    layout = Layout(deep, settings())
    assert len(os.fsencode(layout.database_socket_dir("x" * 16) / ".s.PGSQL.5432")) <= 107
    assert len(os.fsencode(layout.socket("reporting"))) <= 107


def test_two_installations_have_different_sockets(data_dir: Path) -> None:
    assert Layout(data_dir / "a").socket_dir != Layout(data_dir / "b").socket_dir


def test_the_socket_folder_is_found_again_from_another_environment(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(data_dir, settings())
    layout.prepare()
    layout.prepare_sockets()
    layout.socket_dir.joinpath("pg").rmdir()
    layout.socket_dir.rmdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(data_dir))
    assert Layout(data_dir).socket_dir == layout.socket_dir


def test_a_copied_installation_does_not_share_the_sockets_of_its_original(data_dir: Path) -> None:
    original, copy = Layout(data_dir / "one", settings()), Layout(data_dir / "two", settings())
    for layout in (original, copy):
        layout.prepare()
    original.prepare_sockets()
    (copy.run / "sockets").write_bytes((original.run / "sockets").read_bytes())
    assert copy.socket_dir != original.socket_dir
    original.socket_dir.joinpath("pg").rmdir()
    original.socket_dir.rmdir()


def test_a_socket_folder_of_somebody_else_is_refused(data_dir: Path) -> None:
    layout = Layout(data_dir, settings())
    layout.prepare()
    layout.socket_dir.parent.mkdir(exist_ok=True)
    layout.socket_dir.symlink_to("/")
    try:
        with pytest.raises(RuntimeFolderUnusable, match="somebody else"):
            layout.prepare_sockets()
    finally:
        layout.socket_dir.unlink()


def test_only_owners_enter_the_folders_of_keys_and_secrets(data_dir: Path) -> None:
    layout = Layout(data_dir, settings())
    layout.prepare()
    assert [folder.stat().st_mode & 0o777 for folder in (layout.keys, layout.secrets)] == [0o700, 0o700]


def test_a_configured_dsn_is_used_with_its_password_and_tls_1_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HQ_PASSWORD", "p@ss/word")
    hq = {
        "dsn": "postgresql://app@db.example:5432/octonext?sslmode=verify-full",
        "at_rest": "declared",
        "owner_dsn": "postgresql://owner@db.example:5432/octonext?sslmode=verify-full",
        "password": {"env": "HQ_PASSWORD"},
    }
    layout = Layout("/nowhere", settings(hq=hq))
    app, owner = layout.dsn("hq"), layout.dsn("hq", role="octonext")
    assert app.startswith("postgresql://app:p%40ss%2Fword@db.example:5432/octonext?")
    assert "ssl_min_protocol_version=TLSv1.3" in app
    assert owner.startswith("postgresql://owner@db.example:5432/")


def test_no_dsn_comes_out_with_less_than_tls_1_3_even_when_its_check_was_passed_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("octonext.runtime.settings.check_dsn", lambda _: None)
    dsn = "postgresql://app@db.example/octonext?sslmode=verify-full&ssl_min_protocol_version=TLSv1.2"
    assert (
        Layout("/nowhere", settings(hq={"dsn": dsn, "at_rest": "declared"}))
        .dsn("hq")
        .endswith("_version=TLSv1.3")
    )


def test_an_embedded_database_is_reached_by_role_over_its_socket() -> None:
    layout = Layout("/nowhere", settings())
    assert layout.dsn("shard", "kw-1").startswith("postgresql://octonext_app@/octonext?host=/")
    assert layout.dsn("shard", "kw-1", role="octonext").startswith("postgresql://octonext@/")


def test_a_gateway_without_a_port_says_how_to_get_one(data_dir: Path) -> None:
    with pytest.raises(RuntimeFolderUnusable, match="octonext up"):
        Layout(data_dir, settings()).gateway_port(0)


def prepared(folder: Path) -> Layout:
    layout = Layout(folder, settings())
    layout.prepare()
    return layout


@pytest.mark.parametrize("name", ["victim", "octonext-0123456789", "octonext-0-0123456789"])
def test_a_folder_of_another_name_is_not_taken_for_the_sockets(data_dir: Path, name: str) -> None:
    layout = prepared(data_dir / "data")
    victim = data_dir / name
    victim.mkdir(mode=0o750)
    (victim / "precious").touch()
    (layout.run / "sockets").write_text(f"{layout.data_dir}\n{victim}\n")
    assert layout.socket_dir != victim
    layout.prepare_sockets()
    layout.remove_sockets()
    assert (victim / "precious").exists()
    assert victim.stat().st_mode & 0o777 == 0o750


def test_only_our_own_sockets_are_removed_and_a_folder_with_more_stays(data_dir: Path) -> None:
    layout = prepared(data_dir)
    layout.prepare_sockets()
    database = layout.database_socket_dir("kw-1")
    database.mkdir()
    ours = [layout.socket("relay"), database / ".s.PGSQL.5432", database / ".s.PGSQL.5432.lock"]
    precious = layout.socket_dir / "precious"
    for file in (*ours, precious):
        file.touch()
    layout.remove_sockets()
    assert not any(file.exists() for file in ours)
    assert precious.exists()
    precious.unlink()
    layout.remove_sockets()
    assert not layout.socket_dir.exists()

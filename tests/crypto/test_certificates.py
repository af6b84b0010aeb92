"""A pair of certificate and key is judged before anybody is shown it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from octonext.crypto.certificates import CertificateUnusable, read_pair
from octonext.crypto.tls import ServerFiles, ensure_server_certificate

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def files(tmp_path: Path) -> ServerFiles:
    return ensure_server_certificate(tmp_path / "one", ["Gateway.example", "*.shops.example"], now=NOW)


def refusal(files: ServerFiles, *names: str, now: dt.datetime = NOW) -> CertificateUnusable:
    with pytest.raises(CertificateUnusable) as caught:
        read_pair(files.certificate, files.key).check(names, now=now)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    "name", ["gateway.example", "GATEWAY.example.", "127.0.0.1", "::1", "0:0:0:0:0:0:0:1", "a.shops.example"]
)
def test_a_good_pair_is_good_for_each_of_its_names(files: ServerFiles, name: str) -> None:
    pair = read_pair(files.certificate, files.key)
    pair.check([name], now=NOW)
    assert 395 <= pair.days_left(NOW) <= 397


@pytest.mark.parametrize("name", ["elsewhere.example", "127.0.0.2", "shops.example", "a.b.shops.example"])
def test_a_certificate_for_another_host_is_refused_by_that_hosts_name(files: ServerFiles, name: str) -> None:
    assert refusal(files, "localhost", name).message == f"The certificate is not for {name}."


def test_an_expired_certificate_is_refused(files: ServerFiles) -> None:
    assert "expired on" in refusal(files, now=NOW + dt.timedelta(days=397)).message


def test_a_certificate_of_tomorrow_is_refused(files: ServerFiles) -> None:
    assert "not valid before" in refusal(files, now=NOW - dt.timedelta(days=3)).message


def test_a_key_of_another_pair_is_refused(files: ServerFiles, tmp_path: Path) -> None:
    other = ensure_server_certificate(tmp_path / "other", [], now=NOW)
    mixed = ServerFiles(files.certificate, other.key, files.root)
    assert "do not belong together" in refusal(mixed).message


def test_a_key_that_everybody_may_read_is_refused(files: ServerFiles) -> None:
    files.key.chmod(0o644)
    assert refusal(files).remedy == f"chmod 600 {files.key}"


@pytest.mark.parametrize("spoilt", ["certificate", "key"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_pem_is_named(files: ServerFiles, spoilt: str, content: bytes) -> None:
    path: Path = getattr(files, spoilt)
    path.write_bytes(content)
    assert str(path) in refusal(files).message


def test_a_file_that_is_not_there_is_named(files: ServerFiles) -> None:
    files.certificate.unlink()
    assert f"{files.certificate} cannot be read" in refusal(files).message


def test_a_pair_never_shows_its_key(files: ServerFiles) -> None:
    assert "PRIVATE" not in repr(read_pair(files.certificate, files.key))

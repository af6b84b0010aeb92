"""Enrolment: a one-time code against a device's place in the chain."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import httpx
import msgspec

from octonext.crypto.envelope import DEVICE_SHARE_BYTES
from octonext.crypto.signature import generate_device_key, load_public, private_to_der, public_spki
from octonext.crypto.tls import client_context
from octonext.till.errors import EnrolmentRefused, GatewayUnreachable, JournalInUse
from octonext.till.store import Identity, Journal
from octonext.till.store.journal import FILE_NAME

PATH = "/api/v1/enrolments"
TIMEOUT_S = 30.0
DETAIL_LENGTH_MAX = 300


class _Branch(msgspec.Struct):
    branch_id: int
    code: str
    name_en: str = ""
    name_ar: str = ""


class _Enrolled(msgspec.Struct):
    device_id: int
    device_code: str
    branch: _Branch
    shard_id: str
    shard_public_key: bytes
    device_share: bytes
    jurisdiction: str
    currency: str
    time_zone: str


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""


async def enrol(
    directory: Path,
    *,
    url: str,
    ca: Path | None,
    code: str,
    name: str,
    context: ssl.SSLContext | None = None,
) -> Journal:
    """Make a till in `directory` with a one-time code; its journal, open and empty.

    `url` is `https://host:port`. Raises `EnrolmentRefused`, `GatewayUnreachable`, `JournalInUse`
    (before the code is used) and `InvalidKey` for an unreadable certificate authority.
    """
    _check(directory, url)
    key = generate_device_key()
    context = context or client_context(ca)
    body = {"code": code, "public_key": base64.b64encode(public_spki(key)).decode(), "name": name}
    enrolled = await _post(url.rstrip("/"), context, body)
    load_public(enrolled.shard_public_key)
    if len(enrolled.device_share) != DEVICE_SHARE_BYTES:
        raise EnrolmentRefused("The gateway's answer holds no device share of 32 bytes.")
    identity = Identity(
        device_id=enrolled.device_id,
        device_code=enrolled.device_code,
        branch_id=enrolled.branch.branch_id,
        branch_code=enrolled.branch.code,
        branch_name_en=enrolled.branch.name_en,
        branch_name_ar=enrolled.branch.name_ar,
        shard_id=enrolled.shard_id,
        shard_public_key=enrolled.shard_public_key,
        jurisdiction=enrolled.jurisdiction,
        currency=enrolled.currency,
        time_zone=enrolled.time_zone,
        url=url.rstrip("/"),
        ca_pem=_pem(ca),
        device_key=private_to_der(key),
        device_share=enrolled.device_share,
    )
    return Journal.create(directory, identity)


async def _post(url: str, context: ssl.SSLContext, body: dict[str, str]) -> _Enrolled:
    try:
        async with httpx.AsyncClient(verify=context, timeout=TIMEOUT_S, trust_env=False) as client:
            response = await client.post(url + PATH, json=body)
    except httpx.HTTPError as error:
        raise GatewayUnreachable(
            f"{url} cannot be reached: {str(error) or type(error).__name__}.",
            remedy="Check the address, and that --ca is the root certificate of this installation.",
        ) from error
    if response.status_code != httpx.codes.CREATED:
        raise EnrolmentRefused(
            f"The gateway refused the code: {_problem(response)}",
            remedy="A code works once and expires; ask head office for a new one.",
        )
    try:
        return msgspec.json.decode(response.content, type=_Enrolled)
    except msgspec.DecodeError as error:
        raise EnrolmentRefused(f"The gateway's answer cannot be understood: {error}.") from error


def _pem(ca: Path | None) -> str:
    return ca.read_text(encoding="ascii") if ca is not None else ""


def _problem(response: httpx.Response) -> str:
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        return f"HTTP {response.status_code}."
    return (problem.detail or problem.title or f"HTTP {response.status_code}.")[:DETAIL_LENGTH_MAX]


def _check(directory: Path, url: str) -> None:
    if not url.startswith("https://"):
        raise EnrolmentRefused(f"{url} is not an https:// address.", remedy="TLS 1.3 or nothing.")
    if (directory / FILE_NAME).exists():
        raise JournalInUse(f"There is a till in {directory} already.", remedy="Choose another directory.")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise EnrolmentRefused(f"{directory} cannot be written: {error.strerror}.") from error

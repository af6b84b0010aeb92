"""Who is acting: what the application claims of itself, for the audit trail of every database.

A request, a till's connection, a process or an operator's command sets it once; `transaction()` passes it
to PostgreSQL, whose triggers note it beside what the connection itself proves.
"""

from __future__ import annotations

import hashlib
import os
import pwd
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Literal

import msgspec

from octonext.base.cards import mask_card_numbers

ActorKind = Literal["user", "token", "device", "process", "operator", "anonymous"]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody or something that changes data. `ip` is the address of the other end, None for none.

    `id` is a user's, token's or device's id, a process' kind, or an operator's account on the machine.
    """

    kind: ActorKind
    id: str
    name: str = ""
    ip: str | None = None
    device_id: int | None = None
    key_thumbprint: str | None = None
    user_agent: str | None = None
    app_version: str | None = None
    request_id: str | None = None


_actor: ContextVar[Actor | None] = ContextVar("octonext_actor", default=None)


def current_actor() -> Actor | None:
    """Who is acting in this task, None when nobody said."""
    return _actor.get()


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    """Within the block, and the tasks begun in it, `actor` is the current one; None is nobody."""
    marker = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(marker)


def act_as(actor: Actor) -> None:
    """From here on `actor` is the current one: for a process, and for a request once it is known whose."""
    _actor.set(actor)


def claim_of(actor: Actor | None) -> str:
    """What `octonext.actor` is set to: a JSON object of what is known, "" for nobody.

    PostgreSQL's jsonb takes no NUL, and nobody's name or program needs one.
    """
    if actor is None:
        return ""
    known = {name: value for name, value in asdict(actor).items() if value is not None}
    # What a till or a program calls itself is free text, and this is kept for years.
    return mask_card_numbers(msgspec.json.encode(known).decode().replace("\\u0000", ""))


def device_actor(
    device_id: int, public_spki: bytes, *, app: str, ip: str | None, user_agent: str | None
) -> Actor:
    """A till that has proven to hold the key; `public_spki` is its SubjectPublicKeyInfo in DER."""
    return Actor(
        kind="device",
        id=str(device_id),
        ip=ip,
        device_id=device_id,
        key_thumbprint=hashlib.sha256(public_spki).hexdigest(),
        user_agent=user_agent,
        app_version=app,
    )


def address_of(client: Sequence[object] | None) -> str | None:
    """The IP address of an ASGI client, None when it has none, as behind a Unix socket."""
    if not client:
        return None
    try:
        # The zone of a link-local address is a name of this machine.
        return str(ip_address(str(client[0]).partition("%")[0]))
    except ValueError:
        return None


def operator_actor() -> Actor:
    """Whoever runs this command on this machine; behind sudo also who began it."""
    try:
        account = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        account = str(os.geteuid())
    return Actor(kind="operator", id=account, name=os.environ.get("SUDO_USER", ""))


def process_actor(kind: str) -> Actor:
    """One of our own processes: "gateway", "relay", ..."""
    return Actor(kind="process", id=kind)

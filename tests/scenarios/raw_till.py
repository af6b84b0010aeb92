"""A till in the hand: real TLS and WebSocket, its journal a list in memory, and it may send anything."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from octonext.base.ids import new_uuid7
from octonext.crypto.chain import GENESIS, link
from octonext.crypto.envelope import new_nonce, new_shift_key, seal_entry, wrap_for_shard
from octonext.crypto.signature import private_from_der, sign
from octonext.crypto.tls import client_context
from octonext.sales.entries import AnyEntry, Line, Payment, Sale, ShiftClosed, ShiftOpened, encode_entry
from octonext.sync.messages import (
    PROTOCOL,
    Ack,
    Challenge,
    Delta,
    FromServer,
    FromTill,
    Head,
    Hello,
    Nack,
    Push,
    PushedEntry,
    PushedKey,
    Welcome,
    decode_from_server,
    encode,
    hello_message,
    push_message,
)
from octonext.till.remote.frames import ciphertexts_digest
from octonext.till.store import Identity, Journal

if TYPE_CHECKING:
    from .conftest import Installation

#: Long, because the machine may be busy with other tests.
DEADLINE_S = 60.0
PATH = "/sync/v1"

Answer = TypeVar("Answer", bound=FromServer)


@dataclass(frozen=True)
class Written:
    """One entry: its bytes in the clear, and what is sent of it."""

    plaintext: bytes
    hash: bytes
    key_id: str
    ciphertext: bytes

    def pushed(self) -> PushedEntry:
        return PushedEntry(k=self.key_id, h=self.hash, c=self.ciphertext)


@dataclass
class RawTill:
    """Writes a journal and signs frames as a till would, without any rule of a till's own."""

    identity: Identity
    cashier: UUID
    product: UUID
    entries: list[Written] = field(default_factory=list)
    shift: UUID = field(default_factory=new_uuid7)
    keys: dict[str, bytes] = field(default_factory=dict)
    cash: int = 0

    def clone(self) -> RawTill:
        """What somebody gets who copies the journal's file."""
        return copy.copy(self)._with_own_lists()

    @property
    def device(self) -> int:
        return self.identity.device_id

    @property
    def seq(self) -> int:
        return len(self.entries)

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash_at(self.seq))

    def hash_at(self, seq: int) -> bytes:
        return self.entries[seq - 1].hash if seq else GENESIS

    # --- writing -----------------------------------------------------------------------------

    def common(self, at: datetime | None = None) -> dict[str, Any]:
        """What every entry says; `at` is the till's wall clock."""
        return {
            "seq": self.seq + 1,
            "shift": self.shift,
            "cashier": self.cashier,
            "at": at or datetime.now(UTC),
            "hlc": self.seq + 1,
        }

    def write(self, entry: AnyEntry | bytes) -> int:
        """Append an entry, or any bytes in the place of one; its seq."""
        data = entry if isinstance(entry, bytes) else encode_entry(entry)
        key_id = str(self.shift)
        key = self.keys.setdefault(key_id, new_shift_key())
        sealed = seal_entry(
            key, device=self.device, shift=key_id, seq=self.seq + 1, plaintext=data, nonce=new_nonce()
        )
        self.entries.append(Written(data, link(self.hash_at(self.seq), data), key_id, sealed))
        return self.seq

    def open_shift(self, at: datetime | None = None) -> int:
        self.shift, self.cash = new_uuid7(), 0
        return self.write(ShiftOpened(**self.common(at), currency=self.identity.currency, opening_float=0))

    def sell(self, at: datetime | None = None, **changes: Any) -> int:
        """One piece for 1,000 minor units in cash, free of tax."""
        self.cash += 1000
        return self.write(self.sale(at, **changes))

    def sale(self, at: datetime | None = None, **changes: Any) -> Sale:
        line = Line(
            product=self.product,
            quantity=1000,
            unit_price=1000,
            tax_code=f"{self.identity.jurisdiction}-O",
            rate_ppm=0,
            tax=0,
            total=1000,
        )
        members: dict[str, Any] = {
            "currency": self.identity.currency,
            "lines": [line],
            "payments": [Payment(tender="cash", amount=1000)],
            "total": 1000,
            "tax": 0,
        }
        return Sale(**self.common(at), **(members | changes))

    def close_shift(self, at: datetime | None = None) -> int:
        return self.write(
            ShiftClosed(
                **self.common(at), currency=self.identity.currency, counted=self.cash, expected=self.cash
            )
        )

    # --- frames ------------------------------------------------------------------------------

    def hello(self, nonce: bytes, **changes: Any) -> Hello:
        message = hello_message(nonce, self.device, self.seq, self.head.hash)
        members: dict[str, Any] = {
            "device": self.device,
            "branch": self.identity.branch_id,
            "head": self.head,
            "clock_ms": int(datetime.now(UTC).timestamp() * 1000),
            "signature": self._sign(message),
        }
        return Hello(**(members | changes))

    def push(self, first: int = 1, last: int | None = None) -> Push:
        chosen = self.entries[first - 1 : last]
        return self.signed(first, [entry.pushed() for entry in chosen])

    def signed(
        self, first: int, entries: Sequence[PushedEntry], keys: Sequence[PushedKey] | None = None
    ) -> Push:
        """A push of these entries, with the keys they use, and a signature that fits."""
        digest = ciphertexts_digest(entry.c for entry in entries)
        return Push(
            first=first,
            prev=self.hash_at(first - 1),
            entries=list(entries),
            keys=list(self.wrapped(sorted({entry.k for entry in entries})) if keys is None else keys),
            signature=self._sign(push_message(self.device, first, entries[-1].h, digest)),
        )

    def wrapped(self, key_ids: Sequence[str]) -> list[PushedKey]:
        public = self.identity.shard_public_key
        return [
            PushedKey(
                id=key_id,
                wrapped=wrap_for_shard(self.keys[key_id], public, device=self.device, key_id=key_id),
            )
            for key_id in key_ids
        ]

    def _sign(self, message: bytes) -> bytes:
        return sign(private_from_der(self.identity.device_key), message)

    def _with_own_lists(self) -> RawTill:
        return replace(self, entries=list(self.entries), keys=dict(self.keys))


class RawLine:
    """One WebSocket as a till holds it, without any of a till's manners."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: FromTill) -> None:
        await self.connection.send(encode(message).decode())

    async def receive(self) -> FromServer:
        async with asyncio.timeout(DEADLINE_S):
            return decode_from_server(await self.connection.recv())

    async def receive_a(self, kind: type[Answer]) -> Answer:
        """The next message, which must be of this kind; reference data is passed over."""
        while isinstance(message := await self.receive(), Delta):
            pass
        assert isinstance(message, kind), message
        return message

    async def greet(self, till: RawTill, **changes: Any) -> FromServer:
        """Say hello; whatever is answered."""
        challenge = await self.receive_a(Challenge)
        await self.send(till.hello(challenge.nonce, **changes))
        return await self.receive()

    async def hello(self, till: RawTill, **changes: Any) -> Welcome:
        answer = await self.greet(till, **changes)
        assert isinstance(answer, Welcome), answer
        return answer

    async def push(self, push: Push) -> Ack:
        await self.send(push)
        return await self.receive_a(Ack)

    async def refused(self, message: FromTill) -> Nack:
        """Send what must not be accepted; the nack."""
        await self.send(message)
        return await self.receive_a(Nack)

    async def is_hung_up_on(self, timeout_s: float = DEADLINE_S) -> int | None:
        """Read until the other side hangs up; the close code, None when it just went."""
        async with asyncio.timeout(timeout_s):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
        return self.connection.close_code


def take_till(installation: Installation, shard_id: str) -> RawTill:
    """One of the installation's enrolled tills, which its fleet will not have any more."""
    for folder in sorted(installation.tills.iterdir()):
        with contextlib.closing(Journal.open(folder)) as journal:
            identity, place = journal.identity, journal.place
        if identity.shard_id == shard_id and place.seq == 0:
            taken = installation.data_dir / "taken"
            taken.mkdir(exist_ok=True)
            folder.rename(taken / folder.name)
            return RawTill(identity, cashier=new_uuid7(), product=new_uuid7())
    raise LookupError(f"no till of {shard_id} is left")


def line_of(installation: Installation) -> contextlib.AbstractAsyncContextManager[RawLine]:
    """A connection to the installation's first gateway."""
    return raw_line(installation.state.gateways[0], client_context(installation.layout.root_certificate))


@contextlib.asynccontextmanager
async def raw_line(url: str, context: ssl.SSLContext, **options: Any) -> AsyncIterator[RawLine]:
    """A connection to the gateway at `url` (`https://host:port`)."""
    settings: dict[str, Any] = {"compression": None, "ping_interval": None, "max_size": 2**20}
    async with connect(
        url.replace("https://", "wss://", 1) + PATH,
        ssl=context,
        subprotocols=[PROTOCOL],  # type: ignore[list-item]
        open_timeout=DEADLINE_S,
        close_timeout=2,
        proxy=None,
        **(settings | options),
    ) as connection:
        yield RawLine(connection)

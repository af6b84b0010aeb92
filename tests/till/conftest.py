"""A till with a small catalogue, and a shard that keeps what it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve

from octonext.crypto import tls
from octonext.crypto.chain import GENESIS, link
from octonext.crypto.envelope import (
    Argon2Cost,
    ShardPrivateKey,
    generate_shard_key,
    open_entry,
    unwrap_for_shard,
)
from octonext.crypto.secrets import hash_secret
from octonext.crypto.signature import generate_device_key, private_to_der, public_spki, verify
from octonext.sync.messages import (
    Ack,
    Challenge,
    Credits,
    Delta,
    DeltaAck,
    DeltaRow,
    Head,
    Hello,
    Nack,
    Ping,
    Pong,
    Push,
    Welcome,
    decode_from_till,
    encode,
    hello_message,
    push_message,
)
from octonext.till.remote.frames import ciphertexts_digest
from octonext.till.service import Till
from octonext.till.store import Identity, Journal
from tls_listener import listening_context

CHEAP = Argon2Cost(time=1, memory_kib=8, lanes=1)
PIN = "4711"
CASHIER = UUID("01938f5e-7c00-7000-8000-0000000000c1")
MILK = UUID("01938f5e-7c00-7000-8000-000000000001")
DATES = UUID("01938f5e-7c00-7000-8000-000000000002")
REGION_LIST = "01938f5e-7c00-7000-8000-0000000000a1"
BRANCH_LIST = "01938f5e-7c00-7000-8000-0000000000a2"


def reference_rows() -> list[DeltaRow]:
    """Milk at 0.350 KWD a piece and dates at 2.500 KWD a kilogram, and one cashier."""
    values: list[tuple[str, str, dict[str, object]]] = [
        ("branch", "3", _branch()),
        ("tax", "KW:none", _tax()),
        ("price_list", REGION_LIST, _price_list(REGION_LIST, None, 0)),
        ("product", str(MILK), _product(MILK, "MILK-1", "Fresh milk", "حليب طازج", "piece", "6291003100018")),
        ("product", str(DATES), _product(DATES, "DATE-1", "Dates", "تمر", "kg", "6291003100025")),
        ("price", f"{REGION_LIST}:{MILK}:2020-01-01", _price(MILK, 350)),
        ("price", f"{REGION_LIST}:{DATES}:2020-01-01", _price(DATES, 2500)),
        ("cashier", str(CASHIER), _cashier()),
    ]
    return [delta_row(kind, key, value) for kind, key, value in values]


def delta_row(kind: str, key: str, value: object) -> DeltaRow:
    return DeltaRow(kind=kind, key=key, value=msgspec.Raw(msgspec.json.encode(value)))


@pytest.fixture
def shard_key() -> ShardPrivateKey:
    return generate_shard_key()


@pytest.fixture
def identity(shard_key: ShardPrivateKey) -> Identity:
    return Identity(
        device_id=7,
        device_code="T01",
        branch_id=3,
        branch_code="KW01",
        branch_name_en="Salmiya",
        branch_name_ar="السالمية",
        shard_id="kw-1",
        shard_public_key=public_spki(shard_key),
        jurisdiction="KW",
        currency="KWD",
        time_zone="Asia/Kuwait",
        url="https://localhost:1",
        device_key=private_to_der(generate_device_key()),
        device_share=bytes(range(32)),
    )


@pytest.fixture
def till(tmp_path: Path, identity: Identity) -> Iterator[Till]:
    journal = Journal.create(tmp_path / "till", identity)
    journal.reference.store("reference", "1.1", reference_rows())
    yield Till(journal, cost=CHEAP)
    journal.close()


@pytest.fixture
def open_till(till: Till) -> Till:
    """The till with a shift open and a float of 20.000 KWD."""
    till.open_shift("C1", PIN, 20_000)
    return till


@dataclass
class RecordingShard:
    """What a shard does with a till's frames, without a database: checks everything, keeps all."""

    identity: Identity
    private: ShardPrivateKey
    rows: list[DeltaRow] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    plaintexts: list[bytes] = field(default_factory=list)
    keys: dict[str, bytes] = field(default_factory=dict)
    pushes: int = 0
    #: Answers for the next pushes in place of the real ones; None lets one through.
    refusals: list[Nack | None] = field(default_factory=list)
    push_entries: int = 16
    #: The public key that a welcome names, and the lines that were welcomed.
    told_key: bytes | None = None
    lines: list[ServerConnection] = field(default_factory=list)

    @property
    def head(self) -> Head:
        return Head(len(self.hashes), self.hashes[-1] if self.hashes else GENESIS)

    def welcome(self, hello: Hello, nonce: bytes) -> Welcome | Nack:
        message = hello_message(nonce, hello.device, hello.head.seq, hello.head.hash)
        if not verify(self._public(), hello.signature, message):
            return Nack(reason="bad_signature", detail="hello")
        return Welcome(
            acked=self.head,
            credits=Credits(512, 1024 * 1024, self.push_entries),
            heartbeat_s=20,
            server_time_ms=0,
            shard_key=self.told_key,
        )

    def push(self, push: Push) -> Ack | Nack:
        self.pushes += 1
        refusal = self.refusals.pop(0) if self.refusals else None
        return refusal or self._refuse(push) or self._take(push)

    def _refuse(self, push: Push) -> Nack | None:
        digest = ciphertexts_digest(entry.c for entry in push.entries)
        message = push_message(self.identity.device_id, push.first, push.entries[-1].h, digest)
        if not verify(self._public(), push.signature, message):
            return Nack(reason="bad_signature", detail="push")
        if push.first > self.head.seq + 1:
            return Nack(reason="gap", detail="", expected=self.head.seq + 1)
        prev = self.hashes[push.first - 2] if push.first > 1 else GENESIS
        if push.prev != prev:
            return Nack(reason="fork", detail="prev")
        device = self.identity.device_id
        for key in push.keys:
            self.keys[key.id] = unwrap_for_shard(key.wrapped, self.private, device=device, key_id=key.id)
        missing = sorted({entry.k for entry in push.entries} - self.keys.keys())
        return Nack(reason="unknown_key", detail="", key_ids=missing) if missing else None

    def _take(self, push: Push) -> Ack | Nack:
        prev = push.prev
        for seq, entry in enumerate(push.entries, push.first):
            plaintext = open_entry(
                self.keys[entry.k], device=self.identity.device_id, shift=entry.k, seq=seq, sealed=entry.c
            )
            if link(prev, plaintext) != entry.h:
                return Nack(reason="bad_chain", detail=str(seq))
            prev = entry.h
            if seq <= len(self.hashes):
                if self.hashes[seq - 1] != entry.h:
                    return Nack(reason="fork", detail=str(seq))
                continue
            self.hashes.append(entry.h)
            self.plaintexts.append(plaintext)
        size = sum(len(entry.c) for entry in push.entries)
        return Ack(
            acked=self.head,
            first=push.first,
            outcomes=["posted"] * len(push.entries),
            credits=Credits(len(push.entries), size, self.push_entries),
        )

    def _public(self) -> bytes:
        from octonext.crypto.signature import private_from_der

        return public_spki(private_from_der(self.identity.device_key))

    async def converse(self, socket: ServerConnection) -> None:
        """One connection of the real protocol, over a real WebSocket."""
        nonce = bytes(32)
        await socket.send(encode(Challenge(nonce, 0)), text=True)
        hello = decode_from_till(await socket.recv())
        assert isinstance(hello, Hello)
        answer = self.welcome(hello, nonce)
        await socket.send(encode(answer), text=True)
        if isinstance(answer, Nack):
            return
        self.lines.append(socket)
        if hello.cursors.get("reference") == "" and self.rows:
            delta = Delta(feed="reference", cursor="1.1", rows=self.rows, more=False)
            await socket.send(encode(delta), text=True)
        async for frame in socket:
            message = decode_from_till(frame)
            if isinstance(message, Push):
                await socket.send(encode(self.push(message)), text=True)
            elif isinstance(message, Ping):
                await socket.send(encode(Pong()), text=True)
            else:
                assert isinstance(message, DeltaAck | Pong)


@pytest.fixture
def shard(identity: Identity, shard_key: ShardPrivateKey) -> RecordingShard:
    return RecordingShard(identity, shard_key, rows=reference_rows())


@pytest.fixture
def gateway(tmp_path: Path) -> Callable[[RecordingShard], AsyncIterator[tuple[str, Path]]]:
    """Serve a shard on TLS 1.3 and a free port; gives its address and root certificate."""

    @asynccontextmanager
    async def run(shard: RecordingShard) -> AsyncIterator[tuple[str, Path]]:
        files = tls.ensure_server_certificate(tmp_path / "tls", [], now=datetime.now(UTC))
        async with serve(
            shard.converse,
            "127.0.0.1",
            0,
            ssl=listening_context(files),
            subprotocols=["octonext.sync.v1"],  # type: ignore[list-item]
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            yield f"https://127.0.0.1:{port}", files.root

    return run  # type: ignore[return-value]


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], object]:
    """Wait for a condition, a minute at most."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.005)

    return wait


def _branch() -> dict[str, object]:
    return {
        "branch_id": 3,
        "code": "KW01",
        "name_en": "Salmiya",
        "name_ar": "السالمية",
        "region_id": 1,
        "shard_id": "kw-1",
        "currency": "KWD",
        "time_zone": "Asia/Kuwait",
        "jurisdiction": "KW",
        "active": True,
    }


def _tax() -> dict[str, object]:
    return {
        "jurisdiction": "KW",
        "tax_class": "none",
        "tax_code": "KW-N",
        "rate_ppm": 0,
        "name_en": "No tax",
        "name_ar": "بدون ضريبة",
    }


def _price_list(key: str, branch_id: int | None, priority: int) -> dict[str, object]:
    return {
        "price_list_id": key,
        "name": "Shelf",
        "region_id": 1,
        "branch_id": branch_id,
        "currency": "KWD",
        "tax_inclusive": True,
        "priority": priority,
    }


def _product(
    product: UUID, sku: str, name_en: str, name_ar: str, unit: str, barcode: str
) -> dict[str, object]:
    return {
        "product_id": str(product),
        "sku": sku,
        "name_en": name_en,
        "name_ar": name_ar,
        "unit": unit,
        "category_id": None,
        "tax_class": "none",
        "barcodes": [barcode],
        "active": True,
    }


def _price(product: UUID, amount: int) -> dict[str, object]:
    return {
        "price_list_id": REGION_LIST,
        "product_id": str(product),
        "amount": amount,
        "currency": "KWD",
        "valid_from": "2020-01-01",
        "valid_until": None,
    }


def _cashier() -> dict[str, object]:
    return {
        "user_id": str(CASHIER),
        "code": "C1",
        "name_en": "Noura",
        "name_ar": "نورة",
        "role": "cashier",
        "branch_ids": [],
        "pin_hash": hash_secret(PIN, CHEAP),
        "active": True,
    }

"""A chain for browser tills: the sample chain on a real cluster, new tills for the asking, and its truth."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from installation import Installation, ask_shard, octonext, wait_for
from octonext.crypto.tls import client_context
from octonext.processes.sample.seed import Seeded, seed_demo

from .chromium import spki_digest

API = "/api/v1"
PRODUCTS = 60
#: The branch that the tests sell in, with its shard.
BRANCH, SHARD = "KWC", "kw-1"


@dataclass(frozen=True)
class Person:
    """Somebody who signs in at a till."""

    code: str
    pin: str
    name_en: str
    name_ar: str


@dataclass
class Shop:
    """An installation with the sample chain, and the people of one branch."""

    installation: Installation
    seeded: Seeded
    cashier: Person
    manager: Person
    #: Device ids of the tills made here, in order.
    tills: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.installation.state.gateways[0]

    @property
    def page(self) -> str:
        return f"{self.url}/till/"

    @property
    def trusted(self) -> str:
        """The gateway's certificate, as a browser is told to trust it."""
        return spki_digest(self.installation.layout.gateway_certificate(0).read_bytes())

    def client(self) -> httpx.AsyncClient:
        """An administrator's connection to the REST API."""
        return client_of(self.installation)

    async def new_till(self, branch: str = BRANCH) -> tuple[int, str]:
        """A new till of a branch: its device id and its one-time enrolment code."""
        async with self.client() as client:
            answer = await client.post(
                f"{API}/tills", json={"branch_id": self.seeded.branches[branch], "name": "Browser"}
            )
        answer.raise_for_status()
        made = answer.json()
        self.tills.append(made["till"]["device_id"])
        return made["till"]["device_id"], made["enrolment_code"]

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        async with self.client() as client:
            answer = await client.post(f"{API}{path}", json=dict(body))
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def head(self, device_id: int) -> tuple[int, str]:
        """Where the till's journal ends on its shard: seq and hash in hex; (0, "") while there is none."""
        rows = await ask_shard(
            self.installation,
            SHARD,
            "SELECT seq AS head_seq, encode(hash, 'hex') AS hash FROM device_head WHERE device_id = $1",
            device_id,
        )
        return (rows[0]["head_seq"], rows[0]["hash"]) if rows else (0, "")

    async def until_head(self, device_id: int, seq: int) -> None:
        """Wait until the shard holds the till's journal up to `seq`."""
        async with asyncio.timeout(60):
            while (await self.head(device_id))[0] < seq:
                await asyncio.sleep(0.05)

    async def sales(self, device_id: int) -> list[tuple[int, str, int]]:
        """What the shard has booked of a till: seq, kind and total of every sale and return."""
        rows = await ask_shard(
            self.installation,
            SHARD,
            "SELECT seq, kind, total FROM sale WHERE device_id = $1 ORDER BY seq",
            device_id,
        )
        return [(row["seq"], row["kind"], row["total"]) for row in rows]

    def verify(self) -> None:
        """`octonext verify` finds shard, ledger, stock and reports in agreement."""
        checked = octonext("verify", "--data", str(self.installation.data_dir))
        assert checked.returncode == 0, checked.stdout + checked.stderr


def client_of(installation: Installation) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=installation.state.gateways[0],
        headers={"Authorization": f"Bearer {installation.secret}"},
        verify=client_context(installation.layout.root_certificate),
        timeout=30,
    )


async def open_shop(installation: Installation) -> Shop:
    """Seed the running, empty installation and hire a cashier and a manager."""
    async with client_of(installation) as client:
        seeded = await seed_demo(client, products=PRODUCTS, tills_per_branch=0)
        people = []
        for code, pin, role, name_en, name_ar in (
            ("71", "4071", "cashier", "Test cashier", "كاشير الاختبار"),
            ("72", "90721", "manager", "Test manager", "مدير الاختبار"),
        ):
            answer = await client.post(f"{API}/cashiers", json={
                "region_id": seeded.regions["KW"], "code": code, "name_en": name_en, "name_ar": name_ar,
                "role": role, "branch_ids": [seeded.branches[BRANCH]], "pin": pin,
            })  # fmt: skip
            assert answer.is_success, answer.text
            people.append(Person(code, pin, name_en, name_ar))
    cashier, manager = people
    shop = Shop(installation, seeded, cashier, manager)
    await wait_for(lambda: bool(installation.state.gateways))
    return shop

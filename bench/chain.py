"""An installation to measure: started as an operator starts it, seeded, and gone when the block ends.

Everything runs in processes of its own (`octonext up`); what measures is outside, as tills are. All
processes end with the block, also when it raises or is interrupted.
"""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from octonext.crypto.envelope import shard_public_spki
from octonext.crypto.signature import DevicePrivateKey, generate_device_key, public_spki
from octonext.crypto.tls import client_context
from octonext.processes.init import write_configuration
from octonext.processes.keys.opening import open_keyring
from octonext.processes.keys.sync import sync_keys
from octonext.processes.os_process import die_with_parent, end, send, tree
from octonext.processes.supervisor.state import InstallationState, read_state
from octonext.runtime.layout import OWNER_ROLE, Layout
from octonext.runtime.postgres import connect
from octonext.runtime.sql import load_queries

from .load import CURRENCY, TIME_ZONE, Assortment, PreparedTill

START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 60.0
READY_POLL_S = 0.05
WORDS_MAX = 500
KILL_TIMEOUT_S = 5.0
KNOWN_TIMEOUT_S = 60.0
REQUEST_TIMEOUT_S = 30.0

#: The country of every shard here; its money, time and tax are those of the prepared load.
REGION = "SA"
SHARDS = ("sa-1", "sa-2")

_SECRET = re.compile(r"on_[\w-]{20,}")
_queries = load_queries("bench", "chain.sql")


class DidNotStart(RuntimeError):
    """The installation that was to be measured did not start, or ended; its own words are kept."""


@dataclass(slots=True)
class Chain:
    """A running installation."""

    layout: Layout
    process: subprocess.Popen[bytes]
    secret: str = field(repr=False)
    """The administrator's token."""
    branches: dict[int, str] = field(default_factory=dict)
    """The shard of each branch; `add_branch` makes more than the first one of each shard."""
    organisation: str = ""
    region: int = 0

    def branch(self, shard_id: str) -> int:
        """The first branch of a shard."""
        return next(branch for branch, shard in self.branches.items() if shard == shard_id)

    @property
    def state(self) -> InstallationState:
        """As its supervisor sees it now."""
        state = read_state(self.layout.state)
        if state is None:
            raise DidNotStart("the supervisor has written no state")
        return state

    @property
    def urls(self) -> list[str]:
        """Its gateways, `https://host:port`."""
        return self.state.gateways

    def pid(self, name: str) -> int:
        """The pid of a process by its supervisor's name: gateway-0, postgres-kw-1, relay, reporting."""
        return next(each.pid or 0 for each in self.state.processes if each.name == name)

    def pids(self, kind: str) -> list[int]:
        """The pids of every process of a kind, such as "gateway"."""
        return [each.pid for each in self.state.processes if each.kind == kind and each.pid]

    def owner_dsn(self, shard_id: str | None = None) -> str:
        """The address of a shard, or of head office, for the schema's owner."""
        if shard_id is None:
            return self.layout.dsn("hq", role=OWNER_ROLE)
        return self.layout.dsn("shard", shard_id, role=OWNER_ROLE)

    def client(self) -> httpx.AsyncClient:
        """Head office's API through the first gateway, as the administrator."""
        return httpx.AsyncClient(
            base_url=self.urls[0],
            headers={"Authorization": f"Bearer {self.secret}"},
            verify=client_context(self.layout.root_certificate),
            timeout=REQUEST_TIMEOUT_S,
            trust_env=False,
        )


@contextmanager
def running(
    folder: Path,
    *,
    say: Callable[[str], None],
    shards: Sequence[str] = SHARDS,
    workers: int = 1,
    relay: bool = True,
    encrypted: Sequence[str] = (),
) -> Iterator[Chain]:
    """A new installation in the empty `folder`, with a branch on each shard, while the block runs.

    `workers` is the number of gateway processes. Without a relay nothing travels between the databases.
    The shards in `encrypted` stand on gocryptfs volumes, everything else in plain files. Raises DidNotStart.
    """
    say(f"starting {len(shards)} shards, head office, reporting and {workers} gateway(s)")
    specified = [f"{each}:{REGION}:{REGION}" for each in shards]
    configuration = write_configuration(
        folder, name="bench", at_rest="none", shards=specified, workers=workers
    )
    for shard in encrypted:
        _encrypt(configuration, shard)
    if not relay:
        with configuration.open("a", encoding="utf-8") as file:
            file.write("\n[relay]\nenabled = false\n")
    said = folder / "supervisor.out"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "octonext.processes.cli", "up", "--data", str(folder)],
            stdout=output,
            stderr=output,
            # A Ctrl-C is for us: we stop it in order. Were we killed, it stops by itself.
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- no thread runs yet
        )
    try:
        chain = Chain(Layout(folder), process, _started(process, said))
        asyncio.run(_furnish(chain, shards))
        yield chain
    finally:
        _stop(process)


def add_branch(chain: Chain, shard_id: str) -> int:
    """One more branch on a shard."""
    return asyncio.run(_add_branch(chain, shard_id))


def add_tills(chain: Chain, branches: Sequence[int], *, seed: int) -> list[PreparedTill]:
    """Enrol a till for each of `branches`, and wait until their shards know them."""
    return asyncio.run(_add_tills(chain, branches, seed))


def _encrypt(configuration: Path, shard: str) -> None:
    """Let one shard of a configuration that was just written stand on an encrypted volume."""
    text = configuration.read_text(encoding="utf-8")
    head, name, block = text.partition(f'id = "{shard}"\n')
    block = block.replace('at_rest = "none"', 'at_rest = "gocryptfs"', 1)
    configuration.write_text(head + name + block, encoding="utf-8")


def _started(process: subprocess.Popen[bytes], said: Path) -> str:
    """The administrator's secret, once everything runs."""
    ends = time.monotonic() + START_TIMEOUT_S
    while "running; " not in (text := said.read_text(encoding="utf-8", errors="replace")):
        if process.poll() is not None or time.monotonic() > ends:
            # What it said last may hold the administrator's secret, and this goes to a page.
            words = _SECRET.sub("(secret)", text)[-WORDS_MAX:]
            raise DidNotStart(f"the installation did not start: {words}")
        time.sleep(READY_POLL_S)
    shown = _SECRET.search(text)
    if shown is None:
        raise DidNotStart("the installation showed no administrator's secret")
    return shown[0]


def _stop(process: subprocess.Popen[bytes]) -> None:
    family = tree(process.pid)
    # A frozen process hears nothing, and a benchmark may end in the middle of a freeze.
    send(family, signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
    end(family, signal.SIGKILL, KILL_TIMEOUT_S)


async def _furnish(chain: Chain, shards: Sequence[str]) -> None:
    """One organisation, one region and one branch for each shard, through the API like anybody."""
    async with chain.client() as client:
        made = await _post(client, "/organisations", code="BENCH", name_en="Bench", name_ar="")
        chain.organisation = made["organisation_id"]
        made = await _post(
            client, "/regions", code=REGION, jurisdiction=REGION, currency=CURRENCY,
            time_zone=TIME_ZONE, name_en=REGION, name_ar="",
        )  # fmt: skip
        chain.region = made["region_id"]
    for shard_id in shards:
        await _add_branch(chain, shard_id)


async def _add_branch(chain: Chain, shard_id: str) -> int:
    number = len(chain.branches) + 1
    async with chain.client() as client:
        made = await _post(
            client, "/branches", organisation_id=chain.organisation, region_id=chain.region,
            shard_id=shard_id, code=f"B{number}", name_en=f"Branch {number}", name_ar="",
        )  # fmt: skip
    branch_id: int = made["branch_id"]
    chain.branches[branch_id] = shard_id
    return branch_id


async def _post(client: httpx.AsyncClient, path: str, **body: object) -> dict[str, Any]:
    answer = await client.post(f"/api/v1{path}", json=body)
    if not answer.is_success:
        raise DidNotStart(f"{path} was refused: {answer.text[:300]}")
    made: dict[str, Any] = answer.json()
    return made


async def _add_tills(chain: Chain, branches: Sequence[int], seed: int) -> list[PreparedTill]:
    shards = Counter(chain.branches[branch] for branch in branches)
    wanted = {shard_id: await _known(chain, shard_id) + count for shard_id, count in shards.items()}
    keys = [generate_device_key() for _ in branches]
    devices = await _enrol(chain, branches, keys)
    ends = time.monotonic() + KNOWN_TIMEOUT_S
    for shard_id, count in wanted.items():
        while await _known(chain, shard_id) < count:
            if time.monotonic() > ends:
                raise DidNotStart(f"{shard_id} did not hear of its tills")
            await asyncio.sleep(READY_POLL_S)
    assortment = Assortment(seed)
    keyring = open_keyring(chain.layout)
    public = {each: shard_public_spki(sync_keys(chain.layout, keyring, each)[0]) for each in shards}
    return [
        PreparedTill(branch, device, assortment, public[chain.branches[branch]], private)
        for branch, device, private in zip(branches, devices, keys, strict=True)
    ]


async def _enrol(chain: Chain, branches: Sequence[int], keys: Sequence[DevicePrivateKey]) -> list[int]:
    """The new tills' device ids. Written where the API would write them, without 2,000 requests."""
    hq = await connect(chain.owner_dsn(), application_name="bench", statement_timeout_ms=0)
    try:
        first = await hq.fetchval(_queries["next_code"])
        codes = [f"T{first + number}" for number in range(len(keys))]
        rows = await hq.fetch(_queries["add_tills"], branches, [public_spki(key) for key in keys], codes)
    finally:
        await hq.close()
    return [row["device_id"] for row in rows]


async def _known(chain: Chain, shard_id: str) -> int:
    connection = await connect(chain.owner_dsn(shard_id), application_name="bench")
    try:
        known: int = await connection.fetchval(_queries["known_tills"])
    finally:
        await connection.close()
    return known

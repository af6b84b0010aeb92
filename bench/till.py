"""The till in a browser that is four times slower: what a cashier waits for, and what it takes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from octonext.processes.os_process import send, tree
from octonext.runtime.postgres import connect
from octonext.runtime.sql import load_queries

from .assortment import Goods, assortment, fill
from .chain import Chain, running
from .harness import Figure, LeftOut, Options, Result
from .load import CURRENCY
from .path import Tills, cpu_s, push
from .till_browser import Browser, browsing, memory, refuses_throttling, slowed, spki_digest
from .till_figures import BUILT, SLOWER, aimed, behind, p95, scripts
from .till_slowness import slowness

NAME = "till"
TITLE = "The till: a browser on a slow tablet"

SHARD = "sa-1"
CODE, PIN = "71", "4071"
#: In the worker: what a payment writes, written without all that makes it one.
BARE_WRITE = Path(__file__).with_name("till_write.js").read_text(encoding="utf-8")
SYNC_AIM_S = 15.0
START_AIM_S = 1.5
SCAN_AIM_MS = SEARCH_AIM_MS = 50.0
PAY_AIM_MS = 100.0
MEMORY_AIM_MIB = 200.0

LINES = 4
#: Entries of a push.
PUSH = 64
SHORTEST_S = 0.001
WARM_UP = 3
KNOWN_TIMEOUT_S = 300.0
POLL_S = 0.1
#: An installation that takes less of a processor than this is idle.
IDLE_SHARE = 0.15
IDLE_LOOK_S = 2.0
IDLE_TIMEOUT_S = 60.0
TYPED = ("milk full", "bread", "زبادي", "croissant 4", "حليب كامل", "chedar")
_queries = load_queries("bench", "till.sql")


@dataclass(frozen=True, slots=True)
class _Size:
    products: int
    starts: int
    sales: int
    """Measured sales, of LINES scans each."""
    backlog: int


FULL = _Size(products=100_000, starts=5, sales=25, backlog=10_000)
QUICK = _Size(products=20_000, starts=3, sales=8, backlog=600)


@dataclass
class _Times:
    """Milliseconds of each scan, key and payment; `worker` is the engine's part of the same."""

    scan: list[float] = field(default_factory=list)
    pay: list[float] = field(default_factory=list)
    search: list[float] = field(default_factory=list)
    worker: dict[str, list[float]] = field(default_factory=dict)
    empty: list[float] = field(default_factory=list)
    write: list[float] = field(default_factory=list)


def run(options: Options) -> Result:
    """One till of one branch, from its enrolment to a backlog that has drained."""
    if not (BUILT / "index.html").is_file():
        raise LeftOut("The till is not built: run `make web`.")
    size = QUICK if options.quick else FULL
    with running(options.work_dir, say=options.say, shards=(SHARD,)) as chain:
        result, drained = asyncio.run(_measured(chain, size, options))
        options.say("the same pushes from a till that costs nothing")
        pushes = max(1, size.backlog // PUSH)
        backlogs = Tills(chain, options.seed, SHARD).write(1, pushes, PUSH, rows=False)
        floor = push(chain, backlogs, gateways=1).sales_per_second
    name = "pushes prepared ahead of time, from one till"
    result.figures.append(Figure("backlog drained", (drained,), "entries/s", name, (floor,)))
    return result


async def _measured(chain: Chain, size: _Size, options: Options) -> tuple[Result, float]:
    goods = assortment(size.products, options.seed)
    options.say(f"putting in {size.products:,} products and prices")
    code = await furnish(chain, goods)
    options.say("waiting until the installation has done with them")
    await idle(chain)
    trusted = spki_digest(chain.layout.gateway_certificate(0).read_bytes())
    async with browsing(options.work_dir / "profile", trusted) as browser:
        return await Day(chain, browser, goods, size, options).measured(code)


async def furnish(chain: Chain, goods: Sequence[Goods]) -> str:
    """Products, people and settings, on the shard as well; the enrolment code of a till."""
    async with chain.client() as client:
        await fill(client, chain.region, CURRENCY, goods)
        branch = chain.branch(SHARD)
        answer = await client.put(
            f"/api/v1/regions/{chain.region}/till-settings",
            json={"tenders": ["cash", "mada"], "idle_lock_seconds": 3_600},
        )
        answer.raise_for_status()
        answer = await client.post("/api/v1/cashiers", json={
            "region_id": chain.region, "code": CODE, "name_en": "Bench", "name_ar": "", "role": "manager",
            "branch_ids": [branch], "pin": PIN,
        })  # fmt: skip
        answer.raise_for_status()
        await known(chain, len(goods))
        answer = await client.post("/api/v1/tills", json={"branch_id": branch, "name": "Bench"})
        answer.raise_for_status()
        code: str = answer.json()["enrolment_code"]
        return code


async def known(chain: Chain, products: int) -> None:
    """Wait until the shard has heard of every product and price."""
    connection = await connect(chain.owner_dsn(SHARD), application_name="bench", statement_timeout_ms=0)
    try:
        async with asyncio.timeout(KNOWN_TIMEOUT_S):
            while await connection.fetchval(_queries["known_goods"]) < 2 * products:
                await asyncio.sleep(POLL_S)
    finally:
        await connection.close()


async def idle(chain: Chain) -> None:
    """Wait until what was put in is sealed and reported: it takes the processors that a till would have.

    Not for ever: a machine that is never idle says so by how slow its loops are.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(IDLE_TIMEOUT_S):
            await _until_idle(chain)


async def _until_idle(chain: Chain) -> None:
    before = cpu_s([chain.process.pid])
    while True:
        await asyncio.sleep(IDLE_LOOK_S)
        now = cpu_s([chain.process.pid])
        if now - before < IDLE_SHARE * IDLE_LOOK_S:
            return
        before = now


class Day:
    """What is done with one till, in order."""

    def __init__(
        self, chain: Chain, browser: Browser, goods: Sequence[Goods], size: _Size, options: Options
    ) -> None:
        self.chain, self.browser, self.goods, self.size = chain, browser, goods, size
        self.say = options.say
        self.random = Random(options.seed)
        self.url = f"{chain.urls[0]}/till/"
        self.result = Result()
        self.rate = SLOWER

    async def measured(self, code: str) -> tuple[Result, float]:
        """Everything, once, and how fast the backlog drained."""
        figures = self.result.figures
        await self.browser.page.goto(self.url)
        await self.browser.reached('state.phase === "unenrolled"')
        await self.browser.bench("cared()")
        figures += scripts()
        figures += await self.slowness()
        self.say("first sync")
        figures += await self.first_sync(code)
        await self.tidied()
        self.say(f"{self.size.starts} cold starts")
        figures += await self.cold_starts()
        self.say(f"{self.size.sales} sales")
        empty = await self.day(self.size.sales)
        figures += self.days(empty, None)
        figures += await self.memory("")
        self.say(f"offline: {self.size.backlog:,} sales")
        gateway = [pid for each in self.chain.pids("gateway") for pid in tree(each)]
        send(gateway, signal.SIGSTOP)
        try:
            await self.backlog()
            self.say(f"{self.size.sales} sales behind the backlog")
            behind = await self.day(self.size.sales)
            figures += self.days(behind, empty)
            figures += await self.memory(f", {self.size.backlog:,} unsynced sales")
            figures += await self.start_with_backlog()
        finally:
            send(gateway, signal.SIGCONT)
        self.say("draining")
        return self.result, await self.drain()

    async def slowness(self) -> list[Figure]:
        """Sets how slow the browser is from here on; the proof that page and worker are."""
        self.rate, figures = await slowness(self.browser)
        refused = await refuses_throttling(self.browser)
        why = (
            "DevTools would do it as well"
            if refused is None
            else f'DevTools refuse it for a worker: "{refused}"'
        )
        self.result.text.append(
            "Chromium with every renderer stopped for about three of four milliseconds, so that page, worker "
            f"and service worker have a quarter of a processor each ({why}). How long exactly is found out "
            f"first, until work of a fixed size takes {SLOWER:g} times as long: signals take time as well. "
            "The browser's own process, which writes the database, is as fast as the machine. "
            f"Sales and searches are counted after {WARM_UP} sales and one search to warm up."
        )
        return figures

    async def first_sync(self, code: str) -> list[Figure]:
        """From the first row to a catalogue with all of them, nobody signed in."""
        browser = self.browser
        with slowed(browser, self.rate):
            await browser.engine("enrol", {"code": code, "name": "Bench"})
            online = await browser.reached('state.sync.state === "online"')
            complete = f"state.catalogue.products === {self.size.products} && state.sync.feed === null"
            done = await browser.reached(complete, timeout_s=KNOWN_TIMEOUT_S)
        took = (done - online) / 1000
        return [aimed(f"first sync of {self.size.products:,} products", (took,), "s", SYNC_AIM_S)]

    async def tidied(self) -> None:
        """Wait until what came is written together, as the next start will find it."""
        await self.browser.engine("signIn", {"code": CODE, "pin": PIN})
        await self.browser.engine("openShift", {"openingFloat": 0})
        async with asyncio.timeout(KNOWN_TIMEOUT_S):
            while not await self.browser.bench("tidy()"):
                await asyncio.sleep(POLL_S)

    async def cold_starts(self) -> list[Figure]:
        shown, opened = [], []
        for _ in range(self.size.starts):
            to_sign_in, to_sell = await self.start()
            shown.append(to_sign_in)
            opened.append(to_sell)
        both = tuple(one + other for one, other in zip(shown, opened, strict=True))
        return [
            Figure("cold start to the sign-in screen", tuple(shown), "s"),
            Figure("from the PIN to a catalogue that answers", tuple(opened), "s"),
            aimed(f"cold start to selling, {self.size.products:,} products", both, "s", START_AIM_S),
        ]

    async def start(self) -> tuple[float, float]:
        """Seconds until the sign-in screen stands, and from the PIN until the catalogue answers."""
        browser = self.browser
        with slowed(browser, self.rate):
            await browser.anew(self.url)
            shown = await browser.bench("visible('.person')")
            await browser.page.locator(".person").first.click()
            await browser.page.locator("input").last.focus()
            await browser.page.keyboard.type(PIN)
            await browser.bench(f"arm('signIn', {self.goods[0].barcode!r})")
            await browser.page.keyboard.press("Enter")
            times = await browser.bench("result()")
        return shown / 1000, (times["searched"] - times["from"]) / 1000

    async def day(self, sales: int) -> _Times:
        """Sales as a cashier makes them, and between them what they stand on, measured for itself."""
        times = _Times()
        with slowed(self.browser, self.rate):
            for number in range(sales + WARM_UP):
                await self.sale(times if number >= WARM_UP else _Times())
            for text in TYPED[:1]:
                await self.typed(text, _Times())
            for text in TYPED:
                await self.typed(text, times)
        return times

    async def sale(self, times: _Times) -> None:
        page = self.browser.page
        for goods in self.random.sample(self.goods, LINES):
            await self.browser.bench(f"arm('scan', {goods.barcode!r})")
            self.note(times, "scan", times.scan, await self.browser.bench("result()"))
            times.empty.append(await self.browser.bench("empty()"))
        await page.keyboard.press("F4")
        await page.locator(".pay__take:enabled").wait_for()
        await self.browser.bench("arm('pay')")
        await page.locator(".pay__take").click()
        self.note(times, "pay", times.pay, await self.browser.bench("result()"))
        await page.keyboard.press("F4")
        await page.get_by_test_id("cart-total").wait_for()
        times.write.append(await self.browser.worker.evaluate(BARE_WRITE))

    async def typed(self, text: str, times: _Times) -> None:
        page = self.browser.page
        await page.keyboard.press("F2")
        for length in range(1, len(text) + 1):
            await self.browser.bench(f"arm('search', {text[:length]!r})")
            self.note(times, "search", times.search, await self.browser.bench("result()"))
        await page.keyboard.press("Escape")

    @staticmethod
    def note(times: _Times, name: str, into: list[float], found: dict[str, float]) -> None:
        into.append(found["to"] - found["from"])
        times.worker.setdefault(name, []).append(found["answered"] - found["sent"])

    def days(self, times: _Times, before: _Times | None) -> list[Figure]:
        """The figures of a day; with the day before, the ratio to it is what counts."""
        if before is not None:
            unsynced = f"{self.size.backlog:,} unsynced sales"
            return [
                behind(f"scan, {unsynced}", times.scan, before.scan),
                behind(f"payment, {unsynced}", times.pay, before.pay),
            ]
        message = "an empty message to the worker and back"
        write = "a bare strict write and a flushed copy"
        worker = times.worker
        return [
            p95("scan to line on the screen", times.scan, SCAN_AIM_MS,
                floor=message, bare=times.empty, worker=worker["scan"]),
            p95("search, key to answers", times.search, SEARCH_AIM_MS,
                floor=message, bare=times.empty, worker=worker["search"]),
            p95("payment to receipt, durable", times.pay, PAY_AIM_MS,
                floor=write, bare=times.write, worker=worker["pay"]),
        ]  # fmt: skip

    async def memory(self, when: str) -> list[Figure]:
        found = await memory(self.browser)
        both = found["page"] + found["worker"]
        return [
            aimed(f"memory of page and worker{when}", (both,), "MiB", MEMORY_AIM_MIB),
            Figure(f"memory of the worker alone{when}", (found["worker"],), "MiB"),
            Figure(f"memory of the whole renderer process{when}", (found["renderer"],), "MiB"),
        ]

    async def backlog(self) -> None:
        """Sales without a network, as fast as the engine writes them."""
        codes = [goods.barcode for goods in self.random.sample(self.goods, 200)]
        await self.browser.page.evaluate("(given) => bench.sell(...given)", [codes, self.size.backlog])
        await self.browser.page.reload()
        await self.sign_in()

    async def sign_in(self) -> None:
        await self.browser.bench("visible('.person')")
        await self.browser.engine("signIn", {"code": CODE, "pin": PIN})
        await self.browser.bench("visible('[data-testid=cart-total]')")

    async def start_with_backlog(self) -> list[Figure]:
        to_sign_in, to_sell = await self.start()
        name = f"cold start to selling, {self.size.backlog:,} unsynced sales"
        return [aimed(name, (to_sign_in + to_sell,), "s", START_AIM_S)]

    async def drain(self) -> float:
        """Entries in a second, from the first acknowledgement to the last."""
        browser = self.browser
        await browser.engine("syncNow")
        with slowed(browser, self.rate):
            drained = await browser.bench("drained()", timeout_s=KNOWN_TIMEOUT_S)
        rate: float = drained["entries"] / max(drained["ms"] / 1000, SHORTEST_S)
        return rate

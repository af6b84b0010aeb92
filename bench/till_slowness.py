"""How slow a slowed browser is: work of a fixed size in its page and its worker, at full speed and slowed."""

from __future__ import annotations

from statistics import median

from .harness import Figure
from .till_browser import Browser, slowed
from .till_figures import SLOWER, slower

#: Work of a fixed size, which no optimiser leaves out: milliseconds.
LOOP = """() => {
  const from = performance.now();
  let x = 1;
  for (let i = 0; i < 40_000_000; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return performance.now() - from + (x === 0 ? 1 : 0);
}"""
#: Looks of ROUNDS each before the one that counts; the first are off by what signals cost here.
LOOKS = 4
ROUNDS = 5

Times = dict[str, list[float]]


async def slowness(browser: Browser) -> tuple[float, list[Figure]]:
    """What `slowed` is to be given so that work takes SLOWER times as long, and the proof that it does."""
    rate = SLOWER
    for _ in range(LOOKS):
        plain, slow = await _looked(browser, rate)
        found = median(median(slow[name]) / median(plain[name]) for name in plain)
        # Not the whole way: one look in four is off by a tenth, and the next one would swing back.
        rate *= (SLOWER / found) ** 0.7
    plain, slow = await _looked(browser, rate)
    return rate, [slower(f"the same work in the {name}", slow[name], plain[name]) for name in plain]


async def _looked(browser: Browser, rate: float) -> tuple[Times, Times]:
    """Milliseconds in page and worker, at full speed and slowed."""
    plain: Times = {"page": [], "worker": []}
    slow: Times = {"page": [], "worker": []}
    for _ in range(ROUNDS):
        await _loops(browser, plain)
        with slowed(browser, rate):
            await _loops(browser, slow)
    return plain, slow


async def _loops(browser: Browser, into: Times) -> None:
    into["page"].append(await browser.page.evaluate(LOOP))
    into["worker"].append(await browser.worker.evaluate(LOOP))

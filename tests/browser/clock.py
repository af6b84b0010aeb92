"""The clock of the device, moved in the page and in its worker: forward through a night, or plainly wrong."""

from __future__ import annotations

from contextlib import suppress

from playwright.async_api import BrowserContext, Error, Page, Worker

_MOVE = """
([offset, stands]) => {
  const Real = globalThis.__RealDate ??= Date;
  const began = Real.now();
  const now = () => (stands ? began : Real.now()) + offset;
  globalThis.Date = class extends Real {
    constructor(...args) { args.length === 0 ? super(now()) : super(...args); }
    static now() { return now(); }
  };
}
"""


async def move_clock(page: Page, offset_ms: int, *, stands: bool = False) -> None:
    """
    From now on the page and its workers believe that it is `offset_ms` later (or earlier) than it is. A
    clock that `stands` goes no further: what a till makes somebody wait for is not over before its time,
    however slow the machine.
    """
    await page.evaluate(_MOVE, [offset_ms, stands])
    for worker in page.workers:
        await worker.evaluate(_MOVE, [offset_ms, stands])


def wrong_from_the_start(context: BrowserContext, offset_ms: int) -> None:
    """Every worker of the context's pages has its clock moved as soon as it exists."""

    async def move(worker: Worker) -> None:
        # Gone already, as a worker is when its page is reloaded at once.
        with suppress(Error):
            await worker.evaluate(_MOVE, [offset_ms, False])

    context.on("page", lambda page: page.on("worker", move))
    for page in context.pages:
        page.on("worker", move)

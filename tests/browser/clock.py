"""The clock of the device, moved in the page and in its worker: forward through a night, or plainly wrong."""

from __future__ import annotations

from contextlib import suppress

from playwright.async_api import BrowserContext, Error, Page, Worker

_MOVE = """
offset => {
  const Real = globalThis.__RealDate ??= Date;
  globalThis.Date = class extends Real {
    constructor(...args) { args.length === 0 ? super(Real.now() + offset) : super(...args); }
    static now() { return Real.now() + offset; }
  };
}
"""


async def move_clock(page: Page, offset_ms: int) -> None:
    """From now on the page and its workers believe that it is `offset_ms` later (or earlier) than it is."""
    await page.evaluate(_MOVE, offset_ms)
    for worker in page.workers:
        await worker.evaluate(_MOVE, offset_ms)


def wrong_from_the_start(context: BrowserContext, offset_ms: int) -> None:
    """Every worker of the context's pages has its clock moved as soon as it exists."""

    async def move(worker: Worker) -> None:
        # Gone already, as a worker is when its page is reloaded at once.
        with suppress(Error):
            await worker.evaluate(_MOVE, offset_ms)

    context.on("page", lambda page: page.on("worker", move))
    for page in context.pages:
        page.on("worker", move)

"""A receipt printer on a serial port, as far as the page can tell: it keeps the bytes of each paper."""

from __future__ import annotations

from playwright.async_api import Page

INITIALISE = b"\x1b@"
#: ESC/POS's pulse on the drawer's first pin.
DRAWER = b"\x1bp\x00"
RASTER = b"\x1dv0\x00"
FEED = b"\x1bd\x01"
CUT = b"\x1dVB\x00"

_PLUG_IN = """
() => {
  const papers = (window.papers = []);
  const port = {
    writable: null,
    async open() {
      const bytes = [];
      this.writable = new WritableStream({
        write: piece => void bytes.push(...piece),
        close: () => void papers.push(bytes),
      });
    },
    async close() { this.writable = null; },
  };
  Object.defineProperty(navigator, 'serial', {
    configurable: true,
    value: { getPorts: async () => [port], requestPort: async () => port },
  });
}
"""


async def plug_in(page: Page) -> None:
    """Until the page is loaded again."""
    await page.evaluate(_PLUG_IN)


async def papers(page: Page, count: int) -> list[bytes]:
    """What was sent for each paper, as soon as there are `count` of them."""
    await page.wait_for_function("count => window.papers.length >= count", arg=count)
    return [bytes(paper) for paper in await page.evaluate("() => window.papers")]


def dots(paper: bytes) -> tuple[int, int]:
    """
    Width of a paper's picture in dots, and how many of them are black. Fails on bytes that are no picture
    followed by a cut.
    """
    assert paper.startswith(INITIALISE)
    at = paper.index(RASTER)
    width = black = 0
    while paper.startswith(RASTER, at):
        row = int.from_bytes(paper[at + 4 : at + 6], "little")
        size = row * int.from_bytes(paper[at + 6 : at + 8], "little")
        picture = paper[at + 8 : at + 8 + size]
        assert len(picture) == size
        width, black, at = row * 8, black + sum(byte.bit_count() for byte in picture), at + 8 + size
    assert paper[at:] == FEED + CUT
    return width, black

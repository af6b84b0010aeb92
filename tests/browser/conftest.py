"""Browser tests: a real Chromium on a real cluster. One cluster serves them all, so they share a worker."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import octonext
from installation import Installation, make_installation

from .chromium import Chromium, chromium, executable
from .shop import Shop, open_shop

_running: list[Installation] = []
BUILT = Path(octonext.__file__).parent / "web" / "till" / "index.html"


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The cluster ends with the last browser test, not with the whole run: it would only slow the others."""
    here = Path(__file__).parent
    if here in item.path.parents and (nextitem is None or here not in nextitem.path.parents):
        while _running:
            _running.pop().stop()


@pytest.fixture(scope="session")
def shop(traversable_dir: Path) -> Iterator[Shop]:
    """The sample chain, running; every test makes itself a till of its own."""
    if executable() is None:
        pytest.skip("There is no Chromium: scripts/system-packages test installs it.")
    if not BUILT.is_file():
        pytest.skip("The till is not built: run `make web`.")
    folder = Path(tempfile.mkdtemp(prefix="browser-", dir=traversable_dir))
    folder.chmod(0o711)
    installation = make_installation(folder)
    try:
        installation.start()
        _running.append(installation)
        yield asyncio.run(open_shop(installation))
    finally:
        installation.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture
async def browser(shop: Shop, tmp_path: Path) -> AsyncIterator[Chromium]:
    """A browser with a profile of its own, whose pages complain of nothing that the test did not expect."""
    async with chromium(tmp_path / "profile", shop.trusted) as browser:
        yield browser
    assert browser.complaints == []

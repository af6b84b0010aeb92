"""Till and shard hold the same: the same end of the chain, every entry once, every receipt to the fils."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.async_api import Page

from installation import ask_shard

from .inside import ask, head, seq_of
from .shop import SHARD, Shop
from .till import until

#: More receipts than any test makes.
RECEIPTS_MAX = 10_000


async def arrived(shop: Shop, page: Page, device: int, timeout_s: float = 60) -> None:
    """Wait until the shard's journal of the till ends where the till's own does, by seq and hash."""

    async def level() -> bool:
        return await shop.head(device) == await head(page)

    await until(level, timeout_s)


async def booked_once(shop: Shop, device: int) -> int:
    """Fail unless the shard holds every entry from the first to its head, each once; how many."""
    rows = await ask_shard(
        shop.installation, SHARD,
        "SELECT seq FROM device_journal WHERE device_id = $1 ORDER BY seq", device,
    )  # fmt: skip
    seqs = [row["seq"] for row in rows]
    assert seqs == list(range(1, (await shop.head(device))[0] + 1))
    return len(seqs)


async def agree(
    shop: Shop, page: Page, device: int, shown: Iterable[str], *, listed_after: int = 0
) -> list[tuple[int, str, int]]:
    """
    Wait until everything is handed over, then compare. Somebody is signed in; `shown` are the receipt
    numbers that stood on the screen. A till that was restored lists only its receipts `listed_after` the
    seq where that happened. The sales that till and shard agree on: seq, kind, total.
    """
    await arrived(shop, page, device)
    await booked_once(shop, device)
    sales = await shop.sales(device)
    receipts = await ask(page, "receipts", RECEIPTS_MAX)
    own = [(each["reference"]["seq"], each["kind"], each["total"]) for each in reversed(receipts)]
    assert [each for each in own if each[0] > listed_after] == [
        each for each in sales if each[0] > listed_after
    ]
    assert set(own) <= set(sales)
    assert {seq_of(number) for number in shown} <= {seq for seq, _, _ in sales}
    return sales

"""What a till keeps to itself: PINs are guarded, a wrong clock is told of, and the disk says nothing."""

from __future__ import annotations

import asyncio
import base64
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from playwright.async_api import Error, expect

from installation import ask_shard
from live_files import contents_below
from octonext.processes.keys.opening import open_keyring
from octonext.processes.keys.shares import device_shares

from .agreement import agree, arrived
from .chromium import Chromium
from .clock import move_clock
from .cut_line import CutLine
from .inside import ask, watch
from .shop import BRANCH, SHARD, Person, Shop
from .till import Till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("browser")]

WRONG_PINS_MAX = 10
#: Longer than any wait between two wrong PINs.
HOUR_MS = 3_600_000
#: The shard's own limit is reached before.
TRIES_MAX = 12


async def hire(shop: Shop) -> Person:
    """Somebody new, with the longest PIN there is: it does not stand on a disk by chance."""
    pin = "".join(secrets.choice("0123456789") for _ in range(8))
    code = f"8{secrets.randbelow(10**6):06d}"
    person = Person(code, pin, f"Zubaida {code}", f"زبيدة {code}")
    await shop.post("/cashiers", {
        "region_id": shop.seeded.regions["KW"], "code": code, "name_en": person.name_en,
        "name_ar": person.name_ar, "role": "manager", "branch_ids": [shop.seeded.branches[BRANCH]],
        "pin": pin,
    })  # fmt: skip
    return person


async def refusal(till: Till, method: str, *args: object) -> str:
    """Why the engine refuses."""
    with pytest.raises(Error, match="refused: ") as raised:
        await ask(till.page, method, *args)
    return str(raised.value).partition("refused: ")[2].split()[0]


async def test_ten_wrong_pins_lock_a_person_out_of_the_till_until_they_sign_in_online(
    shop: Shop, browser: Chromium
) -> None:
    device, code = await shop.new_till()
    person = await hire(shop)
    watch(browser)
    async with CutLine(shop.url) as line:
        line.carry(browser)
        till = Till(await browser.open(shop.page))
        await till.begin(code, person)
        await till.sell(shop.seeded.products[0].barcodes[0])
        await arrived(shop, till.page, device)
        line.go_down()
        await till.page.keyboard.press("Control+L")
        pin = till.page.get_by_role("textbox", name=till.words.pattern("sign_in.pin_of"))
        await pin.fill("000000")
        await till.press_button("sign_in.submit")
        left = f"{WRONG_PINS_MAX - 1} attempts left"
        await expect(till.page.locator(".notice--error")).to_contain_text(left)
        wrong = {"code": person.code, "pin": "000000"}
        await move_clock(till.page, 0, stands=True)
        for tried in range(2, WRONG_PINS_MAX + 1):
            if tried > 3:
                # From the third on it has to be waited for.
                assert await refusal(till, "signIn", wrong) == "locked_out"
                await move_clock(till.page, tried * HOUR_MS, stands=True)
            if tried == 5:
                # Pulling the plug takes nothing back.
                await till.page.reload()
                await expect(pin).to_be_visible()
                assert await refusal(till, "signIn", wrong) == "locked_out"
                await move_clock(till.page, tried * HOUR_MS, stands=True)
            last = tried == WRONG_PINS_MAX
            expected = "online_sign_in_needed" if last else "wrong_pin"
            assert await refusal(till, "signIn", wrong) == expected
        right = {"code": person.code, "pin": person.pin}
        assert await refusal(till, "signIn", right) == "online_sign_in_needed"
        await move_clock(till.page, 0)
        line.mend()
        await expect(till.badge).to_contain_text(till.words("badge.online"), timeout=60_000)
        await ask(till.page, "signIn", right)
        await till.signed_in()
        line.go_down()
        await till.page.keyboard.press("Control+L")
        await pin.fill(person.pin)
        await till.press_button("sign_in.submit")
        await till.signed_in()
        line.mend()
        await agree(shop, till.page, device, [])


async def test_the_shard_stops_answering_whoever_guesses_a_pin(shop: Shop, browser: Chromium) -> None:
    _, code = await shop.new_till()
    person = await hire(shop)
    watch(browser)
    till = Till(await browser.open(shop.page))
    await till.enrol(code)
    await expect(till.badge).to_contain_text(till.words("badge.online"))
    reasons: list[str] = []
    while (reasons[-1:] != ["locked_out"]) and len(reasons) < TRIES_MAX:
        reasons.append(await refusal(till, "signIn", {"code": person.code, "pin": "111111"}))
    assert reasons[0] == "wrong_pin"
    assert reasons[-1] == "locked_out"
    # Not even with the right one, and the page says how long.
    await till.sign_in(person)
    until = till.words.pattern("refusal.locked_out.until")
    await expect(till.page.locator(".notice--error")).to_contain_text(until)


async def test_a_till_whose_clock_is_hours_off_sells_and_says_so(shop: Shop, browser: Chromium) -> None:
    device, code = await shop.new_till()
    watch(browser)
    ahead = timedelta(hours=5)
    async with CutLine(shop.url) as line:
        line.carry(browser)
        till = Till(await browser.open(shop.page))
        await till.begin(code, shop.manager)
        line.go_down()
        await move_clock(till.page, ahead // timedelta(milliseconds=1))
        # Nobody has touched it for hours, by its clock: it locks itself, in a moment if not now.
        await ask(till.page, "lock")
        await till.sign_in(shop.manager)
        await till.signed_in()
        before = datetime.now(UTC)
        shown = [await till.sell(shop.seeded.products[0].barcodes[0])]
        # Each welcome tells the server's time.
        line.mend()
        shown.append(await till.sell(shop.seeded.products[0].barcodes[0]))
        await ask(till.page, "syncNow")
        await agree(shop, till.page, device, shown)
        booked = await ask_shard(
            shop.installation, SHARD, "SELECT till_at, occurred_at FROM sale WHERE device_id = $1", device
        )
        now = datetime.now(UTC)
        for sale in booked:
            assert (
                before + ahead <= sale["till_at"] + timedelta(seconds=1) <= now + ahead + timedelta(seconds=2)
            )
            # The shard does not believe that it was tonight.
            assert sale["occurred_at"] <= now + timedelta(minutes=1)
        await till.page.keyboard.press("Control+I")
        panel = till.page.get_by_test_id("status-panel")
        await expect(panel).to_contain_text(till.words.pattern("status.clock_ahead"))


#: Everything that a page can read back of this origin, as text: strings as they are, bytes as Latin-1.
_READ_ALL = """
async () => {
  const out = [];
  const text = bytes => {
    const view = new Uint8Array(bytes);
    let made = "";
    for (let at = 0; at < view.length; at += 32768)
      made += String.fromCharCode(...view.subarray(at, at + 32768));
    return made;
  };
  const walk = value => {
    if (typeof value === "string") out.push(value);
    else if (typeof value === "number" || typeof value === "bigint") out.push(`#${value}#`);
    else if (value instanceof ArrayBuffer) out.push(text(value));
    else if (ArrayBuffer.isView(value))
      out.push(text(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength)));
    else if (value instanceof CryptoKey)
      out.push(value.extractable && value.type !== "public" ? "EXTRACTABLE KEY" : "key");
    else if (value instanceof Map || value instanceof Set || Array.isArray(value)) [...value].forEach(walk);
    else if (value !== null && typeof value === "object")
      for (const [name, each] of Object.entries(value)) { out.push(name); walk(each); }
  };
  let stores = 0, files = 0, caches_ = 0;
  for (const { name } of await indexedDB.databases()) {
    const opening = indexedDB.open(name);
    const database = await new Promise((resolve, reject) => {
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    for (const each of database.objectStoreNames) {
      stores++;
      const store = database.transaction(each).objectStore(each);
      const had = asked => new Promise((resolve, reject) => {
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
      walk(await had(store.getAllKeys()));
      walk(await had(store.getAll()));
    }
    database.close();
  }
  const folder = async handle => {
    for await (const [name, each] of handle.entries()) {
      out.push(name);
      if (each.kind === "directory") await folder(each);
      else { files++; walk(await (await each.getFile()).arrayBuffer()); }
    }
  };
  await folder(await navigator.storage.getDirectory());
  for (const storage of [localStorage, sessionStorage])
    for (let at = 0; at < storage.length; at++) {
      out.push(storage.key(at), storage.getItem(storage.key(at)));
    }
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys()) {
      caches_++;
      walk(await (await (await caches.match(request)).arrayBuffer()));
    }
  return { stores, files, caches: caches_, text: out.join("\\n") };
}
"""


async def keys_of(shop: Shop, device: int) -> dict[str, bytes]:
    """The till's share and its till key, derived as the server and the till do."""
    layout = shop.installation.layout
    row = (await ask_shard(
        shop.installation, SHARD,
        "SELECT payload->>'share_key' AS share_key, (payload->>'share_generation')::int AS share_generation"
        "  FROM reference WHERE kind = 'device' AND (payload->>'device_id')::int = $1", device,
    ))[0]  # fmt: skip
    shares = device_shares(layout, open_keyring(layout))
    share = await shares.share(device=device, key=row["share_key"], generation=row["share_generation"])
    info = b"octonext.sync.v1|till|%d" % device
    return {"share": share, "till key": HKDF(SHA256(), 32, b"\0" * 32, info).derive(share)}


def spellings(what: str, secret: str | bytes) -> dict[str, bytes]:
    """The ways in which something may stand on a disk."""
    if isinstance(secret, bytes):
        text = base64.b64encode(secret)
        return {
            what: secret,
            f"{what} in hex": secret.hex().encode(),
            f"{what} in base64": text.rstrip(b"="),
            f"{what} in base64url": text.rstrip(b"=").translate(bytes.maketrans(b"+/", b"-_")),
        }
    return {what: secret.encode(), f"{what} in UTF-16": secret.encode("utf-16-le")}


def found_in(haystack: bytes, needles: dict[str, bytes]) -> list[str]:
    return [name for name, needle in needles.items() if needle in haystack]


async def test_nothing_on_the_disk_tells_of_goods_prices_customers_pins_or_keys(
    shop: Shop, browser: Chromium, tmp_path: Path
) -> None:
    device, code = await shop.new_till()
    person = await hire(shop)
    watch(browser)
    till = Till(await browser.open(shop.page))
    await till.begin(code, person)
    product = shop.seeded.products[0]
    customer, phone, price = "Fawziya Al-Mutairi", "+965 5123 9876", 98_765_430
    async with asyncio.timeout(60):
        while not (found := await ask(till.page, "search", product.name_en, 5)):
            await asyncio.sleep(0.05)
    await till.scan_new(product.barcodes[0])
    saved = await ask(till.page, "saveCustomer", {
        "id": None, "name": customer, "phone": phone, "email": None, "vatNumber": None, "note": None,
    })  # fmt: skip
    cart = await ask(till.page, "setCustomer", saved["id"])
    line = cart["lines"][0]["key"]
    await ask(till.page, "overridePrice", {"lineKey": line, "price": price, "reason": "Handmade to order"})
    # One cart is held, one sold, one left standing: each lies somewhere else.
    await ask(till.page, "hold", "Umm Khaled waits")
    await ask(till.page, "recall", (await ask(till.page, "heldCarts"))[0]["id"])
    await ask(till.page, "pay", {"tenders": [{"tender": "cash", "amount": None, "reference": None}]})
    await ask(till.page, "addProduct", {"productId": found[0]["id"]})
    await ask(till.page, "hold", "Umm Khaled waits")
    await agree(shop, till.page, device, [])

    needles: dict[str, bytes] = {}
    secrets: dict[str, str | bytes] = {
        "product in English": product.name_en, "product in Arabic": product.name_ar,
        "barcode": product.barcodes[0], "customer": customer, "phone": phone,
        "price": str(price), "price as shown": "98765.430",
        "PIN": person.pin, "cart's name": "Umm Khaled waits", "reason": "Handmade to order",
        **await keys_of(shop, device),
    }  # fmt: skip
    for what, secret in secrets.items():
        needles |= spellings(what, secret)
    read: dict[str, Any] = await till.page.evaluate(_READ_ALL)
    assert read["stores"] > 5
    assert read["files"] >= 1
    assert read["caches"] >= 5
    text = read["text"]
    assert "EXTRACTABLE KEY" not in text
    # Strings with their characters, bytes as Latin-1: each spelling is looked for in both.
    assert found_in(text.encode() + text.encode("latin-1", "replace"), needles) == []

    await browser.close()
    told = {
        str(path.relative_to(browser.profile)): found_in(content, needles)
        for path, content in contents_below(browser.profile)
    }
    assert len([path for path in told if "IndexedDB" in path]) > 1
    assert {path: found for path, found in told.items() if found} == {}


def test_the_search_finds_what_is_there() -> None:
    """The dump's own check can fail."""
    needles = spellings("share", bytes(range(32))) | spellings("name", "Laban")
    for name, needle in needles.items():
        assert name in found_in(b"before" + needle + b"after", needles)
    assert found_in(b"nothing of it", needles) == []

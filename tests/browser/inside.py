"""What a page does not show: the engine's own answers, the rows of IndexedDB, the files of the profile."""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page

from .chromium import Chromium

log = logging.getLogger(__name__)

#: Keeps hold of the page's worker, and tells of every receipt number the moment it stands on the screen.
_WATCH = """
(() => {
  const Real = window.Worker;
  let next = 1e9;
  window.Worker = class extends Real {
    constructor(...args) { super(...args); window.__worker = this; }
  };
  window.__ask = (method, args) => new Promise((resolve, reject) => {
    const worker = window.__worker;
    const id = next++;
    const heard = ({ data }) => {
      if (data.id !== id) return;
      worker.removeEventListener("message", heard);
      if (data.type === "result") resolve(data.value);
      else reject(new Error(`refused: ${data.code} ${JSON.stringify(data.params)}`));
    };
    worker.addEventListener("message", heard);
    worker.postMessage({ type: "call", id, method, args });
  });
  let last = "";
  const look = () => {
    const text = document.querySelector("[data-testid=receipt-number]")?.textContent ?? "";
    if (text !== "" && text !== last) window.__shown?.(text);
    last = text;
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
})();
"""

#: Every row of every store, bytes as hex; keys that cannot be had are named so.
_DUMP = """
async () => {
  if (!(await indexedDB.databases()).some(({ name }) => name === "octonext-till")) return null;
  const opening = indexedDB.open("octonext-till");
  const database = await new Promise((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const plain = (value) => {
    if (value instanceof Uint8Array)
      return Array.from(value.subarray(0, 4096), (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (value instanceof CryptoKey) return `key ${value.algorithm.name} ${value.extractable}`;
    if (Array.isArray(value)) return value.map(plain);
    if (value !== null && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
    return value;
  };
  const found = {};
  for (const name of database.objectStoreNames) {
    const store = database.transaction(name).objectStore(name);
    const all = (asked) => new Promise((resolve, reject) => {
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
    const [keys, rows] = [await all(store.getAllKeys()), await all(store.getAll())];
    found[name] = rows.map((row, at) => [plain(keys[at]), plain(row)]);
  }
  database.close();
  return found;
}
"""


_SELL_FAST = """
async ([codes, count]) => {
  const numbers = [];
  for (let at = 0; at < count; at++) {
    await window.__ask("scan", [codes[at % codes.length]]);
    const { number } = await window.__ask("pay", [
      { tenders: [{ tender: "cash", amount: null, reference: null }] },
    ]);
    numbers.push(number);
    window.__made?.push(number);
  }
  return numbers;
}
"""


def watch(browser: Chromium) -> list[str]:
    """From the next start on `ask` works, and the receipt numbers that were shown come into the list."""
    shown: list[str] = []

    def show(number: str) -> None:
        shown.append(number)

    async def prepare(context: BrowserContext) -> None:
        await context.expose_function("__shown", show)
        await context.add_init_script(_WATCH)

    browser.prepare = prepare
    return shown


async def ask(page: Page, method: str, *args: object) -> Any:
    """The engine's answer to one of its methods. Raises playwright's Error with the refusal's code."""
    return await page.evaluate("([method, args]) => window.__ask(method, args)", [method, list(args)])


async def looks_at_its_disk(page: Page) -> None:
    """Have the till do now what it does every ten seconds."""
    await ask(page, "requestPersistence")


async def sell_fast(page: Page, codes: Sequence[str], count: int) -> list[str]:
    """Make so many sales of one line, in cash, as fast as the engine writes them; the receipt numbers."""
    numbers: list[str] = await page.evaluate(_SELL_FAST, [list(codes), count])
    return numbers


async def rescue_file(page: Page) -> tuple[bytes, int, list[str]]:
    """What the till would save: the file, how many entries it holds, and the texts of its QR codes."""
    found = await page.evaluate(
        "async () => { const made = await window.__ask('exportRescue', []);"
        " return { bytes: Array.from(made.bytes), entries: made.entries, parts: made.parts }; }"
    )
    return bytes(found["bytes"]), found["entries"], found["parts"]


async def upload_rescue(page: Page, file: bytes) -> dict[str, int]:
    """Hand another till's file over through this one, as its page does."""
    answer: dict[str, int] = await page.evaluate(
        "(bytes) => window.__ask('uploadRescue', [Uint8Array.from(bytes)])", list(file)
    )
    return answer


async def dump(page: Page) -> dict[str, list[tuple[Any, Any]]] | None:
    """Every row of the till's IndexedDB by store, with its key; None while there is no database."""
    found: dict[str, list[tuple[Any, Any]]] | None = await page.evaluate(_DUMP)
    return found


async def head(page: Page) -> tuple[int, str]:
    """Where the journal in IndexedDB ends: seq and hash in hex."""
    rows = await dump(page)
    assert rows is not None
    place = {json.dumps(key): row for key, row in rows["places"]}['"head"']
    return place["seq"], place["hash"] if place["seq"] else ""


def random_numbers() -> random.Random:
    """Others at each run, unless OCTONEXT_BROWSER_SEED names those of a run that failed, which told it."""
    seed = int(os.environ.get("OCTONEXT_BROWSER_SEED", random.randrange(2**32)))
    log.warning("OCTONEXT_BROWSER_SEED=%d", seed)
    return random.Random(seed)


def seq_of(number: str) -> int:
    """The journal's place of a receipt, by its number as printed."""
    return int(number.rpartition("-")[2])


def files_of(profile: Path, part: str) -> list[Path]:
    """The profile's folders whose name is `part`, wherever this version of Chromium keeps them."""
    return [path for path in profile.rglob(part) if path.is_dir()]

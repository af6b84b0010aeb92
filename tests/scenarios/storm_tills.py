"""A process of its own with many idle tills: `python storm_tills.py DIRECTORY URL ROOT_CERTIFICATE`.

Says after every change how many are connected and how many have stopped for good, as one line of JSON;
ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from octonext.till.fleet import Fleet

_EVERY_S = 0.1


async def run(directory: Path, url: str, root: Path) -> None:
    asked_to_end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with Fleet.running(directory, urls=[url], ca=root) as fleet:
        said = None
        while not asked_to_end.done():
            counters = fleet.counters()
            now = {"online": counters.online, "stopped": counters.stopped}
            if now != said:
                print(json.dumps(now), flush=True)  # noqa: T201 -- how it speaks
                said = now
            await asyncio.wait({asked_to_end}, timeout=_EVERY_S)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))

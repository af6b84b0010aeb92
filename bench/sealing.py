"""The sealer of one database in a process of its own, as the sealer's process would run it.

python -m bench.sealing DATA SHARD
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from octonext.base.clock import SystemClock
from octonext.processes.keys import open_keyring
from octonext.processes.sealer.keys import sealing_key
from octonext.processes.sealer.work import DatabaseSealer, Rounds
from octonext.runtime.layout import OWNER_ROLE, Layout


async def main() -> None:
    """Seal until SIGTERM."""
    layout, shard = Layout(Path(sys.argv[1])), sys.argv[2]
    audit = layout.settings.audit
    sealer = DatabaseSealer(
        name=shard,
        kind="shard",
        dsn=lambda: layout.dsn("shard", shard, role=OWNER_ROLE),
        key=sealing_key(layout, open_keyring(layout), shard),
        clock=SystemClock(),
        seal_every_s=audit.seal_every_s,
        canary_every_s=audit.canary_every_s,
        rounds=Rounds(),
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await sealer.run(stop)


if __name__ == "__main__":
    uvloop.run(main())

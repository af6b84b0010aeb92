"""kill -9 at any moment: every receipt that was shown is in the journal, and the chain is whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from octonext.crypto.chain import GENESIS, link
from octonext.crypto.envelope import open_entry
from octonext.till.service import Till
from octonext.till.store import Journal

CHILD = """
import sys
from pathlib import Path
from octonext.till.domain.cart import Item
from octonext.till.service import Till
from octonext.till.store import Journal
till = Till(Journal.open(Path(sys.argv[1])))
till.unlock("4711")
print("ready", flush=True)
while True:
    receipt = till.sell([Item("6291003100018")], [])
    print(receipt.number, till.journal.place.hash.hex(), flush=True)
    own_hash, _ = till.journal.mark(till.journal.place.seq)
    till.journal.mark_acked(till.journal.place.seq, own_hash, 1, [])
"""


@pytest.mark.parametrize("seed", range(4))
def test_every_receipt_that_was_shown_survives_a_kill(open_till: Till, tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "till"
    open_till.journal.close()
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        random = Random(seed)
        shown = [child.stdout.readline() for _ in range(random.randint(1, 20))]
        time.sleep(random.random() * 0.01)  # a random point between two receipts, not a wait
        child.send_signal(signal.SIGKILL)
        shown += [line for line in child.stdout if line.endswith("\n")]
    journal = Journal.open(folder)
    hashes = {entry.seq: entry.hash for entry in journal.entries(1, journal.place.seq)}
    for line in shown:
        number, shown_hash = line.split()
        assert hashes[int(number.rsplit("-", 1)[1])].hex() == shown_hash
    assert list(hashes) == list(range(1, journal.place.seq + 1))
    assert journal.acked.seq <= journal.place.seq
    _check_chain(journal)
    journal.close()


def _check_chain(journal: Journal) -> None:
    till = Till(journal)
    till.unlock("4711")
    assert till._pen is not None
    prev = GENESIS
    for sealed in journal.entries(1, journal.place.seq):
        plaintext = open_entry(
            till._pen.key, device=7, shift=sealed.key_id, seq=sealed.seq, sealed=sealed.ciphertext
        )
        prev = link(prev, plaintext)
        assert prev == sealed.hash

"""How long a customer's sale takes until it is acked, over the bare call of the function that books it."""

from __future__ import annotations

from collections.abc import Sequence

from .chain import running
from .harness import Figure, Options, Result, percentile
from .path import SHARD, Passage, Tills, book, push

NAME = "checkout"
TITLE = "Checkout: one sale at a time until its ack"

SHARES = (0.5, 0.95, 0.99)
TILLS = (1, 64)
#: Sales of one round, over all tills.
SALES = 1_280
SALES_QUICK = 512
ROUNDS = 5
ROUNDS_QUICK = 2


def run(options: Options) -> Result:
    """Every till sells again as soon as its last sale is acked: 64 of them are a queue, not a shop."""
    sales, rounds = (SALES_QUICK, ROUNDS_QUICK) if options.quick else (SALES, ROUNDS)
    result = Result()
    with running(options.work_dir, say=options.say, shards=(SHARD,), relay=False) as chain:
        tills = Tills(chain, options.seed)
        for count in TILLS:
            each = sales // count if count > 1 else sales // 4
            floor: list[Passage] = []
            through: list[Passage] = []
            for number in range(rounds):
                options.say(f"{count} tills: round {number + 1} of {rounds}")
                # every till has its connection, on both sides
                backlogs = tills.write(count, each, 1, rows=True)
                floor.append(book(chain, backlogs, connections=count))
                through.append(push(chain, tills.write(count, each, 1, rows=False), gateways=1))
            result.figures += [_figure(count, share, through, floor) for share in SHARES]
    result.text.append(
        "Each till hands over its next sale as soon as the last one is acked, so with 64 tills the figures "
        "are those of a shard at its limit. The floor calls the function with one connection for each till "
        "and has no limit on how many transactions are under way; a gateway lets eight in at once."
    )
    return result


def _figure(tills: int, share: float, through: Sequence[Passage], floor: Sequence[Passage]) -> Figure:
    return Figure(
        name=f"until ack, {tills} till{'s' if tills > 1 else ''}, p{share * 100:g}",
        samples=tuple(percentile(each.latencies_s, share) * 1e3 for each in through),
        unit="ms",
        floor_name="the function called over a connection of its own",
        floor_samples=tuple(percentile(each.latencies_s, share) * 1e3 for each in floor),
    )

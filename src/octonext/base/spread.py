"""Spreading an amount over lines without losing a unit, and what is handed over in cash for it."""

from __future__ import annotations

from collections.abc import Sequence

from octonext.base.money import divide_half_up

#: A shard takes no more than half of this as the rounding of one receipt; a larger step does not round.
CASH_STEP_MAX = 200


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Shares of `amount` in proportion to `weights`, by the method of largest remainders.

    All are integers and not negative. The shares add up to exactly `amount`, and none is above its weight
    while `amount` is at most their sum. Units left over go to the largest remainders, among equals to the
    first. Weights that are all zero get nothing.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [amount * weight // whole for weight in weights]
    rests = [amount * weight % whole for weight in weights]
    largest = sorted(range(len(weights)), key=lambda place: -rests[place])
    for place in largest[: amount - sum(shares)]:
        shares[place] += 1
    return shares


def cash_due(due: int, step: int | None) -> int:
    """What is handed over in cash for `due` (not negative): the nearest multiple of `step`, half up.

    None does not round, and neither does a step that no coin has. An amount that would round to nothing
    stays as it is: a receipt whose rounding no cash payment carries cannot be booked.
    """
    if step is None or not 1 < step <= CASH_STEP_MAX:
        return due
    return divide_half_up(due, step) * step or due

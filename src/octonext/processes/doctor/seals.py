"""Whether the sealer seals: its own answer, and the newest head as it lies in the database."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from octonext.audit.sealing.domain.head import SignedHead, signed_by
from octonext.audit.sealing.store import newest_head
from octonext.processes.sealer.keys import public_key_file, read_public_key
from octonext.processes.sealer.process import SealStatus
from octonext.processes.supervisor.health import NoAnswer, get_from_socket
from octonext.runtime.layout import Layout
from octonext.runtime.postgres import connect

from .finding import Finding, Outcome

CHECK = "sealing"
LAG_MAX_S = 60.0
CANARIES_MISSED_MAX = 3
FAILURES_MAX = 3
"""In a row; a restart of a database may take as many."""
OLD = "See logs/sealer.log; then: octonext audit verify"
FORGED = "Somebody wrote it who has not the key: octonext audit verify"


class _Answer(msgspec.Struct):
    seals: list[SealStatus]


async def sealer_answer(layout: Layout) -> dict[str, SealStatus] | None:
    """What the sealer says of each database, None when it says nothing."""
    try:
        status, body = await get_from_socket(layout.socket("sealer"), "/status")
        if status != 200:
            return None
        return {each.database: each for each in msgspec.json.decode(body, type=_Answer).seals}
    except (NoAnswer, msgspec.DecodeError):
        return None


async def look_at_seals(
    layout: Layout, name: str, dsn: str, told: SealStatus | None, *, running: bool
) -> Finding:
    """One database's seals. Raises what a connection raises, NoSealingKey, BadHead as ValueError."""
    if not running:
        return _finding(name, "unknown", "Nothing runs, so nothing is sealed.", "Ask again while it runs.")
    connection = await connect(dsn, application_name="octonext-doctor")
    try:
        found = await newest_head(connection)
    finally:
        connection.terminate()
    if told is None:
        return _finding(name, "wrong", "The sealer does not answer for it.", "See logs/sealer.log.")
    if found is not None:
        signed, _ = found
        if not signed_by(signed, read_public_key(public_key_file(layout, name))):
            return _finding(
                name, "wrong", f"Head {signed.number} is not signed by the database's key.", FORGED
            )
    return judge_seals(
        name, told, found[0] if found else None, canary_every_s=layout.settings.audit.canary_every_s
    )


def judge_seals(name: str, told: SealStatus, stored: SignedHead | None, *, canary_every_s: float) -> Finding:
    """What the sealer's answer and the newest stored head, whose signature fits, mean together."""
    problems = _problems(told, stored, canary_every_s)
    if problems:
        return _finding(name, "wrong", " ".join(problems), OLD)
    assert stored is not None
    assert told.lag_seconds is not None
    assert told.canary_age_seconds is not None
    age = max(0.0, (datetime.now(UTC) - stored.head.sealed_at).total_seconds())
    copies = ", ".join(f"{each.target} {each.behind} behind" for each in told.copies)
    return _finding(
        name,
        "well",
        f"Head {stored.number}, signed {age:.0f} s ago; all was sealed {told.lag_seconds:.1f} s ago; canary "
        f"{told.canary} recorded, {told.canary_age_seconds:.0f} s ago; copies: {copies or 'none'}.",
    )


def _problems(told: SealStatus, stored: SignedHead | None, canary_every_s: float) -> list[str]:
    found = []
    if told.refused:
        found.append(f"Sealing stopped: {told.refused}.")
    elif told.failures > FAILURES_MAX:
        found.append(f"Sealing fails, {told.failures} times in a row: {told.last_error}.")
    if stored is None:
        found.append("No head was signed yet.")
    elif told.head is not None and stored.number < told.head:
        found.append(f"The database holds head {stored.number}, and {told.head} was signed.")
    if told.lag_seconds is None or told.lag_seconds > LAG_MAX_S:
        found.append(f"What is new is not sealed{_for(told.lag_seconds)}.")
    if told.canary_recorded is False:
        found.append(f"The trail does not show canary {told.canary}: it records nothing.")
    if told.canary_age_seconds is None or told.canary_age_seconds > CANARIES_MISSED_MAX * canary_every_s:
        found.append(f"No canary was written{_for(told.canary_age_seconds)}.")
    if told.clock_went_back:
        found.append("The clock was set back.")
    found += [
        f"Copies to {each.target} fail: {each.last_error}."
        for each in told.copies
        if each.failures > FAILURES_MAX
    ]
    return found


def _for(seconds: float | None) -> str:
    return " yet" if seconds is None else f" for {seconds:.0f} s"


def _finding(name: str, outcome: Outcome, said: str, remedy: str = "") -> Finding:
    return Finding(where=name, check=CHECK, outcome=outcome, said=said, remedy=remedy)

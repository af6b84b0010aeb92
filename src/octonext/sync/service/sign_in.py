"""A cashier signs in at a till with the shard's help, and the till gets its share back.

Checked against the shard's own copy of cashiers, so head office may be away. A PIN is short: what keeps it is
how often it may be wrong, counted on the shard for the code and for the till, so that it makes no difference
which gateway is asked, or whether it was started again. Nobody learns whether a code exists.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from octonext.base.clock import Clock
from octonext.base.errors import OctoNextError
from octonext.crypto.device_share import DeviceShares
from octonext.edge.errors import TooManyAttempts
from octonext.edge.limits import Attempts, Limit
from octonext.identity.slow_hashing import is_pin
from octonext.runtime.actor import Actor
from octonext.runtime.audit import record_event
from octonext.runtime.postgres import Connection
from octonext.shards.lane import ShardUnavailable

from ..messages import Nack, Refused, SignedIn, SignIn
from ..store import SignInCount, SignInLimits, begin_sign_in, end_sign_in, name_actor

if TYPE_CHECKING:
    from .shard import ShardSync, TillSession

log = structlog.get_logger(__name__)

#: Of a code: the fifth wrong PIN in a row costs a minute, each further one twice that, the twentieth a day.
#: A till may be wrong more often, since all its cashiers use it, but a right PIN does not clear its count.
LIMITS = SignInLimits(
    cashier_free=5,
    cashier_most=20,
    device_free=10,
    device_most=30,
    first=timedelta(minutes=1),
    longest=timedelta(hours=1),
    locked=timedelta(hours=24),
)
#: Right ones count here, too: each costs an Argon2id and an entry of the audit trail.
ASKED = Limit("till_sign_in", attempts=30, window_s=60)


class SignIns:
    """Answers `sign_in` for the tills of every shard of a gateway process."""

    def __init__(self, shares: DeviceShares, clock: Clock, limits: SignInLimits = LIMITS) -> None:
        self._shares = shares
        self._attempts = Attempts(clock)
        self._limits = limits

    async def answer(
        self, shard: ShardSync, session: TillSession, request: SignIn, actor: Actor
    ) -> SignedIn | Refused | Nack:
        """Say whether the PIN is the cashier's; a Nack ends the connection.

        `actor` is the till, for the audit trail of the shard.
        """
        try:
            self._attempts.begin(ASKED, f"{shard.shard_id} {session.device_id}")
        except TooManyAttempts as error:
            return Refused(
                id=request.id, reason="locked_out", detail="This till asks too often.",
                retry_after_ms=error.retry_after_s * 1000,
            )  # fmt: skip
        try:
            return await self._answer(shard, session, request, actor)
        except ShardUnavailable as error:
            return _unavailable(request, error.message, max(int(error.retry_after_s * 1000), 100))
        except OctoNextError as error:
            # The keyring cannot be read: `octonext keys check` says more than a till should hear.
            log.error("device_share_not_derived", error_code=error.code, reason=error.message)  # noqa: TRY400
            return _unavailable(request, "The server cannot give this till its share now.")

    async def _answer(
        self, shard: ShardSync, session: TillSession, request: SignIn, actor: Actor
    ) -> SignedIn | Refused | Nack:
        count = await shard.lane.run(
            lambda connection: begin_sign_in(
                connection, branch=session.branch_id, device=session.device_id, epoch=session.epoch,
                code=request.cashier, limits=self._limits,
            )
        )  # fmt: skip
        if count.status == "fenced":
            return Nack(reason="fenced", detail="Another connection of this till is newer.")
        if count.status == "locked_out":
            return Refused(
                id=request.id, reason="locked_out", retry_after_ms=count.wait_ms,
                detail="Too many wrong PINs: wait, or ask head office for a new PIN.",
            )  # fmt: skip
        is_right = await is_pin(request.pin, count.pin_hash)

        async def note(connection: Connection) -> None:
            await name_actor(connection, actor)
            await self._note(connection, session, request, count, is_right=is_right)

        await shard.lane.run(note)
        if not is_right or count.user_id is None:
            return Refused(
                id=request.id, reason="wrong_pin", detail="The code or the PIN is wrong.",
                retry_after_ms=count.wait_ms or None,
            )  # fmt: skip
        # Asked last: whoever was revoked while the PIN was looked at must not get it any more.
        device = shard.mirror.device(session.device_id)
        if device is None or device.status != "enrolled":
            ending = "revoked: Head office has ended this till." if device is None else device.ending
            return Nack(reason="revoked", detail=ending)
        share = await self._shares.share(
            device=session.device_id, key=device.share_key or "", generation=device.share_generation
        )
        return SignedIn(id=request.id, cashier=count.user_id, share=share)

    async def _note(
        self,
        connection: Connection,
        session: TillSession,
        request: SignIn,
        count: SignInCount,
        *,
        is_right: bool,
    ) -> None:
        """Tell the audit trail. The code of nobody is not written down: it may well be a PIN."""
        where = {"branch_id": session.branch_id, "device_id": session.device_id, "cashier": count.user_id}
        if is_right:
            await end_sign_in(
                connection, branch=session.branch_id, device=session.device_id, code=request.cashier
            )
            await record_event(connection, "cashier_signed_in", **where)
            return
        failures = {"of_cashier": count.cashier_failures, "of_till": count.device_failures}
        await record_event(connection, "cashier_sign_in_failed", **where, in_a_row=failures)
        if count.cashier_failures >= self._limits.cashier_most:
            await record_event(connection, "cashier_locked_out", **where)
        if count.device_failures >= self._limits.device_most:
            await record_event(connection, "till_locked_out", **where)


def _unavailable(request: SignIn, detail: str, retry_after_ms: int | None = None) -> Refused:
    return Refused(id=request.id, reason="unavailable", detail=detail, retry_after_ms=retry_after_ms)

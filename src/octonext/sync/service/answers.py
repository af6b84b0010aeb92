"""What became of a push, in the words of the protocol where it was not booked."""

from __future__ import annotations

from octonext.shards.lane import ShardUnavailable

from ..messages import Nack, Refused, RefusedReason
from ..store import PushResult

#: To a till whose session the shard does not know any more; the connection is closed after it.
STALE = Nack(
    reason="overloaded",
    detail="The shard was restored since this connection began; say hello again.",
    retry_after_ms=200,
)


def refusal(result: PushResult) -> Nack:
    """Return why the shard did not book a push."""
    if result.status == "gap":
        expected = result.head_seq + 1
        return Nack(reason="gap", detail=f"The next entry is {expected}.", expected=expected)
    if result.status == "fork":
        return Nack(
            reason="fork",
            detail="The shard holds another history of this till; both are kept and a case is open.",
        )
    if result.status == "stale":
        return STALE
    return Nack(reason="fenced", detail="Another connection of this till is newer.")


#: The words of a nack that are also words of a refusal.
_REFUSED: dict[str, RefusedReason] = {
    "gap": "gap",
    "fork": "fork",
    "bad_signature": "bad_signature",
    "bad_chain": "bad_chain",
    "unknown_key": "unknown_key",
}


def refused(request_id: int, nack: Nack) -> Refused:
    """Return a nack as the answer to a request."""
    return Refused(
        id=request_id,
        reason=_REFUSED.get(nack.reason, "overloaded"),
        detail=nack.detail,
        expected=nack.expected,
        retry_after_ms=nack.retry_after_ms,
    )


def overloaded(error: ShardUnavailable) -> Nack:
    """Return the nack for a shard that is busy, slow or away."""
    return Nack(
        reason="overloaded",
        detail=str(error),
        retry_after_ms=max(int(error.retry_after_s * 1000), 100),
    )

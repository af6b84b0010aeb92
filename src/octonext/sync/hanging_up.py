"""After which refusals a conversation is over, how its end is said, and of which head office is told."""

from __future__ import annotations

from octonext.edge.refused_attempts import RefusedAttempts
from octonext.runtime.actor import Actor

from .messages import Hello, Nack

CLOSE_NORMAL = 1000
CLOSE_PROTOCOL_ERROR = 1002
CLOSE_POLICY = 1008
CLOSE_TRY_LATER = 1013

#: Refusals after which there is nothing left to say on this connection.
FATAL = frozenset({"bad_signature", "bad_frame", "fenced", "unknown_device", "revoked", "fork"})
#: Refusals that an honest till hardly ever meets: head office is told of them.
SUSPICIOUS = frozenset({"bad_signature", "revoked"})


class HangUp(Exception):
    """The conversation is over; the code is for the WebSocket's close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def note_refusal(
    refused: RefusedAttempts | None, nack: Nack, hello: Hello | None, *, is_known: bool, stranger: Actor
) -> None:
    """Count a suspicious refusal. What `hello` claims is told as claimed; `is_known` after a welcome."""
    if refused is None or hello is None or nack.reason not in SUSPICIOUS:
        return
    refused.note(
        "till_turned_away", stranger.ip or "local", stranger, reason=nack.reason,
        stage="push" if is_known else "hello", device_id=hello.device, branch_id=hello.branch,
    )  # fmt: skip

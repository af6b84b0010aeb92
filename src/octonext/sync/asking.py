"""What a welcomed till asks for beside its pushes, and who answers it."""

from __future__ import annotations

from octonext.runtime.actor import Actor
from octonext.shards.lane import ShardUnavailable

from .messages import Nack, Refused, Rescue, Rescued, SignedIn, SignIn
from .receipt_messages import FindReceipt, ReceiptFound
from .service import ShardSync, TillSession
from .service.answers import overloaded, refused
from .service.receipts import find_receipt
from .service.sign_in import SignIns

Request = SignIn | FindReceipt | Rescue
#: The same for `isinstance`, which would build the union each time.
REQUESTS = (SignIn, FindReceipt, Rescue)


async def answer(
    sign_ins: SignIns | None, shard: ShardSync, session: TillSession, request: Request, actor: Actor
) -> SignedIn | ReceiptFound | Rescued | Refused | Nack:
    """Answer a request of the till `actor`; a Nack ends the connection."""
    own = shard.mirror.device(session.device_id)
    if own is not None and own.status == "revoked":
        return Nack(reason="revoked", detail=own.ending)
    if isinstance(request, FindReceipt):
        return await find_receipt(shard, session.device_id, request)
    if isinstance(request, Rescue):
        try:
            return await shard.rescue(session, request, actor)
        except ShardUnavailable as error:
            return refused(request.id, overloaded(error))
    if sign_ins is None:
        return Nack(reason="bad_frame", detail="This server signs nobody in.")
    return await sign_ins.answer(shard, session, request, actor)

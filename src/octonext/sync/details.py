"""What an entry says that no posting of goods or money has a place for: the JSON of its event. Pure."""

from __future__ import annotations

import msgspec

from octonext.sales.entries import (
    RECEIPTS,
    AnyEntry,
    CashierSignedIn,
    CashMoved,
    DrawerOpened,
    PriceOverridden,
    ReceiptReprinted,
    Return,
    Sale,
    Void,
)


def json_text(value: object) -> str:
    """Return `value` as JSON."""
    return msgspec.json.encode(value).decode()


def detail_of(entry: AnyEntry) -> str | None:
    """Return the JSON of what an entry says that no posting of goods or money holds, None for nothing."""
    if isinstance(entry, RECEIPTS):
        return _of_receipt(entry)
    if isinstance(entry, Void):
        return json_text(
            {
                "scope": entry.scope,
                "amount": entry.amount,
                "product": entry.product,
                "quantity": entry.quantity,
                "reason": entry.reason,
            }
        )
    if isinstance(entry, PriceOverridden):
        return json_text(
            {
                "product": entry.product,
                "price_before": entry.price_before,
                "price_after": entry.price_after,
                "approved_by": entry.approved_by,
                "reason": entry.reason,
            }
        )
    if isinstance(entry, DrawerOpened):
        return json_text({"reason": entry.reason, "approved_by": entry.approved_by})
    if isinstance(entry, CashMoved) and (entry.reason is not None or entry.approved_by is not None):
        return json_text({"amount": entry.amount, "reason": entry.reason, "approved_by": entry.approved_by})
    if isinstance(entry, ReceiptReprinted):
        return json_text({"receipt": entry.receipt})
    if isinstance(entry, CashierSignedIn):
        return "{}"
    return None


def _of_receipt(receipt: Sale | Return) -> str | None:
    """Return the JSON of who approved a return, and of discounts with a reason or approver, None for none."""
    detail: dict[str, object] = {}
    if isinstance(receipt, Return) and receipt.approved_by is not None:
        detail = {"approved_by": receipt.approved_by, "reason": receipt.reason}
    explained = [
        {
            "line": number,
            "discount": line.discount,
            "approved_by": line.discount_approved_by,
            "reason": line.discount_reason,
        }
        for number, line in enumerate(receipt.lines, 1)
        if line.discount_reason is not None or line.discount_approved_by is not None
    ]
    if explained:
        detail["discounts"] = explained
    return json_text(detail) if detail else None

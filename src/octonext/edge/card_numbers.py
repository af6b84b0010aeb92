"""No card number enters by the API: every text of every body is looked at, whatever it is decoded into.

Bodies are looked at as JSON, before their types are known, so that a new field is refused without anybody
having to think of it. `octonext.base.cards.OTHER_NUMBERS` names the few fields with numbers of their own.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request

from octonext.base.cards import fields_with_cards
from octonext.base.errors import OctoNextError

from .problems import FIELD_ERRORS_MAX, FieldError


class CardNumberRefused(OctoNextError):
    """A field that people write in holds a payment card number."""

    code = "card_number"

    def __init__(self, fields: list[str]) -> None:
        named = ", ".join(fields[:FIELD_ERRORS_MAX])
        super().__init__(
            f"What looks like a payment card number stands in: {named}.",
            remedy="Leave it out: card numbers are never kept here. Write the terminal's reference instead.",
        )
        self.field_errors = [
            FieldError(message="looks like a payment card number", field=field)
            for field in fields[:FIELD_ERRORS_MAX]
        ]


async def refuse_card_numbers(request: Request[Any, Any, Any]) -> None:
    """Raise CardNumberRefused naming each field of the body, and each parameter, that holds one.

    What is searched for is kept as well: the trail records who read what. A body that is no JSON passes:
    whoever decodes it says so.
    """
    parameters: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        parameters.setdefault(name, []).append(value)
    in_query = [name.partition("[")[0] for name in fields_with_cards(parameters)]
    if in_query:
        raise CardNumberRefused(in_query)
    body = await request.body()
    if not body:
        return
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return
    fields = list(fields_with_cards(document))
    if fields:
        raise CardNumberRefused(fields)

"""The catalogue over HTTP: thin handlers, one service call each."""

from __future__ import annotations

from litestar import Router
from litestar.types import ControllerRouterHandler

from .prices import PRICE_HANDLERS
from .products import PRODUCT_HANDLERS


def routes() -> list[ControllerRouterHandler]:
    """The handlers, to be mounted below API_PATH of an `edge.application`."""
    return [
        Router("/", route_handlers=PRODUCT_HANDLERS, tags=["Catalogue"]),
        Router("/", route_handlers=PRICE_HANDLERS, tags=["Prices"]),
    ]

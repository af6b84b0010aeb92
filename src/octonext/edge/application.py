"""The Litestar application every HTTP process builds: one guard, one form of error, one set of limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme
from litestar.types import ControllerRouterHandler

from octonext.base.clock import Clock, SystemClock
from octonext.runtime.postgres import Pool

from .authentication import any_token, authorize
from .card_numbers import refuse_card_numbers
from .dependencies import provide_clock, provide_hq
from .limits import BODY_BYTES_MAX, Attempts
from .origin import OriginCheck
from .problems import exception_handlers
from .refused_attempts import RefusedAttempts
from .request_context import RequestContext
from .tokens import TokenCache

API_PATH = "/api/v1"
LICENCE = "AGPL-3.0-or-later"
"""As SPDX names it."""


def application(
    route_handlers: Sequence[ControllerRouterHandler],
    *,
    tokens: TokenCache,
    title: str,
    version: str,
    hq: Pool | None = None,
    state: dict[str, Any] | None = None,
    clock: Clock | None = None,
    origins: Iterable[str] = (),
    refused: RefusedAttempts | None = None,
    **options: Any,
) -> Litestar:
    """Build the application. Nothing in it is open that does not say so by its `opt`.

    `app.state` holds `tokens`, `attempts`, `clock` and `hq` (None while head office has not been
    reached; it may be set later), and what `state` adds. `origins` are the pages that may write to us.
    `refused` counts who was turned away; without it that is told to nobody.
    `options` go to Litestar as they are.
    """
    clock = clock or SystemClock()
    base_state = {"tokens": tokens, "attempts": Attempts(clock), "clock": clock, "hq": hq, "refused": refused}
    app = Litestar(
        route_handlers,
        guards=[authorize],
        # After the guards: who may not ask is told that first, and only that.
        before_request=refuse_card_numbers,
        exception_handlers=exception_handlers(),
        dependencies={
            "hq": Provide(provide_hq, sync_to_thread=False),
            "clock": Provide(provide_clock, sync_to_thread=False),
        },
        request_max_body_size=BODY_BYTES_MAX,
        # logging belongs to the process (runtime.logging); Litestar would put its own in its place
        logging_config=None,
        state=State(base_state | (state or {})),
        openapi_config=_openapi(title, version),
        **options,
    )
    # Around the router itself: a path that no route matches gets its id and headers as well.
    app.asgi_handler = RequestContext(OriginCheck(app.asgi_handler, origins, refused))
    return app


def _openapi(title: str, version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title=title,
        version=version,
        description=(
            "Errors are problem documents (RFC 9457) with a stable `code`. Amounts are integers in "
            "minor units of their currency, quantities integer thousandths. Lists are paged by cursor.\n\n"
            f"OctoNext {version} is free software under {LICENCE}. Its section 13 has the operator of this "
            f"installation offer everybody who uses it over a network the source of version {version} as it "
            "runs here, with every change made to it: ask the operator for it."
        ),
        license=License(name=LICENCE, identifier=LICENCE),
        components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"token": []}],
        use_handler_docstrings=True,
        # The router is the document's own path: Litestar answers everything below it with a web page.
        openapi_router=Router(
            f"{API_PATH}/openapi.json", route_handlers=[], opt=any_token(), include_in_schema=False
        ),
        render_plugins=[JsonRenderPlugin(path="/")],
    )

"""The headers that every HTTP answer carries, after the OWASP Secure Headers Project's recommendations."""

from __future__ import annotations

from collections.abc import Iterable

Header = tuple[bytes, bytes]

#: Of an answer that is no page: nothing in it may ever be loaded, run or framed.
API_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#: Of a page: what the gateway itself serves, and nothing else; 'self' covers its WebSocket (CSP 3, 6.7.2.8).
PAGE_POLICY = (
    b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    b"require-trusted-types-for 'script'"
)
#: Of the browser till and its workers, which each live under the policy of their own script. WebAssembly is
#: how a browser computes Argon2id in time; images may be made on the spot, as a receipt's QR code is.
APP_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; style-src 'self'; font-src 'self'; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
#: What a page may ask a browser for: nothing that a till does not need.
_FEATURES = (
    "accelerometer", "autoplay", "camera", "cross-origin-isolated", "display-capture", "encrypted-media",
    "fullscreen", "geolocation", "gyroscope", "keyboard-map", "magnetometer", "microphone", "midi",
    "payment", "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "sync-xhr",
    "usb", "xr-spatial-tracking",
)  # fmt: skip
#: What the browser till needs of these: codes are read by camera, receipts printed over USB or a serial line.
_APP_FEATURES = frozenset({"camera", "serial", "usb"})
APP_FEATURES = ", ".join(f"{name}=(self)" if name in _APP_FEATURES else f"{name}=()" for name in _FEATURES)

#: Every answer carries these, unless whoever answers has said otherwise.
SECURITY_HEADERS: tuple[Header, ...] = (
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-permitted-cross-domain-policies", b"none"),
    (b"x-dns-prefetch-control", b"off"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", ", ".join(f"{feature}=()" for feature in _FEATURES).encode()),
    (b"content-security-policy", API_POLICY),
    (b"cache-control", b"no-store, max-age=0"),
    # In the place of the name that the HTTP server would give: which one it is concerns nobody.
    (b"server", b"octonext"),
)


def secured(headers: Iterable[Header]) -> list[Header]:
    """The headers of an answer with those that it lacks."""
    said = list(headers)
    present = {name.lower(): value for name, value in said}
    is_page = present.get(b"content-type", b"").lower().startswith(b"text/html")
    for name, value in SECURITY_HEADERS:
        if name not in present:
            said.append((name, PAGE_POLICY if is_page and value == API_POLICY else value))
    return said

"""Who is answered: hosts and origins that are known, the token where there is one.

A browser can be led to loopback by any page, by name (DNS rebinding) or by a link: so a request has
to name a host that is ours, and one that another page sends is refused. Every answer carries the
headers that keep a browser from running or loading anything that is not ours.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sfcrime.dashboard.answers.api_error import ApiError
from sfcrime.dashboard.serving.binding import Binding
from sfcrime.dashboard.serving.error_answers import error_response

LOGIN = "/login"
COOKIE = "sfcrime_page"
OPEN_TO_ALL = frozenset({LOGIN, "/healthz"})
"""Answered without a token."""

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """ASGI: lets through what may be answered, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, binding: Binding) -> None:
        self._app = app
        self._names = binding.names
        self._token = binding.token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """What a request is answered with that may not pass."""
        headers = Headers(scope=scope)
        authority = _only(headers.getlist("host"))
        if authority is None or host_of(authority) not in self._names:
            return error_response(forbidden_host(authority))
        origin = headers.get("origin")
        if not self._is_ours(origin, authority) or _is_loaded_by_another_page(headers, scope):
            return error_response(forbidden_origin(origin))
        if self._token is None or scope["path"] in OPEN_TO_ALL or self._knows_the_token(headers):
            return None
        if "text/html" in headers.get("accept", "") and scope["method"] in ("GET", "HEAD"):
            query = scope["query_string"].decode("latin-1")
            wanted = scope["path"] + (f"?{query}" if query else "")
            return RedirectResponse(f"{LOGIN}?{urlencode({'next': wanted})}", status_code=303)
        return error_response(unauthorized(), {"WWW-Authenticate": "Bearer"})

    def _is_ours(self, origin: str | None, authority: str) -> bool:
        """An origin is ours where it is the address that is asked, or a name that was allowed (a
        server in between may ask by another one)."""
        if origin is None:
            return True
        scheme, separator, asking = origin.partition("://")
        if not separator or scheme not in ("http", "https"):
            return False
        if asking.lower() == authority.lower():
            return True
        host = host_of(asking)
        return host in self._names and not _is_local(host) and _is_local(host_of(authority))

    def _knows_the_token(self, headers: Headers) -> bool:
        assert self._token is not None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and is_same(given.strip(), self._token):
            return True
        wanted = cookie_value(self._token)
        return any(is_same(value, wanted) for value in _cookies(headers.getlist("cookie")))


def is_same(given: str, wanted: str) -> bool:
    """Compared in a time that tells nothing of where the two differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def cookie_value(token: str) -> str:
    """What the cookie holds: it is good for as long as the token is, and does not tell it."""
    return hmac.new(token.encode(), b"cookie of the page", sha256).hexdigest()


def host_of(authority: str) -> str:
    """The host of `host:port`, in lower case; "" where it is not well formed."""
    host, colon, port = authority.strip().lower().rpartition(":")
    if not colon or authority.rstrip().endswith("]"):
        host, port = authority.strip().lower(), ""
    if port and not (port.isascii() and port.isdigit()):
        return ""
    return host.removesuffix(".")


def forbidden_host(authority: str | None) -> ApiError:
    """The request names a host that is not ours."""
    return ApiError(
        403,
        "forbidden_host",
        f"The request names the host {authority!r}; the page answers only to names that it knows.",
        "ask by the address that `sfcrime dashboard` printed, or add the name to "
        "SFCRIME_DASHBOARD_ALLOWED_HOSTS",
    )


def forbidden_origin(origin: str | None) -> ApiError:
    """Another page sent the request."""
    return ApiError(
        403,
        "forbidden_origin",
        f"The request comes from another page ({origin or 'not named'}).",
        "open the page by its own address",
    )


def unauthorized() -> ApiError:
    """The token is missing or wrong."""
    return ApiError(
        401,
        "unauthorized",
        "This page asks for a token.",
        "send it as `Authorization: Bearer ...`, or open /login in a browser",
    )


def _is_loaded_by_another_page(headers: Headers, scope: Scope) -> bool:
    """Browsers say so even where they send no origin: of an image, a script, a frame. A link that
    was followed is welcome, to a page."""
    site = headers.get("sec-fetch-site", "none")
    if site in ("none", "same-origin"):
        return False
    followed = headers.get("sec-fetch-dest") == "document" and scope["method"] in ("GET", "HEAD")
    return not followed


def _is_local(host: str) -> bool:
    return host in ("localhost", "[::1]") or host.startswith("127.")


def _only(values: Iterable[str]) -> str | None:
    """The only one; None where there are none or several."""
    found = list(values)
    return found[0] if len(found) == 1 else None


def _cookies(headers: Iterable[str]) -> Iterable[str]:
    """The values of our cookie; a browser may send several of one name."""
    for header in headers:
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                yield value

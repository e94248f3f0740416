"""The form that asks for the token, for browsers: without script, and answered with a cookie."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sfcrime.dashboard.answers.api_error import bad_parameter
from sfcrime.dashboard.serving.error_answers import error_response
from sfcrime.dashboard.serving.guard import COOKIE, LOGIN, cookie_value, is_same
from sfcrime.dashboard.serving.pages import VIEWS

_MOST_FORM_BYTES = 8192
_COOKIE_S = 30 * 24 * 3600

_FORM = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>sfcrime: token</title>
<h1>Calls for service in San Francisco</h1>
<form method="post" action="/login">
<p><label for="token">This page asks for a token. Whoever runs it has it in a file.</label></p>
<p><input id="token" name="token" type="password" required autofocus
 autocomplete="current-password">
<input type="hidden" name="next" value="{next}">
<button>Open</button></p>
<p role="alert">{problem}</p>
</form>
"""


def login_route(token: str | None) -> Route:
    """The route of the form.

    Args:
        token: None: no token is asked for, and the form leads on to the page.
    """

    async def login(request: Request) -> Response:
        wanted = _view(request.query_params.get("next", "/"))
        if token is None:
            return _on_to(wanted)
        if request.method != "POST":
            return _form(wanted)
        body = await _body(request)
        if body is None:
            return error_response(bad_parameter("The form is larger than a form can be."))
        fields = parse_qs(body.decode("utf-8", "replace"))
        wanted = _view(fields.get("next", ["/"])[0])
        if not is_same(fields.get("token", [""])[0].strip(), token):
            return _form(wanted, "This is not the token.", status=401)
        response = _on_to(wanted)
        response.set_cookie(
            COOKIE,
            cookie_value(token),
            max_age=_COOKIE_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    return Route(LOGIN, login, methods=["GET", "POST"])


def _form(wanted: str, problem: str = "", status: int = 200) -> Response:
    text = _FORM.format(next=escape(wanted), problem=escape(problem))
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def _on_to(wanted: str) -> RedirectResponse:
    return RedirectResponse(wanted, status_code=303)


def _view(wanted: str) -> str:
    """An address of the page; whatever leads elsewhere leads to its beginning."""
    parts = urlsplit(wanted) if wanted.isprintable() and "\\" not in wanted else urlsplit("/")
    if parts.scheme or parts.netloc or parts.path not in VIEWS:
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")


async def _body(request: Request) -> bytes | None:
    """None where it is longer than a form with a token is."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_FORM_BYTES:
            return None
    return body

"""Every error as a response: one body, a true status, nothing of how the server works inside."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sfcrime.dashboard.answers.api_error import (
    ApiError,
    api_error,
    body_of,
    headers_of,
    of_validation,
)
from sfcrime.errors import SfcrimeError

_LOG = logging.getLogger("sfcrime.dashboard")
_INTERNAL = 500
_OF_STATUS = {
    404: ("not_found", "There is nothing at {path}.", "the page is at /, its API at /api/v1"),
    405: ("method_not_allowed", "{path} cannot be asked with {method}.", "ask with GET"),
}


def error_response(error: SfcrimeError, headers: Mapping[str, str] | None = None) -> Response:
    """The error as it is sent; one of the server's own is logged and told without its cause."""
    told = api_error(error)
    if told.status == _INTERNAL:
        _LOG.error("%s", error, exc_info=error)
        told = _unexpected()
    return Response(
        body_of(told).model_dump_json(),
        status_code=told.status,
        headers={**headers_of(told), **(headers or {})},
        media_type="application/json",
    )


def answer_errors(app: FastAPI) -> None:
    """Gives the application the one form of every error that a request can meet."""

    def known(_: Request, error: Exception) -> Response:
        assert isinstance(error, SfcrimeError)
        return error_response(error)

    def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return error_response(of_validation(error.errors()))

    def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        name, happened, next_step = _OF_STATUS.get(
            error.status_code, ("bad_request", "The request to {path} cannot be answered.", "")
        )
        message = happened.format(path=request.url.path[:200], method=request.method)
        told = ApiError(error.status_code, name, message, next_step)
        return error_response(told, error.headers)

    app.add_exception_handler(SfcrimeError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, of_http)


class Unexpected:
    """ASGI: an error that nobody expected is logged, and told without its cause."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:  # before its request was whole: nobody is there to be told
            return
        except Exception as error:
            if begun or scope["type"] != "http":
                raise  # the connection is cut, which tells the client that this was not all
            _LOG.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
            await error_response_of(_unexpected())(scope, receive, send)


def error_response_of(told: ApiError) -> Response:
    """An error that is told as it is, and was logged already."""
    return Response(
        body_of(told).model_dump_json(),
        status_code=told.status,
        headers=headers_of(told),
        media_type="application/json",
    )


def _unexpected() -> ApiError:
    return ApiError(
        _INTERNAL,
        "internal",
        "The server failed to answer; what happened is in its log.",
        "ask again; where it fails again, report it with the log",
    )

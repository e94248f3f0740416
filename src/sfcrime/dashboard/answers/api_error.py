"""Errors of the API: a status, and the one body that every error has.

| Status | Names |
|---|---|
| 400 | `bad_parameter` |
| 401 | `unauthorized` |
| 403 | `forbidden_host`, `forbidden_origin` |
| 404 | `not_found` |
| 405 | `method_not_allowed` |
| 500 | `internal` |
| 503 | `store_empty`, `loading`, `store_unavailable`, `query_too_long`, `kafka_unavailable`, \
`too_many` |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sfcrime.dashboard.answers.records import ErrorBody
from sfcrime.errors import KafkaUnavailable, SfcrimeError, StoreEmpty, StoreUnavailable

RETRY_AFTER_S = 1


class ApiError(SfcrimeError):
    """An error that has a status of its own.

    Args:
        status: of HTTP.
        name: what a program asks for, e.g. `bad_parameter`.
        message: what happened, with the value, and the rule.
        next_step: what mends it; may be empty.
    """

    def __init__(self, status: int, name: str, message: str, next_step: str = "") -> None:
        self.status, self.name = status, name
        super().__init__(message, next_step=next_step)


def bad_parameter(message: str, next_step: str = "") -> ApiError:
    """A parameter has a value that it cannot have."""
    return ApiError(400, "bad_parameter", message, next_step)


def store_empty() -> ApiError:
    """Nothing was counted yet."""
    return ApiError(
        503,
        "store_empty",
        "There is no store yet, or nothing in it.",
        "start counting with `sfcrime run`, or name the folder with --data-dir",
    )


def loading() -> ApiError:
    """The cells are being read from the store."""
    return ApiError(
        503,
        "loading",
        "The cells of the store are being read; hours and totals are there already.",
        "ask again in a second",
    )


def api_error(error: SfcrimeError) -> ApiError:
    """The error as the API tells it; one that names no cause of its own is `internal`."""
    if isinstance(error, ApiError):
        return error
    status, name = 500, "internal"
    if isinstance(error, StoreEmpty):
        status, name = 503, "store_empty"
    elif isinstance(error, StoreUnavailable):
        status, name = 503, "store_unavailable"
    elif isinstance(error, KafkaUnavailable):
        status, name = 503, "kafka_unavailable"
    message = f"{error.happened} {error.rule}".strip()
    return ApiError(status, name, message, error.next_step)


def of_validation(problems: Iterable[Mapping[str, Any]]) -> ApiError:
    """The first of the problems that FastAPI found with the parameters of a request."""
    problem = next(iter(problems))
    where = ".".join(str(part) for part in problem["loc"][1:]) or str(problem["loc"][0])
    given = repr(problem.get("input"))
    shown = given if len(given) <= 100 else f"{given[:100]}..."
    return bad_parameter(
        f"The parameter {where} cannot be {shown}: {problem['msg']}.",
        "docs/api.md names the parameters and their bounds",
    )


def body_of(error: ApiError) -> ErrorBody:
    """What is sent with the error's status."""
    return ErrorBody(error=error.name, message=error.happened, next_step=error.next_step or None)


def headers_of(error: ApiError) -> dict[str, str]:
    """The headers that go with it: when to ask again, where that is soon."""
    headers = {"Cache-Control": "no-cache"}
    if error.name == "loading":
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return headers

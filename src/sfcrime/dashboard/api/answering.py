"""How an answer is sent: as JSON or CSV, with a tag by which an unchanged one is not sent again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from fastapi import Request, Response

from sfcrime.dashboard.answers.records import Answer, ErrorBody
from sfcrime.dashboard.api.csv_form import csv_of

_NOT_CHANGED = 304

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "A parameter has a value that it cannot have."},
    401: {"model": ErrorBody, "description": "The server asks for a token."},
    403: {"model": ErrorBody, "description": "The name of host or origin is not allowed."},
    503: {"model": ErrorBody, "description": "Nothing to answer from yet, or for the moment."},
}
"""What any question may be answered with in place of an answer."""

_HEADERS = {
    "ETag": {"description": "Digest of the answer.", "schema": {"type": "string"}},
    "Cache-Control": {"schema": {"type": "string", "const": "no-cache"}},
}
DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {"headers": _HEADERS},
    304: {"description": "The answer is the one that `If-None-Match` names."},
}
TABLE: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": _HEADERS,
        "content": {"text/csv": {"schema": {"type": "string"}}},
    },
    304: DOCUMENT[304],
}


def answered(request: Request, answer: Answer, form: str = "json") -> Response:
    """The response, or 304 where the client has it.

    The tag is a digest of the content: two answers with one tag are byte for byte the same,
    whatever store they come from.

    Args:
        request: may carry `If-None-Match`.
        answer: what is sent.
        form: `json` or `csv`.
    """
    as_table = form == "csv"
    content = csv_of(answer).encode() if as_table else answer.model_dump_json().encode()
    tag = f'"{blake2b(content, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _names(request.headers.get("If-None-Match", ""), tag):
        return Response(status_code=_NOT_CHANGED, headers=headers)
    if as_table:
        name = f"sfcrime-{request.url.path.rpartition('/')[2]}.csv"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    media_type = "text/csv" if as_table else "application/json"
    return Response(content, media_type=media_type, headers=headers)


def _names(if_none_match: str, tag: str) -> bool:
    """Whether the header, a list of tags, has this one; proxies mark tags as weak."""
    tags = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return tag in tags or tags == ["*"]

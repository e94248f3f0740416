"""The API's description, from which docs/api.md and the page's types are made."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from sfcrime.dashboard.answers.records import ErrorBody, Snapshot, State
from sfcrime.dashboard.api import calls, stream

_TITLE = "sfcrime"
_VERSION = "1"
_SUMMARY = "San Francisco's police calls for service, as they are counted. A call is not a crime."
_OF_FASTAPI = ("HTTPValidationError", "ValidationError")
_EVENTS = {
    "get": {
        "tags": ["stream"],
        "summary": "Events",
        "operationId": "events_api_v1_events_get",
        "description": (
            "Server-Sent Events. `snapshot`: a `Snapshot`, at once and after each committed "
            "batch; `state`: a `State`, when the stream becomes live or stale, or a part of the "
            "run goes down or works again. A client that "
            "names the newest snapshot in `Last-Event-ID` does not get it again."
        ),
        "responses": {
            "200": {
                "description": "A stream that ends only with the server or the client.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "503": {
                "description": "Too many clients: `too_many`.",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}
                },
            },
        },
    }
}


@lru_cache(maxsize=1)
def described_api() -> dict[str, Any]:
    """The OpenAPI document of all answers, those of the event stream among them.

    FastAPI's own form of a validation error is left out: every error has the one body.
    """
    described = FastAPI(title=_TITLE, version=_VERSION, summary=_SUMMARY)
    described.include_router(calls.router)
    described.include_router(stream.router)
    document = described.openapi()
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    document["paths"]["/api/v1/events"] = _EVENTS
    schemas = document["components"]["schemas"]
    for name in _OF_FASTAPI:
        schemas.pop(name, None)
    sent = [(each, "serialization") for each in (ErrorBody, Snapshot, State)]
    # It takes any sequence of such pairs; its type names a list of one kind of models.
    _, found = models_json_schema(sent, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    document["components"]["schemas"] = dict(sorted((schemas | found["$defs"]).items()))
    return document

"""Whatever is asked: no defect of the server, and every answer is as the description says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import Receive, Scope, Send

from api_samples import Shown, api_app, cell, outcome_of, seen_in
from running import settings_in
from sfcrime.dashboard.api.openapi import described_api
from sfcrime.kafka.places import Content
from sfcrime.pipeline import counted_topic
from sfcrime.settings import KafkaSettings
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION, SECOND, identities, progress_of

CONFIG = {
    "seed": 1,
    "generation": {"deterministic": True, "max-examples": 20, "database": "none"},
    "phases": {"stateful": {"enabled": False}},
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def questions() -> dict[str, Any]:
    """The description without the stream of events, which does not end and has its own tests."""
    document = described_api()
    paths = {path: each for path, each in document["paths"].items() if "/events" not in path}
    return document | {"paths": paths}


LONG_AFTER = replace(
    outcome_of(
        [
            cell("2018-09-30T23:00", "Alarm", "HAN", 1),
            cell("2018-10-02T09:00", "22500e", "CIT", 60),
            cell("2018-10-03T08:00", "=1+1", "OTS", 2),
        ],
        batch_id=2,
        first_call=11,
    ),
    identities=identities(100, 163),
)


class Asked:
    """The application that is asked, which a fixture makes after the tests were collected."""

    app: FastAPI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


asked = Asked()
schema = schemathesis.openapi.from_dict(questions(), config=SchemathesisConfig.from_dict(CONFIG))
schema.app = asked
schema.config.update(base_url="http://127.0.0.1")


@pytest.fixture(scope="module", autouse=True)
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is asked: it answers from a small store, and its topic holds one value wherever it is
    looked at."""
    folder = tmp_path_factory.mktemp("data")
    with open_writer(folder / "sfcrime.db", history_rows=10) as writer:
        writer.create_generation(GENERATION)
        for outcome in (FIRST, SECOND, LONG_AFTER):
            writer.commit_batch(outcome)
            writer.record_progress(progress_of(outcome.batch_id))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counted_topic, "read_now", lambda *_: Content(b'{"a": "\xff"}', 12))
        asked.app = api_app(Shown(seen_in(folder)), settings_in(folder, KafkaSettings()))
        yield


@schema.parametrize()
def test_every_question_is_answered_as_it_is_described(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=CHECKS)

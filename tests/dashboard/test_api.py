"""The API over HTTP: forms of an answer, errors, and what a client may leave unsaid."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from fastapi import FastAPI

from api_samples import LIVE, Shown, api_app, ask, cell, seen_in, seen_of
from running import settings_in
from sfcrime.settings import KafkaSettings

PATHS = (
    "overview", "span", "hours", "stand-outs", "names", "matrix", "heat", "days", "comparison",
    "changes", "batches", "rejected", "late", "settings", "audit", "methods",
)  # fmt: skip
TABLES = (
    "hours", "stand-outs", "names", "matrix", "heat", "days", "comparison", "changes", "batches",
)  # fmt: skip
HOSTILE = '=cmd|"/c calc"'
SCRIPT = "<script>alert(1)</script>"
BIDI = "\u202egnp.exe"


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(
        seen_of(
            tmp_path,
            cell("2018-10-01T08:00", "Passing Call", "HAN", 5),
            cell("2018-10-02T12:00", "Traf Violation Cite", "CIT", 50),
            cell("2018-10-03T08:00", HOSTILE, "@HAN", 3),
            cell("2018-10-03T08:00", SCRIPT, "HAN", 2),
            cell("2018-10-03T08:00", BIDI, "HAN", 1),
        )
    )


@pytest.fixture
def app(shown: Shown, tmp_path: Path) -> FastAPI:
    return api_app(shown, settings_in(tmp_path, KafkaSettings()))


@pytest.mark.parametrize("path", PATHS)
def test_every_question_is_answered_without_parameters(app: FastAPI, path: str) -> None:
    answer = ask(app, path)
    print(path, answer.text[:600])
    assert answer.status_code == 200

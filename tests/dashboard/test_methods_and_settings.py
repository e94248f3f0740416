"""What is told about figures and settings is there for each, and leads to pages that exist."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as with_settings

from api_samples import cell, seen_of
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.methods import METHODS
from sfcrime.dashboard.questions.rule_sentences import sentence_of
from sfcrime.dashboard.questions.setting_notes import SETTING_NOTES
from sfcrime.dashboard.questions.settings_in_force import settings_of
from sfcrime.domain.outcomes import Reason
from sfcrime.settings import Settings, StreamSettings
from sfcrime.settings_loading import SETTINGS
from sfcrime.statistics import usual
from sfcrime.store.records import RunFacts

ROOT = Path(__file__).resolve().parents[2]
FIGURES = (
    "hours", "usual", "stands_out", "names", "matrix", "heat", "days", "comparison", "change",
    "changes", "accounts", "rejected", "late", "lag", "rates", "batch", "newest_call", "state",
    "audit", "span",
)  # fmt: skip


def anchors(page: Path) -> set[str]:
    """The places of a page that a link can name."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_figure_has_one_method() -> None:
    assert tuple(each.id for each in METHODS.methods) == FIGURES


@pytest.mark.parametrize("method", METHODS.methods, ids=FIGURES)
def test_a_method_ends_at_its_rule_and_at_the_audit(method) -> None:  # type: ignore[no-untyped-def]
    page, _, anchor = method.rule.partition("#")

    assert method.rule in method.text[-1]
    assert "`sfcrime audit`" in method.text[-1]
    assert method.check in ("sfcrime audit", "sfcrime status")
    assert anchor in anchors(ROOT / page)


def test_the_methods_state_the_bounds_that_the_code_has() -> None:
    text = {each.id: " ".join(each.text) for each in METHODS.methods}

    assert (usual.WEEKS, usual.LEAST_WEEKS) == (8, 3)
    assert "the 8 weeks before" in text["usual"]
    assert "under 3, nothing is called usual" in text["usual"]
    assert (usual.SPREADS_OUTSIDE, usual.DEVIATIONS_AWAY, usual.LEAST_CALLS_AWAY) == (1.5, 4, 10)
    assert "one and a half times the distance" in text["stands_out"]
    assert "at least 4 square roots of the median" in text["stands_out"]
    assert "at least 10 calls" in text["stands_out"]


def test_the_caveats_stand_where_they_apply() -> None:
    text = {each.id: " ".join(each.text) for each in METHODS.methods}

    for figure in ("hours", "names", "days", "span"):
        assert "A call is not a crime" in text[figure]
    assert "Not recorded means that nobody entered how the call ended" in text["matrix"]
    for figure in ("names", "matrix", "changes"):
        assert "a free note in its place" in text[figure]
    for figure in ("names", "comparison", "change"):
        assert "at least 20 calls" in text[figure]


def test_every_reason_has_its_rule_and_a_sentence() -> None:
    for number, reason in enumerate(Reason, start=1):
        assert re.fullmatch(rf"R{number}: [A-Z].*\.", sentence_of(reason))
    assert sentence_of("of-another-version") == "of-another-version"


def test_the_notes_are_about_settings_that_there_are() -> None:
    assert {*SETTING_NOTES} <= {f"{room}.{name}" for room, name in SETTINGS}


@pytest.mark.parametrize(
    ("setting", "figures", "page"),
    [
        ("kafka.partitions", ["198,661", "217,865"], "tuning.md"),
        ("kafka.partitions", ["x0.66"], "tuning.md"),
        ("stream.max_records_per_batch", ["x0.33"], "tuning.md"),
        ("stream.max_records_per_batch", ["6 to 8 %", "100 MB more"], "performance.md"),
        ("stream.trigger_ms", ["x0.67", "x0.58 to x0.78", "a fifth less CPU time"], "tuning.md"),
        ("stream.heap", ["x0.84", "version 0.1 only"], "tuning.md"),
        ("stream.spark_properties", ["x0.99", "x0.11"], "tuning-report/report.md"),
        ("jvm.startup_cache", ["13.5 to 8.8 s"], "performance.md"),
    ],
)
def test_the_figures_of_the_notes_are_those_of_the_pages(
    setting: str, figures: list[str], page: str
) -> None:
    written = " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split())

    for figure in figures:
        assert figure in written
        for number in re.findall(r"\d[\d,.]*\d", figure):
            assert number in SETTING_NOTES[setting]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return seen_of(tmp_path_factory.mktemp("data"), cell("2018-10-01T00:00", "Alarm", "HAN", 1))


def test_settings_are_those_that_the_job_was_started_with(seen: Seen) -> None:
    said = RunFacts(settings={"stream.trigger_ms": "250", "stream.of_another_version": "1"})
    job = replace(seen, writer=replace(seen.writer, facts=said))

    found = settings_of(job, Settings())

    assert found.from_job
    assert [each.name for each in found.settings] == [f"{room}.{name}" for room, name in SETTINGS]
    trigger = next(each for each in found.settings if each.name == "stream.trigger_ms")
    assert (trigger.value, trigger.default) == ("250", "150")
    assert trigger.description == "least time between the starts of two micro-batches"
    assert trigger.lab is not None and "100 ms had the lowest median latency" in trigger.lab


def test_where_the_job_said_nothing_they_are_those_of_this_server(seen: Seen) -> None:
    own = with_settings(Settings(), stream=StreamSettings(trigger_ms=500))

    found = settings_of(seen, own)

    assert not found.from_job
    values = {each.name: each.value for each in found.settings}
    assert (values["stream.trigger_ms"], values["stream.lateness_hours"]) == ("500", "")
